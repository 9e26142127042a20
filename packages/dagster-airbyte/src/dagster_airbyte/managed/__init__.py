"""Upstream's `dagster_airbyte.managed`: the same names once more."""

from typing import TYPE_CHECKING, Any

from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteDestinationNamespace,
    AirbyteManagedElementReconciler,
    AirbyteSource,
    AirbyteSyncMode,
)

from dagster_airbyte._elsewhere import served

if TYPE_CHECKING:
    from dagster_managed_elements.airbyte import load_assets_from_connections

__all__ = [
    "AirbyteConnection",
    "AirbyteDestination",
    "AirbyteDestinationNamespace",
    "AirbyteManagedElementReconciler",
    "AirbyteSource",
    "AirbyteSyncMode",
    "load_assets_from_connections",
]


def __getattr__(name: str) -> Any:
    return served(__name__, name)
