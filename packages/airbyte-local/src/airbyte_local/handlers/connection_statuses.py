"""How connections are doing, as the vendor tells it from their last jobs."""

from __future__ import annotations

from collections.abc import Sequence

from airbyte_local.handlers.job_reads import job_row
from airbyte_local.jobs.world import Call
from airbyte_local.model.json_values import Json, bean
from airbyte_local.store import Connection, Job

LOOKED_AT = 10
"""Jobs of a connection, from the newest on."""
CLEARING = {"reset_connection", "clear"}


def statuses(call: Call) -> list[Json]:
    return [_status(call, connection_id) for connection_id in call.body["connectionIds"]]


def _status(call: Call, connection_id: str) -> Json:
    connection = call.session.connections.find(connection_id)
    jobs = call.session.jobs.latest(connection_id, most=LOOKED_AT)
    last = next((job for job in jobs if job.status in {"succeeded", "failed"}), None)
    good = next((job for job in jobs if job.status == "succeeded"), None)
    attempts = call.session.jobs.attempts([last.id])[last.id] if last else []
    failures = attempts[-1].failures if last and last.status == "failed" and attempts else ()
    words = _flags(jobs, last) if call.world.profile.status_flags else _words(connection, jobs, last, failures)
    return bean(
        connectionId=connection_id,
        **words,
        lastSuccessfulSync=good.updated_at if good else None,
        lastSyncJobId=last.id if last else None,
        lastSyncAttemptNumber=attempts[-1].number if attempts else None,
        failureReason=bean(**failures[0]) if failures else None,
    )


def _words(connection: Connection, jobs: list[Job], last: Job | None, failures: Sequence[Json]) -> Json:
    synced = next((job for job in jobs if job.config_type not in CLEARING), None)
    return bean(
        connectionSyncStatus=_word(connection, jobs, last, failures),
        scheduleData=connection.details.get("scheduleData"),
        activeJob=job_row(jobs[0], []) if jobs and not jobs[0].ended else None,
        lastSyncJobCreatedAt=synced.created_at if synced else None,
    )


def _word(connection: Connection, jobs: list[Job], last: Job | None, failures: Sequence[Json]) -> str:
    if jobs and not jobs[0].ended:
        return "running"
    if connection.details.get("breakingChange") or any(each["failureType"] == "config_error" for each in failures):
        return "failed"
    if connection.status != "active":
        return "paused"
    if jobs and jobs[0].status == "cancelled":
        return "incomplete"
    if last is None or jobs[0].config_type in CLEARING:
        return "pending"
    return "incomplete" if last.status == "failed" else "synced"


def _flags(jobs: list[Job], last: Job | None) -> Json:
    ended = next((job for job in jobs if job.ended), None)
    return bean(
        isRunning=bool(jobs) and not jobs[0].ended,
        isLastCompletedJobReset=ended is not None and ended.config_type in CLEARING,
        lastSyncJobStatus=last.status if last else None,
    )
