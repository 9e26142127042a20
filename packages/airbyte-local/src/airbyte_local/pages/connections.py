"""Connections: the list that everybody sees first, and one of them with its streams and what became of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from airbyte_local.connectors.definitions import Directory
from airbyte_local.jobs.world import World
from airbyte_local.model.catalogs import key_of
from airbyte_local.model.json_values import Json, is_list, is_object
from airbyte_local.model.records import (
    Actor,
    ActorLine,
    Attempt,
    Connection,
    ConnectionLine,
    Job,
    JobLine,
    StreamKey,
    StreamStates,
)
from airbyte_local.model.vocabulary import ActorKind
from airbyte_local.pages.listings import Asked, Query, asked, listing, outlook
from airbyte_local.pages.wording import JOBS, NAMESPACES, STATUSES, schedule, sync_mode
from airbyte_local.store.database import Session

SHOWN = 50
"""Jobs of one connection, the newest of them."""
PAGE = 100
FILTERS = {
    "running": "Running",
    "failed": "Failed",
    "succeeded": "Succeeded",
    "cancelled": "Cancelled",
    "never": "Never run",
}
OBSTACLES = {
    "deprecated": "This connection was deleted.",
    "inactive": "This connection is inactive: activate it to sync it.",
}
"""Why one cannot be synced now, by its status."""
STATE_LIMIT = 20_000
"""Characters of one stream's state; some are of megabytes."""


def past(job: Job, attempts: Sequence[Attempt]) -> Json:
    """One job. Times in seconds since 1970; *read* and *rows* are those of all attempts."""
    by_stream: Counter[StreamKey] = Counter()
    for stream in (stream for attempt in attempts for stream in attempt.streams):
        by_stream[stream.namespace, stream.name] += stream.records_committed
    return {
        "id": job.id,
        "kind": JOBS.get(job.config_type, job.config_type),
        "status": job.status,
        "words": STATUSES.get(job.status, job.status),
        "scheduled": bool(job.details.get("scheduled")),
        "active": not job.ended,
        "began": job.started_at or job.created_at,
        "ended": job.updated_at if job.ended else None,
        "read": sum(attempt.total("records_emitted") for attempt in attempts),
        "rows": sum(attempt.total("records_committed") for attempt in attempts),
        "bytes": sum(attempt.total("bytes_committed") for attempt in attempts),
        "tries": attempts,
        "rows_by_stream": by_stream,
        "failure": None if job.status in {"succeeded", "cancelled"} else _failure(attempts),
    }


def _failure(attempts: Sequence[Attempt]) -> str | None:
    """Why it failed, or why the last attempt did while there may be another."""
    reasons = (failure for attempt in reversed(attempts) for failure in attempt.failures)
    said = (reason.get("externalMessage") or reason.get("internalMessage") for reason in reasons)
    return next((str(text) for text in said if text), None)


def history(session: Session, connection_id: str) -> list[Json]:
    """Newest first."""
    jobs = session.jobs.latest(connection_id, most=SHOWN)
    attempts = session.jobs.attempts([job.id for job in jobs])
    return [past(job, attempts[job.id]) for job in jobs]


def connection_list(world: World, session: Session, query: Query) -> Json:
    here, wanted = outlook(session, query), asked(query, FILTERS)
    ends = {**_ends(world, session, "source", here.ids), **_ends(world, session, "destination", here.ids)}
    newest = session.jobs.newest()
    lines = session.connections.lines(here.ids)

    def rows(ids: list[str]) -> list[Json]:
        jobs = session.jobs.with_attempts([newest[line_id].id for line_id in ids if line_id in newest])
        last = {job.connection_id: past(job, attempts) for job, attempts in jobs}
        return [
            {
                "connection": connection,
                "workspace": here.name_of(connection.workspace_id),
                "source": ends[connection.source_id],
                "destination": ends[connection.destination_id],
                "schedule": schedule(connection.details),
                "last": last.get(connection.id),
            }
            for connection in session.connections.whole(ids)
        ]

    found = [line for line in lines if _wanted(line, wanted, ends, newest)]
    counts = Counter(_filter_of(newest.get(line.id)) for line in lines)
    shown = listing(found, wanted, rows, total=len(lines), size=PAGE, counts=counts)
    return {"outlook": here, "list": shown, "filters": FILTERS}


def _ends(world: World, session: Session, kind: ActorKind, workspace_ids: Sequence[str]) -> dict[str, Json]:
    """By their ids; deleted ones too, since a deleted connection may still be looked at."""
    directory = world.definitions(session, kind)
    lines = session.actors.lines(kind, workspace_ids, deleted=True)
    return {line.id: _end(kind, line, directory) for line in lines}


def _end(kind: ActorKind, actor: ActorLine | Actor, directory: Directory) -> Json:
    """A source or destination as a connection points at it."""
    type_name = directory.get(actor.definition_id).name
    return {"kind": kind, "id": actor.id, "name": actor.name, "type_name": type_name}


def _filter_of(job: JobLine | None) -> str:
    if job is None:
        return "never"
    return job.status if job.ended else "running"


def _wanted(line: ConnectionLine, asked: Asked, ends: Mapping[str, Json], newest: Mapping[str, JobLine]) -> bool:
    if asked.show and _filter_of(newest.get(line.id)) != asked.show:
        return False
    needle = asked.text.casefold()
    named = (line.name, ends[line.source_id]["name"], ends[line.destination_id]["name"])
    return not needle or any(needle in name.casefold() for name in named)


def connection_page(world: World, session: Session, connection_id: str) -> Json:
    """Deleted ones too.

    Raises:
        NotFound: nobody knows the id.
    """
    connection = session.connections.find(connection_id)
    details = connection.details
    rule = details["namespaceDefinition"]
    jobs = history(session, connection.id)
    states = session.states.get(connection.id)
    shared = states.shared if states.shared is not None else states.legacy
    return {
        "id": connection.id,
        "name": connection.name,
        "source": _found_end(world, session, connection.source_id, "source"),
        "destination": _found_end(world, session, connection.destination_id, "destination"),
        "schedule": schedule(details),
        "namespace": NAMESPACES.get(rule) or str(details.get("namespaceFormat") or rule),
        "prefix": details.get("prefix", ""),
        "streams": _streams(session, connection, states, jobs),
        "shared_state": None if shared is None else _shown(shared),
        "jobs": jobs,
        "running": next((job for job in jobs if job["active"]), None),
        "last": next((job for job in jobs if not job["active"]), None),
        "obstacle": OBSTACLES.get(connection.status),
        "outlook": outlook(session, {"workspace": connection.workspace_id}),
    }


def _found_end(world: World, session: Session, actor_id: str, kind: ActorKind) -> Json:
    (actor,) = session.actors.whole([actor_id])
    return _end(kind, actor, world.definitions(session, kind))


def _streams(session: Session, connection: Connection, states: StreamStates, jobs: Sequence[Json]) -> list[Json]:
    # A selection of fields cuts what the connection keeps: the fields left out are in the catalog alone.
    catalog = session.catalogs.get(connection.details.get("sourceCatalogId", ""))
    whole = {key_of(stream): stream for stream in (catalog.streams if catalog else ())}
    rows: dict[StreamKey, int] = {}
    for job in jobs:
        for key, count in job["rows_by_stream"].items():
            rows.setdefault(key, count)
    found: list[Json] = []
    for entry in connection.details["streams"]:
        key = key_of(entry["stream"])
        state = states.streams.get(key)
        shown = {"rows": rows.get(key), "state": None if state is None else _shown(state)}  # rows: of the last job
        found.append({**_stream(whole.get(key) or entry["stream"], entry["config"]), **shown})
    return sorted(found, key=lambda stream: (stream["namespace"] or "", stream["name"]))


def _stream(stream: Json, config: Json) -> Json:
    incremental = config.get("syncMode") == "incremental"
    cursor: list[str] = config.get("cursorField") or stream.get("defaultCursorField") or []
    key: list[list[str]] = config.get("primaryKey") or stream.get("sourceDefinedPrimaryKey") or []
    return {
        "name": stream["name"],
        "namespace": stream.get("namespace"),
        "mode": sync_mode(config),
        "cursor": (".".join(cursor) or "chosen by the source") if incremental else None,
        "key": ", ".join(".".join(path) for path in key) or None,
        **_fields(stream, config),
    }


def _fields(stream: Json, config: Json) -> Json:
    """Those that are moved, and the names of those that are not."""
    declared = stream.get("jsonSchema", {}).get("properties")
    properties: Json = declared if is_object(declared) else {}
    names = list(properties)
    if config.get("fieldSelectionEnabled"):
        names = [field["fieldPath"][0] for field in config.get("selectedFields", []) if field.get("fieldPath")]
    hashed = {field["fieldPath"][0] for field in config.get("hashedFields", []) if field.get("fieldPath")}
    fields = [{"name": name, "type": _type(properties.get(name)), "hashed": name in hashed} for name in names]
    return {"fields": fields, "left_out": [name for name in properties if name not in names]}


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
