"""Telling jobs to stop, from within a transaction and without waiting for it."""

from __future__ import annotations

from airbyte_local.jobs.world import World
from airbyte_local.store import Job, Session


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
