"""Connections: the list that everybody sees first, and one of them with its streams and what became of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airbyte_local.jobs.world import World
from airbyte_local.model.catalogs import key_of
from airbyte_local.model.json_values import Json, is_list, is_object
from airbyte_local.model.vocabulary import ActorKind
from airbyte_local.pages.listings import Asked, Listing, Outlook, listing, outlook
from airbyte_local.pages.wording import JOBS, NAMESPACES, STATUSES, field_path, schedule, sync_mode
from airbyte_local.store import (
    Actor,
    ActorLine,
    Attempt,
    Connection,
    ConnectionLine,
    Job,
    JobLine,
    Session,
    StreamKey,
    StreamStates,
)

SHOWN = 50
"""Jobs of one connection, the newest of them."""
PAGE = 100
SHOWING = {
    "running": "Running",
    "failed": "Failed",
    "succeeded": "Succeeded",
    "cancelled": "Cancelled",
    "never": "Never run",
}
STATE_LIMIT = 20_000
"""Characters of one stream's state; some are of megabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One job. Times in seconds since 1970; *read* and *rows* are those of all attempts."""

    id: int
    kind: str
    status: str
    words: str
    scheduled: bool
    began: int
    ended: int | None
    read: int
    rows: int
    bytes: int
    tries: Sequence[Attempt]
    rows_by_stream: dict[StreamKey, int]

    @property
    def active(self) -> bool:
        return self.ended is None

    @property
    def failure(self) -> str | None:
        """Why it failed, or why the last attempt did while there may be another."""
        if self.status in {"succeeded", "cancelled"}:
            return None
        reasons = (failure for attempt in reversed(self.tries) for failure in attempt.failures)
        said = (reason.get("externalMessage") or reason.get("internalMessage") for reason in reasons)
        return next((str(text) for text in said if text), None)


def past(job: Job, attempts: Sequence[Attempt]) -> Past:
    by_stream: dict[StreamKey, int] = {}
    for attempt in attempts:
        for stream in attempt.streams:
            key = (stream.namespace, stream.name)
            by_stream[key] = by_stream.get(key, 0) + stream.records_committed
    return Past(
        id=job.id,
        kind=JOBS.get(job.config_type, job.config_type),
        status=job.status,
        words=STATUSES.get(job.status, job.status),
        scheduled=bool(job.details.get("scheduled")),
        began=job.started_at or job.created_at,
        ended=job.updated_at if job.ended else None,
        read=sum(attempt.total("records_emitted") for attempt in attempts),
        rows=sum(attempt.total("records_committed") for attempt in attempts),
        bytes=sum(attempt.total("bytes_committed") for attempt in attempts),
        tries=attempts,
        rows_by_stream=by_stream,
    )


def history(session: Session, connection_id: str) -> list[Past]:
    """Newest first."""
    jobs = session.jobs.latest(connection_id, most=SHOWN)
    attempts = session.jobs.attempts([job.id for job in jobs])
    return [past(job, attempts[job.id]) for job in jobs]


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """A source or destination as a connection points at it."""

    kind: ActorKind
    id: str
    name: str
    type_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    connection: Connection
    workspace: str | None
    source: End
    destination: End
    schedule: str
    last: Past | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    name: str
    type: str
    hashed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    name: str
    namespace: str | None
    mode: str
    cursor: str | None
    key: str | None
    fields: tuple[Field, ...]
    left_out: tuple[str, ...]
    rows: int | None  # of the last job that wrote any
    state: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionPage:
    id: str
    name: str
    status: str
    source: End
    destination: End
    schedule: str
    namespace: str
    prefix: str
    created_at: int
    streams: tuple[Stream, ...]
    shared_state: str | None
    jobs: tuple[Past, ...]
    outlook: Outlook

    @property
    def running(self) -> Past | None:
        return next((job for job in self.jobs if job.active), None)

    @property
    def last(self) -> Past | None:
        return next((job for job in self.jobs if not job.active), None)

    @property
    def obstacle(self) -> str | None:
        """Why it cannot be synced now."""
        if self.status == "deprecated":
            return "This connection was deleted."
        return None if self.status == "active" else "This connection is inactive: activate it to sync it."


def connection_list(world: World, session: Session, outlook: Outlook, asked: Asked) -> Listing:
    ends = {**end_names(world, session, "source", outlook), **end_names(world, session, "destination", outlook)}
    newest = session.jobs.newest()
    lines = session.connections.lines(outlook.ids)

    def rows(ids: list[str]) -> list[Row]:
        jobs = session.jobs.with_attempts([newest[line_id].id for line_id in ids if line_id in newest])
        last = {job.connection_id: past(job, attempts) for job, attempts in jobs}
        return [
            Row(
                connection=connection,
                workspace=outlook.name_of(connection.workspace_id),
                source=ends[connection.source_id],
                destination=ends[connection.destination_id],
                schedule=schedule(connection.details),
                last=last.get(connection.id),
            )
            for connection in session.connections.whole(ids)
        ]

    found = [line for line in lines if _wanted(line, asked, ends, newest)]
    counts = Counter(_shows(newest.get(line.id)) for line in lines)
    return listing(found, asked, rows, total=len(lines), size=PAGE, counts=counts)


def end_names(
    world: World, session: Session, kind: ActorKind, outlook: Outlook, *, only: str | None = None
) -> dict[str, End]:
    """By their ids; deleted ones too, since a deleted connection may still be looked at."""
    directory = world.definitions(session, kind)
    lines: Sequence[ActorLine | Actor] = (
        session.actors.whole([only]) if only else session.actors.lines(kind, outlook.ids, deleted=True)
    )
    return {
        line.id: End(kind=kind, id=line.id, name=line.name, type_name=directory.get(line.definition_id).name)
        for line in lines
    }


def _shows(job: JobLine | None) -> str:
    if job is None:
        return "never"
    return job.status if job.ended else "running"


def _wanted(line: ConnectionLine, asked: Asked, ends: Mapping[str, End], newest: Mapping[str, JobLine]) -> bool:
    if asked.show and _shows(newest.get(line.id)) != asked.show:
        return False
    needle = asked.text.casefold()
    named = (line.name, ends[line.source_id].name, ends[line.destination_id].name)
    return not needle or any(needle in name.casefold() for name in named)


def connection_page(world: World, session: Session, connection_id: str) -> ConnectionPage:
    """Deleted ones too.

    Raises:
        NotFound: nobody knows the id.
    """
    connection = session.connections.find(connection_id)
    here = outlook(session, connection.workspace_id)
    details = connection.details
    jobs = history(session, connection.id)
    states = session.states.get(connection.id)
    shared = states.shared if states.shared is not None else states.legacy
    return ConnectionPage(
        id=connection.id,
        name=connection.name,
        status=connection.status,
        source=_end(world, session, connection.source_id, "source", here),
        destination=_end(world, session, connection.destination_id, "destination", here),
        schedule=schedule(details),
        namespace=_namespace(details),
        prefix=details.get("prefix", ""),
        created_at=connection.created_at,
        streams=tuple(_streams(session, connection, states, jobs)),
        shared_state=None if shared is None else _shown(shared),
        jobs=tuple(jobs),
        outlook=here,
    )


def _end(world: World, session: Session, actor_id: str, kind: ActorKind, here: Outlook) -> End:
    return end_names(world, session, kind, here, only=actor_id)[actor_id]


def _namespace(details: Json) -> str:
    definition = details["namespaceDefinition"]
    return NAMESPACES.get(definition) or str(details.get("namespaceFormat") or definition)


def _streams(session: Session, connection: Connection, states: StreamStates, jobs: Sequence[Past]) -> list[Stream]:
    # A selection of fields cuts what the connection keeps: the fields left out are in the catalog alone.
    catalog = session.catalogs.get(connection.details.get("sourceCatalogId", ""))
    whole = {key_of(stream): stream for stream in (catalog.streams if catalog else ())}
    rows: dict[StreamKey, int] = {}
    for job in jobs:
        for key, count in job.rows_by_stream.items():
            rows.setdefault(key, count)
    found: list[Stream] = []
    for entry in connection.details["streams"]:
        key = key_of(entry["stream"])
        state = states.streams.get(key)
        found.append(_stream(whole.get(key) or entry["stream"], entry["config"], rows.get(key), state))
    return sorted(found, key=lambda stream: (stream.namespace or "", stream.name))


def _stream(stream: Json, config: Json, rows: int | None, state: Json | None) -> Stream:
    incremental = config.get("syncMode") == "incremental"
    cursor: list[str] = config.get("cursorField") or stream.get("defaultCursorField") or []
    key: list[list[str]] = config.get("primaryKey") or stream.get("sourceDefinedPrimaryKey") or []
    fields, left_out = _fields(stream, config)
    return Stream(
        name=stream["name"],
        namespace=stream.get("namespace"),
        mode=sync_mode(config),
        cursor=(field_path(cursor) or "chosen by the source") if incremental else None,
        key=", ".join(field_path(path) for path in key) or None,
        fields=fields,
        left_out=left_out,
        rows=rows,
        state=None if state is None else _shown(state),
    )


def _fields(stream: Json, config: Json) -> tuple[tuple[Field, ...], tuple[str, ...]]:
    """Those that are moved, and the names of those that are not."""
    declared = stream.get("jsonSchema", {}).get("properties")
    properties: Json = declared if is_object(declared) else {}
    names = list(properties)
    if config.get("fieldSelectionEnabled"):
        names = [field["fieldPath"][0] for field in config.get("selectedFields", []) if field.get("fieldPath")]
    hashed = {field["fieldPath"][0] for field in config.get("hashedFields", []) if field.get("fieldPath")}
    fields = tuple(Field(name=name, type=_type(properties.get(name)), hashed=name in hashed) for name in names)
    return fields, tuple(name for name in properties if name not in names)


def _type(schema: Any) -> str:
    """`string`, `date-time`, `number or string`: what a schema says, as far as it is one."""
    if not is_object(schema):
        return ""
    said = schema.get("type")
    types = [str(name) for name in (said if is_list(said) else [said]) if name not in {None, "null"}]
    if types == ["string"] and isinstance(schema.get("format"), str):
        return str(schema["format"])
    return " or ".join(types)


def _shown(state: Json) -> str:
    text = json.dumps(state, indent=2, ensure_ascii=False)
    return text if len(text) <= STATE_LIMIT else f"{text[:STATE_LIMIT]}\n..."
