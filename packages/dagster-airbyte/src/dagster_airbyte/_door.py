"""What is behind names that are not plainly re-exported: those that need dagster, and those we do not have."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final

from dagster_managed_elements import airbyte

_LATE: Final = frozenset({"AirbyteResource", "airbyte_resource"})
_ELSEWHERE: Final = (
    "This dagster-airbyte is the door to dagster_managed_elements.airbyte and has its names only. Assets, ops and "
    "workspaces are in Dagster's own package of this name: pip install 'dagster-airbyte<1' for it, and import "
    "managed elements from dagster_managed_elements.airbyte."
)


def of(module: str) -> Callable[[str], Any]:
    """The `__getattr__` of *module*."""

    def found(name: str) -> Any:
        if name in _LATE:
            return getattr(airbyte, name)
        # `from module import name` throws an AttributeError away and writes a message of its own. It asks the
        # import system first, though, and an ImportError raised there is the one the user sees.
        frame = inspect.currentframe()
        if frame and frame.f_back and frame.f_back.f_globals.get("__name__") == "importlib._bootstrap":
            text = f"cannot import name {name!r} from {module!r}. {_ELSEWHERE}"
            raise ImportError(text, name=module)
        text = f"module {module!r} has no attribute {name!r}. {_ELSEWHERE}"
        raise AttributeError(text, name=name)

    return found
