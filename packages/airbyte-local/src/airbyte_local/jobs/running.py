"""The life of a job: out of the queue, one attempt after another, to its end; and what a stopped server left."""

from __future__ import annotations

import logging
from dataclasses import replace

from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.jobs.attempts import Running, interrupted
from airbyte_local.jobs.logs import forget_logs
from airbyte_local.store import Attempt, Job, Session
from airbyte_local.world import World

LOGGER = logging.getLogger(__name__)


def begin(world: World) -> None:
    """Let jobs run. What an earlier life of the server left running has failed, and can be run again."""
    with world.store.transaction() as session:
        for job in session.jobs.unfinished():
            if job.status != "pending":
                _interrupt(world, session, job)
    world.workers.begin(lambda free: _claim(world, free), lambda job_id, stop: _run(world, job_id, stop))


def _claim(world: World, free: int) -> list[int]:
    """The oldest pending jobs, one a connection; they run from here on."""
    with world.store.transaction() as session:
        unfinished = session.jobs.unfinished()
        busy = {job.connection_id for job in unfinished if job.status != "pending"}
        claimed: list[int] = []
        for job in unfinished:
            if len(claimed) < free and job.status == "pending" and job.connection_id not in busy:
                busy.add(job.connection_id)
                session.jobs.set_status(job.id, "running", at=world.now())
                claimed.append(job.id)
    return claimed


def _run(world: World, job_id: int, cancellation: Cancellation) -> None:
    try:
        with world.store.transaction() as session:
            job = session.jobs.get(job_id)
        if job is not None:
            forget_logs(world.data, newest=job_id)
            _finish(world, job, _attempts(world, job, cancellation), cancellation)
    except Exception:
        if not world.workers.stopping:  # a store that was closed under a job that could not be stopped in time
            LOGGER.exception("job %s", job_id)
            _fail(world, job_id)


def _attempts(world: World, job: Job, cancellation: Cancellation) -> Attempt:
    """Until one succeeds, or there is no use in another."""
    pauses = iter(world.retry_seconds)
    number = 0
    while True:
        attempt = _attempt(world, job, number, cancellation)
        pause = next(pauses, None)
        if attempt.status == "succeeded" or pause is None or cancellation.requested or not _retryable(attempt):
            return attempt
        with world.store.transaction() as session:
            session.jobs.set_status(job.id, "incomplete", at=world.now())
        if cancellation.wait(pause):
            return attempt
        with world.store.transaction() as session:
            session.jobs.set_status(job.id, "running", at=world.now())
        number += 1


def _attempt(world: World, job: Job, number: int, cancellation: Cancellation) -> Attempt:
    at = world.now()
    attempt = Attempt(job_id=job.id, number=number, status="running", created_at=at, updated_at=at)
    running = Running(world=world, job=job, cancellation=cancellation, attempt=attempt)
    return running.run()


def _retryable(attempt: Attempt) -> bool:
    return all(failure.get("retryable", True) for failure in attempt.failures)


def _finish(world: World, job: Job, attempt: Attempt, cancellation: Cancellation) -> None:
    status = attempt.status
    if status == "failed" and cancellation.requested and not world.workers.stopping:
        status = "cancelled"
    with world.store.transaction() as session:
        session.jobs.set_status(job.id, status, at=world.now())


def _fail(world: World, job_id: int) -> None:
    with world.store.transaction() as session:
        session.jobs.set_status(job_id, "failed", at=world.now())


def _interrupt(world: World, session: Session, job: Job) -> None:
    at = world.now()
    attempts = session.jobs.attempts([job.id])[job.id]
    for attempt in attempts:
        if attempt.status == "running":
            failures = (interrupted().reason(),)
            session.jobs.save_attempt(
                replace(attempt, status="failed", updated_at=at, ended_at=at, failures=failures)
            )
    succeeded = bool(attempts) and attempts[-1].status == "succeeded"  # stopped between the two last writes
    session.jobs.set_status(job.id, "succeeded" if succeeded else "failed", at=at)
