"""Jobs and attempts as answers show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from typing import Any

from airbyte_local.jobs.logs import LogLine, read_log
from airbyte_local.jobs.world import World
from airbyte_local.model.json_values import Form, Json, bean, form
from airbyte_local.store import Attempt, Job, StreamStats

COUNTS = {
    "recordsEmitted": "records_emitted",
    "bytesEmitted": "bytes_emitted",
    "recordsCommitted": "records_committed",
    "bytesCommitted": "bytes_committed",
}


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
        resetConfig={"streamsToReset": streams} if job.config_type in {"reset_connection", "clear"} else None,
        refreshConfig={"streamsToRefresh": streams} if job.config_type == "refresh" else None,
        aggregatedStats=_counted([stream for attempt in attempts for stream in attempt.streams]),
        streamAggregatedStats=_by_stream(attempts),
    )


def job_with_attempts(job: Job, attempts: Sequence[Attempt]) -> Json:
    return {"job": job_row(job, attempts), "attempts": [attempt_row(attempt) for attempt in attempts]}


def job_info(world: World, job: Job, attempts: Sequence[Attempt], *, logs: bool = True) -> Json:
    """The vendor's JobInfoRead, with all that was said."""
    return {
        "job": job_row(job, attempts),
        "attempts": [{"attempt": attempt_row(each), **_logs(world, each, wanted=logs)} for each in attempts],
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
        streamStats=[{**_named(stream), "stats": _counted([stream])} for stream in attempt.streams],
        failureSummary={"failures": failures, "partialSuccess": committed > 0} if failures else None,
    )


def _logs(world: World, attempt: Attempt, *, wanted: bool) -> Json:
    lines = read_log(world.data, attempt.job_id, attempt.number)[0] if wanted else []
    if world.profile.structured_logs:
        return {"logType": "structured", "logs": {"events": [_event(line) for line in lines], "version": "1"}}
    return Form("attempt_logs", {"logType": "formatted", "logs": {"logLines": [_line(line) for line in lines]}})


def _event(line: LogLine) -> Json:
    return {"timestamp": line.at, "message": line.message, "level": line.level, "logSource": line.source}


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
    return [Form("stats", {**_named(each[0]), **_counted(each)}) for each in grouped.values()]


def _named(stream: StreamStats) -> Json:
    return bean(streamName=stream.name, streamNamespace=stream.namespace)
