"""Dagster's room: assets, checks, sensors and jobs of what is declared. What needs Dagster is served lazily."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from dagster_managed_elements.definitions.ports import (
    Amounts,
    Column,
    Job,
    StreamProps,
    SyncedConnection,
    Syncs,
)

if TYPE_CHECKING:
    from dagster_managed_elements.definitions.assets import build_assets
    from dagster_managed_elements.definitions.translating import SyncTranslator

__all__ = [
    "Amounts",
    "Column",
    "Job",
    "StreamProps",
    "SyncTranslator",
    "SyncedConnection",
    "Syncs",
    "build_assets",
]

_HOMES: Final = {
    "SyncTranslator": "translating",
    "build_assets": "assets",
}
"""The module of each name that needs Dagster."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        text = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(text)
    try:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    except ModuleNotFoundError as error:
        if error.name != "dagster":
            raise
        text = f"{name} needs dagster: pip install 'dagster-managed-elements[dagster]'"
        raise ImportError(text) from error
