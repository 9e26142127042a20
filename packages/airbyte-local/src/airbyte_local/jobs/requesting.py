"""Asking for a job, and for its end. The queue is the table of jobs; who may enter it is decided here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from airbyte_local.jobs.world import World
from airbyte_local.model.catalogs import key_of
from airbyte_local.model.errors import Broken, Known
from airbyte_local.model.json_values import bean
from airbyte_local.model.records import Connection, Job, StreamKey
from airbyte_local.store.database import Session

CANCEL_SECONDS = 30.0
RefreshMode = Literal["Truncate", "Merge"]


def stop_job(world: World, session: Session, job: Job) -> None:
    """One that runs is told once this is kept, and says itself when it has stopped; one that waits is over now."""
    if world.workers.runs(job.id):
        session.afterwards(lambda: world.workers.cancel(job.id))
    else:
        session.jobs.set_status(job.id, "cancelled", at=world.now())


def stop_jobs_of(world: World, session: Session, connection_id: str) -> list[Job]:
    """Those of a connection that is going away, or that gets another job."""
    found = session.jobs.unfinished(connection_id)
    for job in found:
        stop_job(world, session, job)
    return found


def request_sync(world: World, connection_id: str, *, scheduled: bool = False) -> Job:
    """Raises:
    NotFound: no such connection.
    Broken: it is not active.
    Known: 409, one of its jobs is not over yet.
    """
    with world.store.transaction() as session:
        connection = session.connections.find(connection_id)
        _refuse_inactive(connection)
        if session.jobs.unfinished(connection_id):
            raise Known(status=409, message=f"A sync is already running for: {connection_id}")
        job = _added(world, session, connection, "sync", scheduled=scheduled or None)
    world.workers.wake()
    return job


def request_clear(
    world: World, connection_id: str, config_type: str, streams: Iterable[StreamKey] | None = None
) -> Job:
    """Empty *streams*, or all, at the destination. A job that runs gives way, as the vendor's does.

    Raises:
        NotFound: no such connection.
        Broken: it was deleted.
    """
    with world.store.transaction() as session:
        connection = session.connections.find(connection_id)
        if connection.status == "deprecated":
            raise Broken(message="IllegalStateException: The connection was deleted")
    return _replacing(world, connection_id, config_type, streams)


def request_refresh(
    world: World, connection_id: str, mode: RefreshMode, streams: Iterable[StreamKey] | None = None
) -> Job:
    """Read *streams*, or all where none is named, anew. Truncate: what is there gives way once that is done.

    Raises:
        NotFound: no such connection.
        Broken: it is not active.
    """
    with world.store.transaction() as session:
        _refuse_inactive(session.connections.find(connection_id))
    return _replacing(world, connection_id, "refresh", list(streams or ()) or None, refreshMode=mode)


def cancel_job(world: World, job_id: int) -> Job:
    """Stop a job and wait until it has stopped.

    Raises:
        Broken: there is no such job, or it is over.
    """
    with world.store.transaction() as session:
        job = session.jobs.get(job_id)
        if job is None or job.ended:
            raise Broken(message=f"IllegalStateException: Failed to cancel job {job_id}: it does not run")
        stop_job(world, session, job)
    world.workers.wait(job_id, CANCEL_SECONDS)
    with world.store.transaction() as session:
        return session.jobs.get(job_id) or job


def _refuse_inactive(connection: Connection) -> None:
    if connection.status != "active":
        raise Broken(message="IllegalStateException: Can only sync an active connection")


def _replacing(
    world: World, connection_id: str, config_type: str, streams: Iterable[StreamKey] | None, **details: object
) -> Job:
    """A new job in the place of what runs or waits. It waits itself for what does not stop in time."""
    with world.store.transaction() as session:
        stopped = stop_jobs_of(world, session, connection_id)
    for job in stopped:
        world.workers.wait(job.id, CANCEL_SECONDS)
    with world.store.transaction() as session:
        stop_jobs_of(world, session, connection_id)  # what was asked for in between
        connection = session.connections.find(connection_id)
        job = _added(world, session, connection, config_type, streams, **details)
    world.workers.wake()
    return job


def _added(
    world: World,
    session: Session,
    connection: Connection,
    config_type: str,
    streams: Iterable[StreamKey] | None = None,
    **details: object,
) -> Job:
    wanted = None if streams is None else set(streams)
    keys = [key_of(entry["stream"]) for entry in connection.details["streams"]]
    named = [bean(name=key[1], namespace=key[0]) for key in keys if wanted is None or key in wanted]
    return session.jobs.add(connection.id, config_type, at=world.now(), details=bean(streams=named, **details))
