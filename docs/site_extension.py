"""What the reference says beside the docstrings."""

from griffe import Extension


class Inherited(Extension):
    pass
