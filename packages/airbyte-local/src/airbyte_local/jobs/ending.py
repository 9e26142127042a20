"""Telling jobs to stop, from within a transaction and without waiting for it."""

from __future__ import annotations

from airbyte_local.store import Job, Session
from airbyte_local.world import World


def stop_job(world: World, session: Session, job: Job) -> None:
    """One that runs is told to stop and says itself when it has; one that waits is over at once."""
    if not world.workers.cancel(job.id):
        session.jobs.set_status(job.id, "cancelled", at=world.now())


def stop_jobs_of(world: World, session: Session, connection_id: str) -> list[Job]:
    """Those of a connection that is going away, or that gets another job."""
    found = session.jobs.unfinished(connection_id)
    for job in found:
        stop_job(world, session, job)
    return found
