"""What one attempt needs, read from the store before anything moves: both ends, the streams, the state so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.connectors.definitions import ActorDefinition
from airbyte_local.connectors.protocol import Destination, Source
from airbyte_local.jobs.discovery import Runnable, discover_source, stored_runnable
from airbyte_local.jobs.failures import AttemptFailed, Failure, Origin, misconfigured
from airbyte_local.jobs.streams import JobStream, job_stream
from airbyte_local.jobs.world import World
from airbyte_local.model.catalogs import key_of
from airbyte_local.model.json_values import Json
from airbyte_local.model.records import Connection, Job, StreamKey, StreamStates
from airbyte_local.store.database import Session

CLEARING = frozenset({"clear", "reset_connection"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    streams: tuple[JobStream, ...]
    states: StreamStates
    ends: Ends
    source: Source | None  # None: nothing is read, as in a clear
    destination: Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """A connection with both of its actors, as the store has them now."""

    connection: Connection
    source: Runnable
    destination: Runnable


def read_ends(world: World, session: Session, job: Job) -> Ends:
    """Raises:
    AttemptFailed: an end was deleted.
    """
    connection = session.connections.find(job.connection_id)
    return Ends(
        connection=connection,
        source=_end(world, session, "source", connection.source_id),
        destination=_end(world, session, "destination", connection.destination_id),
    )


def prepare(world: World, job: Job, ends: Ends, cancellation: Cancellation) -> Prepared:
    """Raises:
    AttemptFailed: the job cannot be done as it is configured.
    Cancelled: while the source was discovered.
    """
    clearing = job.config_type in CLEARING
    entries = _entries(ends.connection, job) if clearing else ends.connection.details["streams"]
    if not entries:
        raise misconfigured("airbyte_platform", "No stream of the connection is selected.")
    destination = ends.destination.definition.connector
    if not isinstance(destination, Destination):
        raise _imitated("destination", ends.destination.definition)
    _check_configuration("destination", ends.destination)
    _check_modes(entries, ends.destination.definition)
    source = (
        None if clearing else _source(world, ends, [key_of(entry["stream"]) for entry in entries], cancellation)
    )
    with world.store.transaction() as session:
        states = session.states.get(ends.connection.id)
    streams = [job_stream(ends.connection, entry, states, job_id=job.id, empties=clearing) for entry in entries]
    return Prepared(streams=tuple(streams), states=states, ends=ends, source=source, destination=destination)


def _source(world: World, ends: Ends, wanted: Sequence[StreamKey], cancellation: Cancellation) -> Source:
    connector = ends.source.definition.connector
    if not isinstance(connector, Source):
        raise _imitated("source", ends.source.definition)
    _check_configuration("source", ends.source)
    for use_cache in (True, False):  # a stream that came after the last discovery is no missing one
        found = discover_source(world, ends.connection.source_id, use_cache=use_cache, cancellation=cancellation)
        cancellation.raise_if_requested()
        if found.catalog is None:
            kind = "system_error" if found.crashed else "config_error"
            message = found.failure or "The source cannot be discovered."
            raise AttemptFailed(Failure(origin="source", kind=kind, message=message))
        there = {key_of(stream) for stream in found.catalog.streams}
        missing = [key for key in wanted if key not in there]
        if not missing:
            return connector
    names = ", ".join(name for _, name in missing)
    has = ", ".join(name for _, name in there) or "none"
    raise misconfigured("source", f"The source has no stream {names}; it has {has}.", stream=missing[0])


def _entries(connection: Connection, job: Job) -> list[Json]:
    """Those of a clear: the streams it names, as the connection has them."""
    named = {key_of(stream) for stream in job.details["streams"]}
    return [entry for entry in connection.details["streams"] if key_of(entry["stream"]) in named]


def _end(world: World, session: Session, kind: Origin, actor_id: str) -> Runnable:
    actor = session.actors.get(actor_id)
    if actor is None or actor.tombstone:
        raise misconfigured(kind, f"The {kind} was deleted.")
    return stored_runnable(world, session, actor)


def _check_configuration(origin: Origin, end: Runnable) -> None:
    if violation := end.violation():
        raise misconfigured(origin, violation)


def _check_modes(entries: Sequence[Json], destination: ActorDefinition) -> None:
    served = {*destination.sync_modes}
    if {"append_dedup", "overwrite"} <= served:
        served.add("overwrite_dedup")
    for entry in entries:
        mode, name = entry["config"]["destinationSyncMode"], entry["stream"]["name"]
        if mode not in served:
            message = f"{destination.name} cannot {mode} (stream {name}); it knows {', '.join(sorted(served))}."
            raise misconfigured("destination", message)


def _imitated(origin: Origin, definition: ActorDefinition) -> AttemptFailed:
    message = (
        f"{definition.name} is only imitated here: it can be configured and checked, not run."
        " `airbyte-local connectors` lists what runs."
    )
    return misconfigured(origin, message)
