"""Jobs of the Config API: asked for, listed, looked at, cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from airbyte_local.errors import Broken
from airbyte_local.handlers.connections import find_connection
from airbyte_local.handlers.job_reads import job_info, job_row, job_with_attempts
from airbyte_local.handlers.running import Errand
from airbyte_local.jobs.requesting import cancel_job, request_clear, request_refresh, request_sync
from airbyte_local.json_values import Json, bean
from airbyte_local.paging import page
from airbyte_local.store import Attempt, Job, Session, StreamKey
from airbyte_local.world import Call, World

REPLICATION = ("sync", "reset_connection", "refresh", "clear")
JOBS_A_PAGE = 200
SYNC_STATUS = {"succeeded": "synced", "failed": "failed", "cancelled": "failed", "incomplete": "incomplete"}


def sync(errand: Errand) -> Json:
    return _info(errand.world, request_sync(errand.world, errand.body["connectionId"]))


def reset(errand: Errand) -> Json:
    return _info(errand.world, request_clear(errand.world, errand.body["connectionId"], "reset_connection"))


def clear(errand: Errand) -> Json:
    return _info(errand.world, request_clear(errand.world, errand.body["connectionId"], "clear"))


def reset_streams(errand: Errand) -> Json:
    streams = _named(errand.body)
    return _info(
        errand.world, request_clear(errand.world, errand.body["connectionId"], "reset_connection", streams)
    )


def clear_streams(errand: Errand) -> Json:
    return _info(
        errand.world, request_clear(errand.world, errand.body["connectionId"], "clear", _named(errand.body))
    )


def refresh(errand: Errand) -> Json:
    body = errand.body
    streams = _named(body) if "streams" in body else None
    job = request_refresh(errand.world, body["connectionId"], body["refreshMode"], streams)
    return {"job": job_row(job, [])}


def cancel(errand: Errand) -> Json:
    return _info(errand.world, cancel_job(errand.world, errand.body["id"]))


def get(call: Call) -> Json:
    job, attempts = find_job(call.session, call.body["id"])
    return job_info(call.world, job, attempts)


def get_without_logs(call: Call) -> Json:
    job, attempts = find_job(call.session, call.body["id"])
    return job_info(call.world, job, attempts, logs=False)


def get_light(call: Call) -> Json:
    return {"job": job_row(*find_job(call.session, call.body["id"]))}


def get_last_replication_job(call: Call) -> Json:
    """Empty where there was none."""
    found = call.session.jobs.of_connections([call.body["connectionId"]])
    return {"job": job_row(*find_job(call.session, found[0].id))} if found else {}


def list_all(call: Call) -> Json:
    wanted: str | None = call.body.get("configId")
    connections = [wanted] if wanted else _connections_of(call.session, None)
    return _listed(call, connections)


def list_for_workspaces(call: Call) -> Json:
    wanted: str | None = call.body.get("configId")
    connections = _connections_of(call.session, call.body.get("workspaceIds"))
    return _listed(call, [each for each in connections if wanted in {None, each}])


def statuses(call: Call) -> list[Json]:
    """How each connection is doing."""
    return [_status(call.session, connection_id) for connection_id in call.body["connectionIds"]]


def find_job(session: Session, job_id: int) -> tuple[Job, list[Attempt]]:
    """Raises:
    Broken: nobody knows it, which crashes the vendor's server.
    """
    job = session.jobs.get(job_id)
    if job is None:
        raise Broken(message=f"IllegalStateException: Failed to cancel job {job_id}: there is none")
    return job, session.jobs.attempts([job_id])[job_id]


def wanted_jobs(session: Session, connections: Sequence[str], body: Json) -> list[Job]:
    """Filtered and sorted as a listing asks for it; the newest first where it does not."""
    found = [job for job in session.jobs.of_connections(connections) if _matches(job, body)]
    if "orderByField" in body or "orderByMethod" in body:
        field = "updated_at" if body.get("orderByField") == "updatedAt" else "created_at"
        found.sort(key=lambda job: (getattr(job, field), job.id), reverse=body.get("orderByMethod") != "ASC")
    return found


def _matches(job: Job, body: Json) -> bool:
    return (
        job.config_type in body.get("configTypes", REPLICATION)
        and job.status in body.get("statuses", [job.status])
        and _between(job.created_at, body.get("createdAtStart"), body.get("createdAtEnd"))
        and _between(job.updated_at, body.get("updatedAtStart"), body.get("updatedAtEnd"))
    )


def _between(at: int, start: str | None, end: str | None) -> bool:
    return (start is None or _seconds(start) <= at) and (end is None or at <= _seconds(end))


def _seconds(text: str) -> float:
    try:
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise Broken(message=f"DateTimeParseException: Text '{text}' could not be parsed") from error
    return (at if at.tzinfo else at.replace(tzinfo=timezone.utc)).timestamp()


def _listed(call: Call, connections: Sequence[str]) -> Json:
    found = wanted_jobs(call.session, connections, call.body)
    pagination: Json = call.body.get("pagination", {})
    size, offset = pagination.get("pageSize", JOBS_A_PAGE), pagination.get("rowOffset", 0)
    by_id = {job.id: job for job in found}
    shown = page(list(by_id), size=size, offset=offset)
    attempts = call.session.jobs.attempts(shown)
    jobs: list[Any] = [job_with_attempts(by_id[job_id], attempts[job_id]) for job_id in shown]
    return {"jobs": jobs, "totalJobCount": len(found)}


def _connections_of(session: Session, workspaces: Sequence[str] | None) -> list[str]:
    known = [workspace.id for workspace in session.workspaces.all()] if workspaces is None else workspaces
    return session.connections.ids(known, deleted=True)


def _status(session: Session, connection_id: str) -> Json:
    connection = find_connection(session, connection_id)
    found = session.jobs.of_connections([connection_id])
    active = next((job for job in found if not job.ended), None)
    last = next((job for job in found if job.ended), None)
    good = next((job for job in found if job.status == "succeeded"), None)
    attempts = session.jobs.attempts([last.id])[last.id] if last else []
    failures = attempts[-1].failures if attempts else ()
    return bean(
        connectionId=connection_id,
        connectionSyncStatus=_sync_status(connection.status, active, last),
        scheduleData=connection.details.get("scheduleData"),
        lastSuccessfulSync=good.updated_at if good else None,
        activeJob=job_row(active, []) if active else None,
        lastSyncJobId=last.id if last else None,
        lastSyncAttemptNumber=attempts[-1].number if attempts else None,
        lastSyncJobCreatedAt=last.created_at if last else None,
        failureReason=bean(**failures[0]) if failures else None,
    )


def _sync_status(status: str, active: Job | None, last: Job | None) -> str:
    if active is not None:
        return "running"
    if status == "inactive":
        return "paused"
    return SYNC_STATUS[last.status] if last else "pending"


def _info(world: World, job: Job) -> Json:
    with world.store.transaction() as session:
        return job_info(world, *find_job(session, job.id))


def _named(body: Json) -> list[StreamKey]:
    return [(each.get("streamNamespace") or None, each["streamName"]) for each in body["streams"]]
