"""Jobs of the Public API: one resource, in words of its own."""

from __future__ import annotations

import re
from datetime import datetime, timezone

from airbyte_local.handlers.jobs import TIMES, find_job, wanted_jobs
from airbyte_local.jobs.requesting import cancel_job, request_clear, request_sync
from airbyte_local.jobs.world import Call, Errand
from airbyte_local.model.errors import Broken, Known
from airbyte_local.model.json_values import Json, bean, form
from airbyte_local.model.paging import page
from airbyte_local.model.records import Attempt, Job
from airbyte_local.public_api.answers import bad_request, listed, pagination, problem, workspace_ids

# Also a clear is called a reset here: the vendor's table has no other word for it.
TYPES = {"sync": "sync", "reset_connection": "reset", "clear": "reset", "refresh": "refresh"}
CONFIG_TYPES = {"sync": ["sync"], "reset": ["reset_connection"], "clear": ["clear"], "refresh": ["refresh"]}
ORDER = re.compile(r"([a-zA-Z0-9]+)\|(ASC|DESC)")
ORDERS = {name.lower(): name for name in ("createdAt", "updatedAt")}


def create(errand: Errand) -> Json:
    world, connection_id = errand.world, errand.body["connectionId"]
    match errand.body["jobType"]:
        case "sync":
            try:
                job = request_sync(world, connection_id)
            except Known as busy:
                raise problem("try-again-later", {"message": busy.message}) from busy
        case "reset" | "clear" as kind:
            job = request_clear(world, connection_id, CONFIG_TYPES[kind][0])
        case _:
            raise problem("unprocessable-entity", {"message": "Refreshes are not supported in the public API"})
    return job_read(job, [])


def get(call: Call) -> Json:
    """An unknown job is told in the words for one that does not run, by the vendor too."""
    try:
        return job_read(*find_job(call.session, call.body["jobId"]))
    except Broken as broken:
        raise _not_running() from broken


def cancel(errand: Errand) -> Json:
    try:
        job = cancel_job(errand.world, errand.body["jobId"])
    except Broken as broken:
        raise _not_running() from broken
    with errand.world.store.transaction() as session:
        return job_read(*find_job(session, job.id))


def list_all(call: Call) -> Json:
    """The oldest first, where nothing else is asked for."""
    jobs, body = call.session.jobs, call.body
    connection_id: str | None = body.get("connectionId")
    field, method = _order(body.get("orderBy"))
    asked = bean(
        configTypes=CONFIG_TYPES[body["jobType"]] if "jobType" in body else None,
        statuses=[body["status"]] if "status" in body else None,
        orderByField=field,
        orderByMethod=method,
        **{name: body.get(name) for name in TIMES},
    )
    workspaces = None if connection_id else workspace_ids(call)
    pages = pagination(call)
    ids = jobs.ids(wanted_jobs(asked, connection_id=connection_id, workspaces=workspaces))
    shown = page(ids, size=pages["pageSize"], offset=pages["rowOffset"])
    rows = [job_read(*found) for found in jobs.with_attempts(shown)]
    return listed(call, "jobs", rows, _repeated(body))


def job_read(job: Job, attempts: list[Attempt]) -> Json:
    seconds = job.updated_at - job.created_at
    return form(
        "public_job",
        jobId=job.id,
        status=job.status,
        jobType=TYPES[job.config_type],
        startTime=java_time(job.created_at),
        connectionId=job.connection_id,
        lastUpdatedAt=java_time(job.updated_at),
        duration=java_duration(seconds) if job.ended else None,
        bytesSynced=sum(attempt.total("bytes_committed") for attempt in attempts),
        rowsSynced=sum(attempt.total("records_committed") for attempt in attempts),
    )


def java_time(seconds: int) -> str:
    """As OffsetDateTime.toString() writes it: seconds are left out where they are zero."""
    at = datetime.fromtimestamp(seconds, timezone.utc)
    return f"{at:%Y-%m-%dT%H:%M}Z" if at.second == 0 else f"{at:%Y-%m-%dT%H:%M:%S}Z"


def java_duration(seconds: int) -> str:
    """As Duration.toString() writes it: ISO 8601, hours the greatest unit."""
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    parts = [f"{count}{unit}" for count, unit in ((hours, "H"), (minutes, "M"), (rest, "S")) if count]
    return f"PT{''.join(parts) or '0S'}"


def _order(said: str | None) -> tuple[str, str]:
    if said is None:
        return "createdAt", "ASC"
    found = ORDER.search(said)
    if found is None or found[1].lower() not in ORDERS:
        raise bad_request(f"Invalid order by clause provided: {said}")
    return ORDERS[found[1].lower()], found[2]


def _repeated(body: Json) -> list[tuple[str, str]]:
    """What the vendor says again in the way to the next page: not the status, the times and the order."""
    if "connectionId" in body:
        return [(name, body[name]) for name in ("jobType", "connectionId") if name in body]
    query = [("jobType", body["jobType"])] if "jobType" in body else []
    return [*query, *[("workspaceIds", id_) for id_ in body.get("workspaceIds", [])]]


def _not_running() -> Exception:
    return problem("state-conflict", {"message": "Job is not currently running"})
