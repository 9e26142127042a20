"""The life of a job: out of the queue, one attempt after another, to its end; and what a stopped server left."""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import replace

from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.jobs.attempts import Running, interrupted
from airbyte_local.jobs.checkpoints import begin_afresh
from airbyte_local.jobs.failures import Failure, failure_of
from airbyte_local.jobs.logs import forget_logs
from airbyte_local.jobs.world import World
from airbyte_local.store import Attempt, Job, Session

LOGGER = logging.getLogger(__name__)
STORE_SECONDS = 1.0
"""Between two tries to write down the end of a job, while the disk is full."""


def begin(world: World) -> None:
    """Let jobs run. What an earlier life of the server left running has failed, and can be run again."""
    with world.store.transaction() as session:
        for job in session.jobs.unfinished():
            if job.status != "pending":
                _end(session, job, interrupted(), at=world.now())
    world.workers.begin(lambda free: _claim(world, free), lambda job_id, stop: run(world, job_id, stop))


def _claim(world: World, free: int) -> list[int]:
    """The oldest pending jobs, one a connection; they run from here on."""
    with world.store.transaction() as session:
        claimed = session.jobs.claimable(free)
        for job in claimed:
            session.jobs.set_status(job.id, "running", at=world.now())
            begin_afresh(session, job)
    return [job.id for job in claimed]


def run(world: World, job_id: int, cancellation: Cancellation) -> None:
    """A job that was claimed, to its end. One that was cancelled in between is over already."""
    try:
        with world.store.transaction() as session:
            job = session.jobs.get(job_id)
        if job is not None and job.status == "running":
            forget_logs(world.data, newest=job_id)
            _finish(world, job, _attempts(world, job, cancellation), cancellation)
    except Exception as error:  # noqa: BLE001 - told by what follows
        _give_up(world, job_id, error)


def _attempts(world: World, job: Job, cancellation: Cancellation) -> Attempt:
    """Until one succeeds, or there is no use in another."""
    pauses = iter(world.deployment.retry_seconds)
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


def _give_up(world: World, job_id: int, error: Exception) -> None:
    """A job is over when that is written down. A server that stops says so at its next start."""
    LOGGER.error("job %s", job_id, exc_info=error)
    failure = failure_of("airbyte_platform", error)
    while not (world.workers.stopping or _written(world, job_id, failure)):
        world.workers.pause(STORE_SECONDS)


def _written(world: World, job_id: int, failure: Failure) -> bool:
    try:
        with world.store.transaction() as session:
            job = session.jobs.get(job_id)
            if job is not None and not job.ended:
                _end(session, job, failure, at=world.now())
    except sqlite3.Error:
        return False
    return True


def _end(session: Session, job: Job, failure: Failure, *, at: int) -> None:
    """As failed, but where its last attempt has succeeded: then only the last write is missing."""
    attempts = session.jobs.attempts([job.id])[job.id]
    for attempt in attempts:
        if attempt.status == "running":
            failures = (failure.reason(),)
            session.jobs.save_attempt(
                replace(attempt, status="failed", updated_at=at, ended_at=at, failures=failures)
            )
    succeeded = bool(attempts) and attempts[-1].status == "succeeded"
    session.jobs.set_status(job.id, "succeeded" if succeeded else "failed", at=at)
