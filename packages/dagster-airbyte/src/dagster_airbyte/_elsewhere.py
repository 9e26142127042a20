"""The sentence for names of Dagster's own package that this one does not have."""

from __future__ import annotations

from typing import NoReturn

_ELSEWHERE = (
    "This dagster-airbyte is the door to dagster_managed_elements.airbyte and has its names only. Assets, ops and "
    "workspaces are in Dagster's own package of this name: pip install 'dagster-airbyte<1' for it, and import "
    "managed elements from dagster_managed_elements.airbyte."
)


def refuse(module: str, name: str) -> NoReturn:
    """Raises ImportError for a public name, which `from module import name` shows as it is; AttributeError for
    others: Python and its tools ask modules for names of their own.
    """
    if name.startswith("_"):
        raise AttributeError(f"module {module!r} has no attribute {name!r}", name=name)
    raise ImportError(f"cannot import name {name!r} from {module!r}. {_ELSEWHERE}", name=module)
