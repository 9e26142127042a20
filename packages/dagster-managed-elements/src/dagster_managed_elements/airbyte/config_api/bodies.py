"""A connection in the Config API's words. Pure."""

from __future__ import annotations

from typing import Any, Final

from dagster_managed_elements.airbyte.connection_fields import initial_fields, words_of
from dagster_managed_elements.airbyte.gateways import ConnectionDraft
from dagster_managed_elements.airbyte.wire import ConfiguredStream, Json

SETTINGS: Final = (*words_of("config"), "operationIds", "dataplaneGroupId")
"""What a connection that is replaced takes over from the one before: nobody declared it, so it stays."""

NORMALIZATION: Final = {
    "name": "Normalization",
    "operatorConfiguration": {"operatorType": "normalization", "normalization": {"option": "basic"}},
}
"""The operation that normalizes, on servers before 1.0; it is called as Airbyte's own UI called it."""


def creation(draft: ConnectionDraft) -> dict[str, Any]:
    """All of a new connection; what is not drafted is left to the server's defaults."""
    return _told({**initial_fields("config"), **_drafted(draft)})


def change(draft: ConnectionDraft) -> dict[str, Any]:
    """What of a connection is drafted, and nothing else."""
    return _told(_drafted(draft))


def _told(body: Json) -> dict[str, Any]:
    """*body* without what is null: that only takes the place of something else."""
    return {name: value for name, value in body.items() if value is not None}


def _drafted(draft: ConnectionDraft) -> dict[str, Any]:
    body = {**draft.settings, **draft.written("config")}
    if draft.catalog_id is not None:
        body["sourceCatalogId"] = draft.catalog_id
    if draft.streams is not None:
        body["syncCatalog"] = {"streams": [_row(entry) for entry in draft.streams]}
    return body


def _row(entry: ConfiguredStream) -> Json:
    """*selected* must be said: the server fails on null and drops what is false."""
    config = entry.config
    sent = {name: value for name, value in config.raw.items() if value is not None}
    sent |= {"syncMode": config.sync_mode, "destinationSyncMode": config.destination_sync_mode, "selected": True}
    for name, value in (("cursorField", config.cursor_field), ("primaryKey", config.primary_key)):
        if value or name in sent:
            sent[name] = value
    return {"stream": entry.stream.raw, "config": sent}
