"""Streams of a source as the Public API shows them: names, keys and field paths, no schemas; and its sync modes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from airbyte_local.handlers.definitions import destination_sync_modes
from airbyte_local.jobs.discovery import discover_source
from airbyte_local.jobs.world import Errand, World
from airbyte_local.model.json_values import Json, form, is_object
from airbyte_local.model.records import Catalog
from airbyte_local.model.vocabulary import DESTINATION, SOURCE
from airbyte_local.public_api.answers import problem

DEFAULT = "full_refresh_overwrite"
PAIRS = {
    "full_refresh_overwrite": ("full_refresh", "overwrite"),
    "full_refresh_overwrite_deduped": ("full_refresh", "overwrite_dedup"),
    "full_refresh_append": ("full_refresh", "append"),
    "full_refresh_update": ("full_refresh", "update"),
    "full_refresh_soft_delete": ("full_refresh", "soft_delete"),
    "incremental_append": ("incremental", "append"),
    "incremental_deduped_history": ("incremental", "append_dedup"),
    "incremental_update": ("incremental", "update"),
    "incremental_soft_delete": ("incremental", "soft_delete"),
}
NAMES = {pair: name for name, pair in PAIRS.items()}
# Which modes have their cursor or key looked at. The others take whatever they are given.
CURSOR_CHECKED = {"incremental_append", "incremental_deduped_history"}
KEY_CHECKED = {"incremental_deduped_history", "incremental_update", "full_refresh_update"}
KEYLESS = {"full_refresh_overwrite", "full_refresh_append"}


def list_all(errand: Errand) -> Any:
    body = errand.body
    modes = destination_modes(errand.world, body["destinationId"]) if "destinationId" in body else None
    catalog = discovered(errand.world, body["sourceId"], use_cache=not body.get("ignoreCache", False))
    rows = [_read(stream, modes) for stream in catalog.streams]
    return {"streams": rows} if errand.world.profile.streams_answer == "object" else rows


def destination_modes(world: World, destination_id: str) -> list[str]:
    """Those that this API has names for."""
    with world.store.transaction() as session:
        destination = session.actors.find(DESTINATION, destination_id)
        definition = world.definitions(session, "destination").get(destination.definition_id)
    modes = destination_sync_modes(definition, world.profile)
    return [mode for mode in modes if mode in {PAIRS[name][1] for name in world.profile.public_sync_modes}]


def discovered(world: World, source_id: str, *, use_cache: bool = True) -> Catalog:
    """The streams of a source. Unlike the Config API, this one makes an error of a discovery that failed."""
    with world.store.transaction() as session:
        source = session.actors.find(SOURCE, source_id)
    found = None if source.tombstone else discover_source(world, source_id, use_cache=use_cache)
    if found is None or found.catalog is None:
        logs = found.failure if found else "no configuration"
        raise problem("unexpected-problem", {"message": f"Something went wrong in the connector. logs:{logs}"})
    return found.catalog


def field_paths(stream: Json) -> list[list[str]]:
    return list(_paths(stream.get("jsonSchema", {}), []))


def _paths(schema: Json, above: list[str]) -> Iterator[list[str]]:
    properties = schema.get("properties")
    if is_object(properties):
        for name, inner in properties.items():
            yield [*above, name]
            if is_object(inner):
                yield from _paths(inner, [*above, name])


def _read(stream: Json, modes: list[str] | None) -> Json:
    return form(
        "public_stream",
        streamName=stream["name"],
        streamnamespace=stream.get("namespace"),  # the vendor's own spelling
        syncModes=None if modes is None else possible(stream, modes)[::-1],  # in no order
        defaultCursorField=stream.get("defaultCursorField", []),
        sourceDefinedCursorField=stream.get("sourceDefinedCursor", False),
        sourceDefinedPrimaryKey=stream.get("sourceDefinedPrimaryKey", []),
        propertyFields=field_paths(stream),
    )


def possible(stream: Json, destination_modes: Collection[str]) -> list[str]:
    """What both the stream and the destination can do."""
    supported = stream.get("supportedSyncModes") or ["full_refresh"]
    return [name for name, (mode, into) in PAIRS.items() if mode in supported and into in destination_modes]
