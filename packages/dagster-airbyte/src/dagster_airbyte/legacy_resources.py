"""Upstream's `dagster_airbyte.legacy_resources`: where its last releases had the resource."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster_airbyte._elsewhere import served

if TYPE_CHECKING:
    from dagster_managed_elements.airbyte import AirbyteResource, airbyte_resource

__all__ = ["AirbyteResource", "airbyte_resource"]


def __getattr__(name: str) -> Any:
    return served(__name__, name)
