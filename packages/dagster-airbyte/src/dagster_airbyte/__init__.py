"""The import path of the first days for Airbyte's managed elements. A door: all it has is elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteDestinationNamespace,
    AirbyteInstance,
    AirbyteManagedElementReconciler,
    AirbyteSource,
    AirbyteSyncMode,
)

from dagster_airbyte import _door

if TYPE_CHECKING:
    from dagster_managed_elements.airbyte import AirbyteResource, airbyte_resource

__all__ = [
    "AirbyteConnection",
    "AirbyteDestination",
    "AirbyteDestinationNamespace",
    "AirbyteInstance",
    "AirbyteManagedElementReconciler",
    "AirbyteResource",
    "AirbyteSource",
    "AirbyteSyncMode",
    "airbyte_resource",
]

__getattr__ = _door.of(__name__)
