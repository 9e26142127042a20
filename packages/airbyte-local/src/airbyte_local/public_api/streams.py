"""Streams of a source as the Public API shows them: names, keys and field paths, no schemas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from airbyte_local.handlers.definitions import destination_sync_modes
from airbyte_local.jobs.discovery import discover_source
from airbyte_local.jobs.world import Errand, World
from airbyte_local.model.json_values import Json, form, is_object
from airbyte_local.model.vocabulary import DESTINATION, SOURCE
from airbyte_local.public_api.problems import problem
from airbyte_local.public_api.sync_modes import PAIRS, possible
from airbyte_local.store import Catalog


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
        syncModes=None if modes is None else possible(stream, modes),
        defaultCursorField=stream.get("defaultCursorField", []),
        sourceDefinedCursorField=stream.get("sourceDefinedCursor", False),
        sourceDefinedPrimaryKey=stream.get("sourceDefinedPrimaryKey", []),
        propertyFields=field_paths(stream),
    )
