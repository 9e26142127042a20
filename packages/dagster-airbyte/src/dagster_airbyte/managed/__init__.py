"""Upstream's `dagster_airbyte.managed`: the same names once more."""

from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteDestinationNamespace,
    AirbyteManagedElementReconciler,
    AirbyteSource,
    AirbyteSyncMode,
)

from dagster_airbyte import _door

__all__ = [
    "AirbyteConnection",
    "AirbyteDestination",
    "AirbyteDestinationNamespace",
    "AirbyteManagedElementReconciler",
    "AirbyteSource",
    "AirbyteSyncMode",
]

__getattr__ = _door.of(__name__)
