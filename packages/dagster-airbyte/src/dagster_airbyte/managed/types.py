"""Upstream's `dagster_airbyte.managed.types`: what is declared."""

from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteDestinationNamespace,
    AirbyteSource,
    AirbyteSyncMode,
)

from dagster_airbyte import _door

__all__ = [
    "AirbyteConnection",
    "AirbyteDestination",
    "AirbyteDestinationNamespace",
    "AirbyteSource",
    "AirbyteSyncMode",
]

__getattr__ = _door.of(__name__)
