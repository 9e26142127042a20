"""The selected streams of a connection, as the source is asked for them and as the destination gets them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from airbyte_local.connectors.protocol import Target
from airbyte_local.jobs.failures import AttemptFailed, Failure
from airbyte_local.jobs.mapping import Change, RowMapping, row_mapping
from airbyte_local.model.catalogs import key_of
from airbyte_local.model.json_values import Json, bean
from airbyte_local.store import Connection, StreamKey, StreamStates

# destinationSyncMode -> (how rows are written, whether what is there gives way)
WRITING = {
    "append": ("append", False),
    "overwrite": ("append", True),
    "append_dedup": ("append_dedup", False),
    "overwrite_dedup": ("append_dedup", True),
}
PROTOCOL_MODES = {"overwrite_dedup": "overwrite"}  # a word of the server's own, which connectors do not know


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
    writing, overwrites = _writing(stream, config)
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
            each = [_stream_state(key, state) for key, state in held.items()]
            return [{"type": "GLOBAL", "global": bean(shared_state=states.shared, stream_states=each)}]
        case "legacy" if states.legacy is not None:
            whole = {stream.key[1] for stream in chosen if not stream.incremental}
            return [{"type": "LEGACY", "data": {k: v for k, v in states.legacy.items() if k not in whole}}]
        case _:
            return []


def _writing(stream: Json, config: Json) -> tuple[str, bool]:
    mode: str = config["destinationSyncMode"]
    if mode not in WRITING:
        message = f"Stream {stream['name']}: destination sync mode {mode} cannot be served here."
        raise AttemptFailed(Failure(origin="destination", kind="config_error", message=message))
    return WRITING[mode]


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
        message = f"Stream {stream['name']}: {why}."
        raise AttemptFailed(Failure(origin="destination", kind="config_error", message=message))
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
