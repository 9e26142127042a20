"""Names whose modules need Dagster: they come when they are asked for, since to import it takes seconds."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any


def deferred(package: str, homes: Mapping[str, str], name: str) -> Any:
    """What *package* has under *name*, by the module in it that *homes* has for it.

    Raises AttributeError where it has none, ImportError where Dagster is not there.
    """
    if name not in homes:
        text = f"module {package!r} has no attribute {name!r}"
        raise AttributeError(text)
    try:
        return getattr(import_module(f"{package}.{homes[name]}"), name)
    except ModuleNotFoundError as error:
        if error.name != "dagster":
            raise
        text = f"{name} needs dagster: pip install 'dagster-managed-elements[dagster]'"
        raise ImportError(text) from error
