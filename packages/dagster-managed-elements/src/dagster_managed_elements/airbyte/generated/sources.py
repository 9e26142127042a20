"""Upstream's `managed.generated.sources`: any class named for the connector of a source."""

from __future__ import annotations

from typing import Any

from dagster_managed_elements.airbyte.elements import AirbyteSource
from dagster_managed_elements.airbyte.generated import connector_class


def __getattr__(name: str) -> Any:
    made = globals()[name] = connector_class(__name__, name, AirbyteSource)
    return made
