"""The few things the Config API checks about a given catalog, and the form in which a connection keeps it.

Streams, sync modes, keys and cursors are *not* checked: the vendor trusts whoever sends a catalog.
"""

from __future__ import annotations

import re

from airbyte_local.jobs.world import new_id
from airbyte_local.model.catalogs import key_of
from airbyte_local.model.errors import Broken, Known, configuration_invalid
from airbyte_local.model.json_values import Json, is_object

MAX_FIELDS = 20_000


def configured_streams(catalog: Json) -> list[Json]:
    """The selected streams of *catalog* as the connection keeps them."""
    entries: list[Json] = catalog.get("streams", [])
    for entry in entries:
        if "stream" not in entry or "config" not in entry:
            raise Broken(message="NullPointerException: stream or config")
    keys = [key_of(entry["stream"]) for entry in entries]
    if len(set(keys)) < len(keys):
        raise Broken(message="IllegalArgumentException: duplicate stream")
    if any("selected" not in entry["config"] for entry in entries):
        raise Broken(message="NullPointerException: config.selected")
    kept = [_kept(entry) for entry in entries if entry["config"]["selected"]]
    fields = sum(len(entry["stream"]["jsonSchema"].get("properties") or {}) for entry in kept)
    if fields > MAX_FIELDS:
        message = f"A connection can contain at most {MAX_FIELDS} fields in total. This one has {fields}."
        raise Known(status=400, message=message)
    return kept


def _kept(entry: Json) -> Json:
    stream, config = entry["stream"], entry["config"]
    selected = _field_selection(stream, config)
    return {
        "stream": {
            "jsonSchema": {},
            "supportedSyncModes": [],
            "defaultCursorField": [],
            "sourceDefinedPrimaryKey": [],
            **stream,
        },
        "config": {
            "cursorField": [],
            "primaryKey": [],
            "hashedFields": [],
            **config,
            "aliasName": re.sub(r"[^A-Za-z0-9_]", "_", stream["name"]),
            "fieldSelectionEnabled": bool(selected),
            "selectedFields": selected,
            "mappers": [{"id": new_id(), **mapper} for mapper in config.get("mappers", [])],
        },
    }


def _field_selection(stream: Json, config: Json) -> list[Json]:
    """The selected fields; none where selection is off, or where all are selected (which is the same)."""
    if not config.get("fieldSelectionEnabled"):
        return []
    if "selectedFields" not in config:
        raise configuration_invalid("Requested field selection but no selected fields provided")
    selected: list[Json] = config["selectedFields"]
    names = {field["fieldPath"][0] for field in selected if field.get("fieldPath")}
    cursor: list[str] = config.get("cursorField", [])
    if config["syncMode"] == "incremental" and cursor and cursor[0] not in names:
        raise configuration_invalid("Cursor field cannot be de-selected in INCREMENTAL syncs")
    keys = {path[0] for path in config.get("primaryKey", []) if path}
    if config["destinationSyncMode"].endswith("_dedup") and keys - names:
        raise configuration_invalid("Primary key field cannot be de-selected in DEDUP mode")
    properties = stream.get("jsonSchema", {}).get("properties")
    return [] if is_object(properties) and set(properties) == names else selected
