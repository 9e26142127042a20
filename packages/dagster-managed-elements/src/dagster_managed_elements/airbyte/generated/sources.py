"""Upstream's `managed.generated.sources`: any class named for the connector of a source."""

from __future__ import annotations

from dagster_managed_elements.airbyte.elements import AirbyteSource
from dagster_managed_elements.airbyte.generated import Connector, connector_class


def __getattr__(name: str) -> Connector:
    made = globals()[name] = connector_class(__name__, name, AirbyteSource)
    return made
