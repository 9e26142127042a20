"""Assets of declared connections: one multi-asset each, built without asking anybody."""

from __future__ import annotations

from collections.abc import Iterable

from dagster import AssetsDefinition

from dagster_managed_elements.definitions.ports import SyncedConnection


def build_assets(connections: Iterable[SyncedConnection]) -> list[AssetsDefinition]:
    """A multi-asset for each connection, an asset for each stream that it syncs."""
    raise NotImplementedError
