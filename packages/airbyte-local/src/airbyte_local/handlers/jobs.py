"""Jobs of the Config API: asked for, listed, looked at, cancelled."""

from __future__ import annotations

from collections.abc import Sequence

from airbyte_local.handlers.job_reads import job_info, job_row, job_with_attempts
from airbyte_local.jobs.requesting import cancel_job, request_clear, request_refresh, request_sync
from airbyte_local.jobs.world import Call, Errand, World
from airbyte_local.model.errors import Broken
from airbyte_local.model.json_values import Json
from airbyte_local.model.paging import page
from airbyte_local.store import Attempt, Job, JobQuery, Session, StreamKey

JOBS_A_PAGE = 200


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
    found = call.session.jobs.latest(call.body["connectionId"], most=1)
    return {"job": job_row(*find_job(call.session, found[0].id))} if found else {}


def list_all(call: Call) -> Json:
    return _listed(call, wanted_jobs(call.body, connection_id=call.body.get("configId")))


def list_for_workspaces(call: Call) -> Json:
    body = call.body
    return _listed(call, wanted_jobs(body, connection_id=body.get("configId"), workspaces=body.get("workspaceIds")))


def find_job(session: Session, job_id: int) -> tuple[Job, list[Attempt]]:
    """Raises:
    Broken: nobody knows it, which crashes the vendor's server.
    """
    job = session.jobs.get(job_id)
    if job is None:
        raise Broken(message=f"RuntimeException: Could not find job with id: {job_id}")
    return job, session.jobs.attempts([job_id])[job_id]


def wanted_jobs(
    body: Json, *, connection_id: str | None = None, workspaces: Sequence[str] | None = None
) -> JobQuery:
    """Filtered and sorted as a listing asks for it; the newest first where it does not."""
    ordered = "orderByField" in body or "orderByMethod" in body
    field = "updated_at" if body.get("orderByField") == "updatedAt" else "created_at"
    return JobQuery(
        connection_id=connection_id,
        workspace_ids=workspaces,
        config_types=body.get("configTypes"),
        statuses=body.get("statuses"),
        created=(body.get("createdAtStart"), body.get("createdAtEnd")),
        updated=(body.get("updatedAtStart"), body.get("updatedAtEnd")),
        order=field if ordered else "id",
        ascending=body.get("orderByMethod") == "ASC",
    )


def _listed(call: Call, query: JobQuery) -> Json:
    """`includingJobId`: as many whole pages as it takes to come to that job; none, where it is not among them."""
    body, jobs = call.body, call.session.jobs
    pagination: Json = body.get("pagination", {})
    size, offset = max(pagination.get("pageSize", JOBS_A_PAGE), 0), max(pagination.get("rowOffset", 0), 0)
    found = ids = jobs.ids(query)
    if "includingJobId" in body and size:
        wanted: int = body["includingJobId"]
        ids = ids if wanted in ids else []
        size, offset = ((ids.index(wanted) + 1) // size + 1) * size if ids else size, 0
    shown = page(ids, size=size, offset=offset)
    return {
        "jobs": [job_with_attempts(*each) for each in jobs.with_attempts(shown)],
        "totalJobCount": len(found),
    }


def _info(world: World, job: Job) -> Json:
    with world.store.transaction() as session:
        return job_info(world, *find_job(session, job.id))


def _named(body: Json) -> list[StreamKey]:
    return [(each.get("streamNamespace") or None, each["streamName"]) for each in body["streams"]]
