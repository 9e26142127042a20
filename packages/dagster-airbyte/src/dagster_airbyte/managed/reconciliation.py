"""Upstream's `dagster_airbyte.managed.reconciliation`: what reconciles, and the diff that this returns."""

from typing import TYPE_CHECKING, Any

from dagster_managed_elements import (
    ManagedElementDiff,
    ManagedElementError,
    ManagedElementReconciler,
    is_key_secret,
)
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteDestinationNamespace,
    AirbyteManagedElementReconciler,
    AirbyteSource,
    AirbyteSyncMode,
)
from dagster_managed_elements.types import SECRET_MASK_VALUE
from dagster_managed_elements.utils import UNSET, diff_dicts

from dagster_airbyte._elsewhere import served

if TYPE_CHECKING:
    from dagster_managed_elements.airbyte import AirbyteConnectionMetadata, load_assets_from_connections

__all__ = [
    "SECRET_MASK_VALUE",
    "UNSET",
    "AirbyteConnection",
    "AirbyteConnectionMetadata",
    "AirbyteDestination",
    "AirbyteDestinationNamespace",
    "AirbyteManagedElementReconciler",
    "AirbyteSource",
    "AirbyteSyncMode",
    "ManagedElementDiff",
    "ManagedElementError",
    "ManagedElementReconciler",
    "diff_dicts",
    "is_key_secret",
    "load_assets_from_connections",
]


def __getattr__(name: str) -> Any:
    return served(__name__, name)
