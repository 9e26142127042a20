"""The selected streams of a connection, as the source is asked for them and as the destination gets them. Pure.

On their way fields of rows are selected, hashed, renamed and left out. The mappers are the vendor's
(https://docs.airbyte.com/platform/using-airbyte/mappings); one that this cannot do is refused before a row is read.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from airbyte_local.connectors.protocol import Target
from airbyte_local.jobs.failures import misconfigured
from airbyte_local.model.catalogs import key_of
from airbyte_local.model.json_values import Json, bean, dumps
from airbyte_local.model.records import Connection, StreamKey, StreamStates

Change = Callable[[Json], Json]
HASHES = ("MD5", "SHA-1", "SHA-224", "SHA-256", "SHA-384", "SHA-512")
# destinationSyncMode -> (how rows are written, whether what is there gives way)
WRITING = {
    "append": ("append", False),
    "overwrite": ("append", True),
    "append_dedup": ("append_dedup", False),
    "overwrite_dedup": ("append_dedup", True),
}
PROTOCOL_MODES = {"overwrite_dedup": "overwrite"}  # a word of the server's own, which connectors do not know


@dataclass(slots=True)
class RowMapping:
    """Changes to the rows of one stream, in their order, and what they make of its fields."""

    properties: Json
    changes: list[Change] = field(default_factory=list[Change])
    names: dict[str, str | None] = field(default_factory=dict[str, "str | None"])
    """Where a field of the source went: another name, or None where it is left out."""

    def change(self) -> Change | None:
        """All changes as one; None where a row stays as it is."""
        if len(self.changes) > 1:
            return lambda row: functools.reduce(lambda changed, change: change(changed), self.changes, row)
        return self.changes[0] if self.changes else None

    def path(self, path: Iterable[str]) -> tuple[str, ...] | None:
        """A cursor or key under the name that its field has at the destination; None: it does not get there."""
        first, *rest = path
        name = self.names.get(first, first)
        return None if name is None else (name, *rest)

    def follow(self, old: str, new: str | None) -> None:
        """What is called *old* by now, whatever it was called at first, goes on as *new*."""
        before = [first for first, name in self.names.items() if name == old]
        if not before and old not in self.names:
            before = [old]
        self.names.update(dict.fromkeys(before, new))


def row_mapping(stream: Json, config: Json) -> RowMapping:
    """Raises:
    AttemptFailed: a mapper that is not known here.
    """
    properties = dict(stream.get("jsonSchema", {}).get("properties") or {})
    found = RowMapping(properties=properties)
    if config.get("fieldSelectionEnabled"):
        chosen = [path for entry in config.get("selectedFields", []) if (path := entry.get("fieldPath"))]
        selected = {path[0] for path in chosen}
        found.properties = {name: schema for name, schema in properties.items() if name in selected}
        found.changes.append(lambda row: {name: value for name, value in row.items() if name in selected})
    for hashed in config.get("hashedFields", []):
        _hash(found, {"targetField": hashed["fieldPath"][0], "method": "SHA-256", "fieldNameSuffix": "_hashed"})
    for mapper in config.get("mappers", []):
        act = MAPPERS.get(mapper["type"])
        if act is None:
            known = ", ".join(MAPPERS)
            message = f"Stream {stream['name']}: mapper {mapper['type']} is not known here, only {known}."
            raise misconfigured("replication", message)
        act(found, mapper["mapperConfiguration"])
    return found


def _hash(mapping: RowMapping, configuration: Json) -> None:
    field_name: str = configuration["targetField"]
    method = str(configuration.get("method", "SHA-256"))
    if method not in HASHES:
        raise misconfigured("replication", f"Hashing by {method} is not known here, only {', '.join(HASHES)}.")
    target = f"{field_name}{configuration.get('fieldNameSuffix') or '_hashed'}"
    _move(mapping, field_name, target, {"type": "string"})
    mapping.changes.append(partial(_hashed, field_name, target, method.replace("-", "").lower()))


def _hashed(field_name: str, target: str, method: str, row: Json) -> Json:
    if field_name not in row:
        return row
    value = row[field_name]
    found = {name: inner for name, inner in row.items() if name != field_name}
    text = value if isinstance(value, str) else dumps(value)
    digest = hashlib.new(method, text.encode("utf-8", "surrogatepass"), usedforsecurity=False)
    found[target] = None if value is None else digest.hexdigest()
    return found


def _rename(mapping: RowMapping, configuration: Json) -> None:
    old: str = configuration["originalFieldName"]
    new: str = configuration["newFieldName"]
    _move(mapping, old, new, mapping.properties.get(old, {}))
    mapping.changes.append(
        lambda row: {new if name == old else name: value for name, value in row.items()} if old in row else row
    )


def _leave_out(mapping: RowMapping, configuration: Json) -> None:
    left_out: str = configuration["targetField"]
    mapping.properties.pop(left_out, None)
    mapping.follow(left_out, None)
    mapping.changes.append(lambda row: {name: value for name, value in row.items() if name != left_out})


def _move(mapping: RowMapping, old: str, new: str, schema: Json) -> None:
    if old in mapping.properties:
        mapping.properties = {
            new if name == old else name: schema if name == old else property_schema
            for name, property_schema in mapping.properties.items()
        }
    mapping.follow(old, new)


MAPPERS: dict[str, Callable[[RowMapping, Any], None]] = {
    "hashing": _hash,
    "field-renaming": _rename,
    "field-filtering": _leave_out,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStream:
    key: StreamKey
    entry: Json  # stream and config, as the connection has them
    target: Target
    change: Change | None

    @property
    def incremental(self) -> bool:
        """State is passed, and kept, for these alone: a full refresh that gets a state reads nothing (measured)."""
        return self.entry["config"]["syncMode"] == "incremental"


def job_stream(
    connection: Connection, entry: Json, states: StreamStates, *, job_id: int, empties: bool
) -> JobStream:
    """*empties*: what is there gives way whatever the modes say, as in a clear.

    Raises:
        AttemptFailed: a mode or a mapper that cannot be served.
    """
    stream, config, key = entry["stream"], entry["config"], key_of(entry["stream"])
    mapping = row_mapping(stream, config)
    mode: str = config["destinationSyncMode"]
    if mode not in WRITING:
        message = f"Stream {stream['name']}: destination sync mode {mode} cannot be served here."
        raise misconfigured("destination", message)
    writing, overwrites = WRITING[mode]
    replaces = overwrites or empties or key in states.stale
    return JobStream(
        key=key,
        entry=entry,
        change=mapping.change(),
        target=Target(
            name=f"{connection.details.get('prefix') or ''}{stream['name']}",
            namespace=_namespace(connection.details, key[0]),
            json_schema={**stream.get("jsonSchema", {}), "properties": mapping.properties},
            mode="append_dedup" if writing == "append_dedup" else "append",
            replaces=replaces,
            checkpoints=config["syncMode"] == "incremental" and not replaces,
            primary_key=_primary_key(stream, config, mapping, needed=writing == "append_dedup"),
            cursor=(mapping.path(cursor) or ()) if (cursor := _cursor(stream, config)) else (),
            generation=states.generations.get(key, 0),
            sync_id=job_id,
        ),
    )


def configured_catalog(streams: Iterable[JobStream]) -> Json:
    """The vendor's ConfiguredAirbyteCatalog, in the words of the protocol."""
    return {"streams": [_configured(stream) for stream in streams]}


def state_messages(states: StreamStates, streams: Iterable[JobStream]) -> list[Json]:
    """The state to go on from, as a source reads it: of incremental streams alone."""
    chosen = list(streams)
    wanted = {stream.key for stream in chosen if stream.incremental}
    if not wanted:
        return []
    held = {key: state for key, state in states.streams.items() if key in wanted}
    match states.type:
        case "stream":
            return [{"type": "STREAM", "stream": _stream_state(key, state)} for key, state in held.items()]
        case "global":
            told = [_stream_state(key, state) for key, state in held.items()]
            return [{"type": "GLOBAL", "global": bean(shared_state=states.shared, stream_states=told)}]
        case "legacy" if states.legacy is not None:
            whole = {stream.key[1] for stream in chosen if not stream.incremental}
            return [{"type": "LEGACY", "data": {k: v for k, v in states.legacy.items() if k not in whole}}]
        case _:
            return []


def _namespace(details: Json, namespace: str | None) -> str | None:
    """None is whatever the destination has by default."""
    match details.get("namespaceDefinition"):
        case "destination":
            return None
        case "customformat":
            made = (details.get("namespaceFormat") or "").replace("${SOURCE_NAMESPACE}", namespace or "")
            return made or None
        case _:
            return namespace


def _primary_key(stream: Json, config: Json, mapping: RowMapping, *, needed: bool) -> tuple[tuple[str, ...], ...]:
    key: list[list[str]] = config.get("primaryKey") or stream.get("sourceDefinedPrimaryKey") or []
    paths = [(path, mapping.path(path)) for path in key if path]
    lost = ", ".join(".".join(path) for path, found in paths if found is None)
    if needed and (lost or not paths):
        why = (
            f"its primary key {lost} is left out by a mapper" if lost else "to deduplicate, a primary key is needed"
        )
        raise misconfigured("destination", f"Stream {stream['name']}: {why}.")
    return () if lost else tuple(found for _, found in paths if found)


def _cursor(stream: Json, config: Json) -> list[str]:
    return config.get("cursorField") or stream.get("defaultCursorField") or []


def _configured(job_stream: JobStream) -> Json:
    stream, config = job_stream.entry["stream"], job_stream.entry["config"]
    mode: str = config["destinationSyncMode"]
    target = job_stream.target
    return {
        "stream": bean(
            name=stream["name"],
            namespace=stream.get("namespace"),
            json_schema=stream.get("jsonSchema", {}),
            supported_sync_modes=stream.get("supportedSyncModes", []),
            source_defined_cursor=stream.get("sourceDefinedCursor"),
            default_cursor_field=stream.get("defaultCursorField"),
            source_defined_primary_key=stream.get("sourceDefinedPrimaryKey"),
            is_resumable=stream.get("isResumable"),
            is_file_based=stream.get("isFileBased"),
        ),
        "sync_mode": config["syncMode"],
        "destination_sync_mode": PROTOCOL_MODES.get(mode, mode),
        "cursor_field": _cursor(stream, config),
        "primary_key": config.get("primaryKey") or stream.get("sourceDefinedPrimaryKey") or [],
        "generation_id": target.generation,
        "minimum_generation_id": target.generation if target.replaces else 0,
        "sync_id": target.sync_id,
    }


def _stream_state(key: StreamKey, state: Json | None) -> Json:
    return {"stream_descriptor": bean(name=key[1], namespace=key[0]), "stream_state": state}
