"""The import path of the first days for Airbyte's managed elements. A door: all it has is elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteDestinationNamespace,
    AirbyteInstance,
    AirbyteManagedElementReconciler,
    AirbyteSource,
    AirbyteSyncMode,
)

from dagster_airbyte._elsewhere import refuse_modules, served
from dagster_airbyte.version import __version__

if TYPE_CHECKING:
    from dagster_managed_elements.airbyte import AirbyteResource, airbyte_resource, load_assets_from_connections

__all__ = [
    "AirbyteConnection",
    "AirbyteDestination",
    "AirbyteDestinationNamespace",
    "AirbyteInstance",
    "AirbyteManagedElementReconciler",
    "AirbyteResource",
    "AirbyteSource",
    "AirbyteSyncMode",
    "__version__",
    "airbyte_resource",
    "load_assets_from_connections",
]


def __getattr__(name: str) -> Any:
    return served(__name__, name)


refuse_modules()
