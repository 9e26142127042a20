"""Jobs of the Config API: asked for, listed, looked at, cancelled; and how connections are doing by them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timezone
from typing import Any

from airbyte_local.jobs.logs import LogLine, read_log
from airbyte_local.jobs.requesting import cancel_job, request_clear, request_refresh, request_sync
from airbyte_local.jobs.world import Call, Errand, World
from airbyte_local.model.errors import Broken
from airbyte_local.model.json_values import Form, Json, bean, form
from airbyte_local.model.paging import page
from airbyte_local.model.records import Attempt, Connection, Job, StreamKey, StreamStats
from airbyte_local.store.database import Session
from airbyte_local.store.jobs import JobQuery

JOBS_A_PAGE = 200
TIMES = ("createdAtStart", "createdAtEnd", "updatedAtStart", "updatedAtEnd")
"""What a listing may be bounded by."""
COUNTS = {
    f"{what}{how.title()}": f"{what}_{how}" for how in ("emitted", "committed") for what in ("records", "bytes")
}
LOOKED_AT = 10
"""Jobs of a connection, from the newest on."""
CLEARING = {"reset_connection", "clear"}


def sync(errand: Errand) -> Json:
    return _info(errand.world, request_sync(errand.world, errand.body["connectionId"]))


def clearing(config_type: str) -> Callable[[Errand], Json]:
    """Of all streams, or of those that are named: `reset_connection` and `clear` are two words for one thing."""

    def clear(errand: Errand) -> Json:
        body = errand.body
        return _info(errand.world, request_clear(errand.world, body["connectionId"], config_type, _named(body)))

    return clear


def refresh(errand: Errand) -> Json:
    body = errand.body
    job = request_refresh(errand.world, body["connectionId"], body["refreshMode"], _named(body))
    return {"job": job_row(job, [])}


def cancel(errand: Errand) -> Json:
    return _info(errand.world, cancel_job(errand.world, errand.body["id"]))


def get(call: Call, *, logs: bool = True) -> Json:
    return job_info(call.world, *find_job(call.session, call.body["id"]), logs=logs)


def get_light(call: Call) -> Json:
    return {"job": job_row(*find_job(call.session, call.body["id"]))}


def get_last_replication_job(call: Call) -> Json:
    """Empty where there was none."""
    found = call.session.jobs.latest(call.body["connectionId"], most=1)
    return {"job": job_row(*find_job(call.session, found[0].id))} if found else {}


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


def list_all(call: Call) -> Json:
    """`includingJobId`: as many whole pages as it takes to come to that job; none, where it is not among them."""
    body, jobs = call.body, call.session.jobs
    query = wanted_jobs(body, connection_id=body.get("configId"), workspaces=body.get("workspaceIds"))
    pagination: Json = body.get("pagination", {})
    size, offset = max(pagination.get("pageSize", JOBS_A_PAGE), 0), max(pagination.get("rowOffset", 0), 0)
    found = ids = jobs.ids(query)
    if "includingJobId" in body and size:
        wanted: int = body["includingJobId"]
        ids = ids if wanted in ids else []
        size, offset = ((ids.index(wanted) + 1) // size + 1) * size if ids else size, 0
    shown = page(ids, size=size, offset=offset)
    return {
        "jobs": [
            {"job": job_row(job, attempts), "attempts": [attempt_row(attempt) for attempt in attempts]}
            for job, attempts in jobs.with_attempts(shown)
        ],
        "totalJobCount": len(found),
    }


def _info(world: World, job: Job) -> Json:
    with world.store.transaction() as session:
        return job_info(world, *find_job(session, job.id))


def _named(body: Json) -> list[StreamKey] | None:
    if "streams" not in body:
        return None
    return [(stream.get("streamNamespace") or None, stream["streamName"]) for stream in body["streams"]]


def job_row(job: Job, attempts: Sequence[Attempt]) -> Json:
    """The vendor's JobRead."""
    streams: list[Json] = job.details["streams"]
    return form(
        "job_row",
        id=job.id,
        configType=job.config_type,
        configId=job.connection_id,
        enabledStreams=streams,
        createdAt=job.created_at,
        updatedAt=job.updated_at,
        startedAt=job.started_at,
        status=job.status,
        resetConfig={"streamsToReset": streams} if job.config_type in CLEARING else None,
        refreshConfig={"streamsToRefresh": streams} if job.config_type == "refresh" else None,
        aggregatedStats=_counted([stream for attempt in attempts for stream in attempt.streams]),
        streamAggregatedStats=_by_stream(attempts),
    )


def job_info(world: World, job: Job, attempts: Sequence[Attempt], *, logs: bool = True) -> Json:
    """The vendor's JobInfoRead, with all that was said."""
    return {
        "job": job_row(job, attempts),
        "attempts": [{"attempt": attempt_row(row), **_logs(world, row, wanted=logs)} for row in attempts],
    }


def attempt_row(attempt: Attempt) -> Json:
    """The vendor's AttemptRead."""
    total = _counted(attempt.streams)
    failures = [bean(**failure) for failure in attempt.failures]
    committed = total["recordsCommitted"]
    return bean(
        id=attempt.number,
        status=attempt.status,
        createdAt=attempt.created_at,
        updatedAt=attempt.updated_at,
        endedAt=attempt.ended_at,
        bytesSynced=total["bytesCommitted"],
        recordsSynced=committed,
        totalStats=Form("stats", {**total, "stateMessagesEmitted": attempt.states}),
        streamStats=[{**_stream(stream), "stats": _counted([stream])} for stream in attempt.streams],
        failureSummary={"failures": failures, "partialSuccess": committed > 0} if failures else None,
    )


def _logs(world: World, attempt: Attempt, *, wanted: bool) -> Json:
    lines = read_log(world.data, attempt.job_id, attempt.number)[0] if wanted else []
    if world.profile.structured_logs:
        events = [
            {"timestamp": line.at, "message": line.message, "level": line.level, "logSource": line.source}
            for line in lines
        ]
        return {"logType": "structured", "logs": {"events": events, "version": "1"}}
    return Form("attempt_logs", {"logType": "formatted", "logs": {"logLines": [_line(line) for line in lines]}})


def _line(line: LogLine) -> str:
    at = datetime.fromtimestamp(line.at / 1000, timezone.utc)
    return f"{at:%Y-%m-%d %H:%M:%S} {line.source} {line.level.upper()} {line.message}"


def _counted(streams: Iterable[StreamStats]) -> Json:
    each = list(streams)
    counts: dict[str, Any] = {said: sum(getattr(stream, name) for stream in each) for said, name in COUNTS.items()}
    return Form("stats", {**counts, "recordsRejected": 0})  # nothing is: a row that does not fit ends the job


def _by_stream(attempts: Sequence[Attempt]) -> list[Json]:
    grouped: dict[tuple[str, str | None], list[StreamStats]] = {}
    for attempt in attempts:
        for stream in attempt.streams:
            grouped.setdefault((stream.name, stream.namespace), []).append(stream)
    return [Form("stats", {**_stream(streams[0]), **_counted(streams)}) for streams in grouped.values()]


def _stream(stream: StreamStats) -> Json:
    return bean(streamName=stream.name, streamNamespace=stream.namespace)


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
    if connection.details.get("breakingChange") or any(row["failureType"] == "config_error" for row in failures):
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
