"""Streams as the Public API shows them (names, keys, field paths, sync modes), and those that a request chooses.

The Config API trusts whatever catalog it is given; all checks of what is chosen are the Public API's own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from airbyte_local.connectors.definitions import ActorDefinition
from airbyte_local.handlers.definitions import destination_sync_modes
from airbyte_local.jobs.discovery import discover_source
from airbyte_local.jobs.world import Errand, World
from airbyte_local.model.catalogs import key_of, proposed
from airbyte_local.model.json_values import Json, form, is_object
from airbyte_local.model.records import Catalog
from airbyte_local.model.vocabulary import DESTINATION, SOURCE
from airbyte_local.public_api.answers import bad_request, problem

STREAMS_PAGE = "https://reference.airbyte.com/reference/getstreamproperties"
Path = list[str]
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
    catalog, _ = discovered(errand.world, body["sourceId"], use_cache=not body.get("ignoreCache", False))
    rows = [_read(stream, modes) for stream in catalog.streams]
    return {"streams": rows} if errand.world.profile.streams_answer == "object" else rows


def destination_modes(world: World, destination_id: str) -> list[str]:
    """Those that this API has names for."""
    with world.store.transaction() as session:
        destination = session.actors.find(DESTINATION, destination_id)
        definition = world.definitions(session, "destination").get(destination.definition_id)
    modes = destination_sync_modes(definition, world.profile)
    return [mode for mode in modes if mode in {PAIRS[name][1] for name in world.profile.public_sync_modes}]


def discovered(world: World, source_id: str, *, use_cache: bool = True) -> tuple[Catalog, ActorDefinition]:
    """The streams of a source. Unlike the Config API, this one makes an error of a discovery that failed."""
    with world.store.transaction() as session:
        source = session.actors.find(SOURCE, source_id)
    found = None if source.tombstone else discover_source(world, source_id, use_cache=use_cache)
    if found is None or found.catalog is None:
        logs = found.failure if found else "no configuration"
        raise problem("unexpected-problem", {"message": f"Something went wrong in the connector. logs:{logs}"})
    return found.catalog, found.definition


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


def chosen_catalog(streams: Sequence[Json], given: Sequence[Json], destination_modes: Collection[str]) -> Json:
    """Those streams alone that *given* names, in the order of the discovery.

    Raises:
        Problem: 400, about the first thing that does not fit.
    """
    chosen: dict[Any, Json] = {}
    for wanted in given:
        stream = _found(streams, wanted)
        if key_of(stream) in chosen:
            name, namespace = wanted["name"], _shown(wanted.get("namespace"))
            raise bad_request(
                f"Duplicate stream found in configuration for stream name [{name}] in namespace [{namespace}]."
            )
        chosen[key_of(stream)] = _config(stream, wanted, destination_modes)
    entries = proposed(streams)["streams"]
    for entry in entries:
        entry["config"] |= {"selected": False, **chosen.get(key_of(entry["stream"]), {})}
    return {"streams": entries}


def default_catalog(streams: Sequence[Json], suggested: Collection[str]) -> Json:
    """Where no stream was named: what discovery proposes, which of several streams is none but the suggested."""
    entries = proposed(streams, suggested)["streams"]
    for entry in entries:
        entry["config"] |= {"syncMode": "full_refresh", "destinationSyncMode": "overwrite"}
    return {"streams": entries}


def _found(streams: Sequence[Json], given: Json) -> Json:
    """By name where that is enough: a wrong namespace is not noticed then."""
    name, namespace = given["name"], given.get("namespace")
    found = [stream for stream in streams if stream["name"] == name]
    if len(found) > 1:
        same = [stream for stream in found if stream.get("namespace") == namespace]
        found = same or ([] if namespace is not None else found)
    if len(found) == 1:
        return found[0]
    raise bad_request(
        f"{'Multiple' if found else 'No'} streams found with name [{name}] and namespace [{_shown(namespace)}]. "
        f"Please call the {STREAMS_PAGE} endpoint to see the valid stream name and namespace combinations."
    )


def _config(stream: Json, given: Json, destination_modes: Collection[str]) -> Json:
    mode = given.get("syncMode", DEFAULT)
    valid = possible(stream, destination_modes)
    if mode != DEFAULT and mode not in valid:
        raise bad_request(
            f"Cannot set sync mode to {mode} for stream {given['name']}. Valid sync modes are: [{', '.join(valid)}]"
        )
    cursor, key = _cursor(stream, given, mode), _key(stream, given, mode)
    pair = PAIRS[mode]
    config: Json = {"selected": True, "syncMode": pair[0], "destinationSyncMode": pair[1]}
    if "selectedFields" in given:
        needed_cursor = cursor if pair[0] == "incremental" else []
        needed_key = key if "dedup" in pair[1] or pair[1] == "update" else []
        selected = checked_selection(stream, given["selectedFields"], cursor=needed_cursor, key=needed_key)
        config |= {"fieldSelectionEnabled": True, "selectedFields": selected}
    if given.get("includeFiles") and not stream.get("isFileBased"):
        raise bad_request(f"Stream {given['name']} has no files to include.")
    more = {name: given[name] for name in ("mappers", "includeFiles", "destinationObjectName") if name in given}
    return {**config, "cursorField": cursor, "primaryKey": key, **more}


def _cursor(stream: Json, given: Json, mode: str) -> Path:
    default: Path = stream.get("defaultCursorField", [])
    wanted: Path = given.get("cursorField", [])
    if mode not in CURSOR_CHECKED:
        resolved = default if stream.get("sourceDefinedCursor") else wanted or default
        return resolved if mode.startswith("incremental") else default
    name = given["name"]
    if stream.get("sourceDefinedCursor"):
        if wanted and wanted != default:
            raise bad_request(
                f"Cursor Field {_text(wanted)} is already defined by source for stream: {name}. "
                "Do not include a cursor field configuration for this stream."
            )
        return default
    if wanted and wanted not in field_paths(stream):
        valid = _texts(field_paths(stream))
        raise bad_request(
            f"Invalid cursor field for stream: {name}. The list of valid cursor fields include: {valid}."
        )
    if not (wanted or default):
        raise bad_request(
            f"No default cursor field for stream: {name}. "
            "Please include a cursor field configuration for this stream."
        )
    return wanted or default


def _key(stream: Json, given: Json, mode: str) -> list[Path]:
    own: list[Path] = stream.get("sourceDefinedPrimaryKey", [])
    wanted: list[Path] = given.get("primaryKey", [])
    if mode in KEYLESS:
        return own
    if mode in KEY_CHECKED:
        _check_key(stream, given["name"], own, wanted)
    return own or wanted


def _check_key(stream: Json, name: str, own: list[Path], wanted: list[Path]) -> None:
    if own:
        if wanted and wanted != own:
            raise bad_request(
                f"Primary key for stream: {name} is already pre-defined. "
                f"Please remove the primaryKey or provide the value as {_texts(own)}."
            )
        return
    if not wanted:
        raise bad_request(
            f"No default primary key for stream: {name}. "
            "Please include a primary key configuration for this stream."
        )
    known = field_paths(stream)
    for place, path in enumerate(wanted):
        if path not in known:
            raise bad_request(
                f"Invalid primary key for stream: {name}. The list of valid primary keys fields: {_texts(known)}."
            )
        if path in wanted[:place]:
            raise bad_request(
                f"Duplicate primary key detected for stream: {name}, "
                f"please don't provide the same column more than once. Key: {_text(path)}"
            )


def _text(path: Path) -> str:
    return f"[{', '.join(path)}]"


def _texts(paths: list[Path]) -> str:
    return f"[{', '.join(_text(path) for path in paths)}]"


def _shown(namespace: str | None) -> str:
    return "null" if namespace is None else namespace


def checked_selection(
    stream: Json, selected: Sequence[Json], *, cursor: list[str], key: list[list[str]]
) -> list[Json]:
    """*selected* again. *cursor* and *key* are those that must be in it; an answer's own `[]` is refused.

    Raises:
        Problem: 400, about the first thing that does not fit.
    """
    name = stream["name"]
    valid = list(stream.get("jsonSchema", {}).get("properties", {}))
    names = f"The list of valid field names includes: [{', '.join(valid)}]."
    if not selected:
        raise bad_request(f"No fields selected for stream {name}. {names}")
    paths = [entry.get("fieldPath", []) for entry in selected]
    if not all(paths):
        raise bad_request(f"Selected field path cannot be empty for stream:  {name}.")
    if any(len(path) > 1 for path in paths):
        raise bad_request(f"Nested field selection not supported for stream {name}.")
    found = [path[0] for path in paths]
    if len(set(found)) < len(found):
        raise bad_request(f"Duplicate fields selected in configuration for stream: {name}.")
    if not set(found) <= set(valid):
        raise bad_request(f"Invalid fields selected for stream {name}. {names}")
    if any(path[0] not in found for path in key):
        raise bad_request(
            f"Primary key fields are not selected properly for stream: {name}. "
            "Please include primary key(s) in the configuration for this stream."
        )
    if cursor and cursor[0] not in found:
        raise bad_request(
            f"Cursor field is not selected properly for stream: {name}. "
            "Please include the cursor field in selected fields for this stream."
        )
    return list(selected)
