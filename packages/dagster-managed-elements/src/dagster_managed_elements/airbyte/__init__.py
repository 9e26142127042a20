"""Airbyte as managed elements. What needs Dagster is served lazily: importing this does not import it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_managed_elements.airbyte import mappers
from dagster_managed_elements.airbyte.connection_fields import (
    AirbyteDestinationNamespace,
    AirbyteResourceRequirements,
)
from dagster_managed_elements.airbyte.connector_elements import (
    AirbyteDestinationDefinition,
    AirbyteLowCodeConnector,
    AirbyteSourceDefinition,
)
from dagster_managed_elements.airbyte.elements import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteSource,
    AirbyteTag,
)
from dagster_managed_elements.airbyte.instance import AirbyteInstance
from dagster_managed_elements.airbyte.reconciliation import AirbyteManagedElementReconciler
from dagster_managed_elements.airbyte.references import existing
from dagster_managed_elements.airbyte.schedules import AirbyteSchedule
from dagster_managed_elements.airbyte.stream_config import EXCLUDED, AirbyteStream
from dagster_managed_elements.airbyte.syncmodes import AirbyteSyncMode
from dagster_managed_elements.airbyte.workspace_elements import AirbyteNotification, AirbyteWorkspace
from dagster_managed_elements.deferred import deferred
from dagster_managed_elements.engine.secrets import EnvVar, Secret

if TYPE_CHECKING:
    from dagster_managed_elements.airbyte.assets import (
        AirbyteConnectionMetadata,
        build_connection_assets,
        load_assets_from_connections,
    )
    from dagster_managed_elements.airbyte.resources.dagster import (
        AirbyteInstanceResource,
        AirbyteResource,
        airbyte_resource,
    )

__all__ = [
    "EXCLUDED",
    "AirbyteConnection",
    "AirbyteConnectionMetadata",
    "AirbyteDestination",
    "AirbyteDestinationDefinition",
    "AirbyteDestinationNamespace",
    "AirbyteInstance",
    "AirbyteInstanceResource",
    "AirbyteLowCodeConnector",
    "AirbyteManagedElementReconciler",
    "AirbyteNotification",
    "AirbyteResource",
    "AirbyteResourceRequirements",
    "AirbyteSchedule",
    "AirbyteSource",
    "AirbyteSourceDefinition",
    "AirbyteStream",
    "AirbyteSyncMode",
    "AirbyteTag",
    "AirbyteWorkspace",
    "EnvVar",
    "Secret",
    "airbyte_resource",
    "build_connection_assets",
    "existing",
    "load_assets_from_connections",
    "mappers",
]

_NEED_DAGSTER = {
    "AirbyteConnectionMetadata": "assets",
    "AirbyteInstanceResource": "resources.dagster",
    "AirbyteResource": "resources.dagster",
    "airbyte_resource": "resources.dagster",
    "build_connection_assets": "assets",
    "load_assets_from_connections": "assets",
}
"""By name, the module here that has it."""


def __getattr__(name: str) -> Any:
    return deferred(__name__, _NEED_DAGSTER, name)
