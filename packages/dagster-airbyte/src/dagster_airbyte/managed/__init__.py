"""Upstream's `dagster_airbyte.managed`: the same names once more."""

from typing import NoReturn

from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteDestinationNamespace,
    AirbyteManagedElementReconciler,
    AirbyteSource,
    AirbyteSyncMode,
)

from dagster_airbyte._elsewhere import refuse

__all__ = [
    "AirbyteConnection",
    "AirbyteDestination",
    "AirbyteDestinationNamespace",
    "AirbyteManagedElementReconciler",
    "AirbyteSource",
    "AirbyteSyncMode",
]


def __getattr__(name: str) -> NoReturn:
    refuse(__name__, name)
