"""Syncs through the Config API: asked for, looked at with what they log and move, cancelled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from dagster_managed_elements.airbyte.config_api.endpoints import CONNECTIONS
from dagster_managed_elements.airbyte.servers.api_roots import CONFIG_ROOT
from dagster_managed_elements.airbyte.wire import (
    Json,
    job_status,
    object_in,
    read_count,
    read_list,
    read_optional,
    read_optional_list,
    read_optional_text,
)
from dagster_managed_elements.api.client import Client
from dagster_managed_elements.api.requests import Effect, Request
from dagster_managed_elements.definitions.ports import Amounts, Job, StreamId

_JOBS: Final = f"{CONFIG_ROOT}/jobs"


class ConfigJobs:
    """See `Jobs`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def running(self, connection_id: str) -> Job | None:
        """Of the newest ones: a connection has one at a time."""
        path = f"{_JOBS}/list"
        asked = {"configTypes": ["sync"], "configId": connection_id, "pagination": {"pageSize": 5, "rowOffset": 0}}
        rows = read_list(await self._send(path, asked), "jobs", path)
        jobs = [_job(row, f"{path}[{number}]") for number, row in enumerate(rows)]
        return next((job for job in jobs if not job.is_over), None)

    async def newest(self, connection_id: str) -> Job | None:
        """Of all that read or write it: a clear is one, too."""
        path = f"{_JOBS}/get_last_replication_job"
        body = object_in(await self._send(path, {"connectionId": connection_id}), path)
        return _job(body, path) if read_optional(body, "job", path) is not None else None

    async def start(self, connection_id: str) -> Job:
        path = f"{CONNECTIONS}/sync"
        return _job(await self._send(path, {"connectionId": connection_id}, "create"), path)

    async def read(self, job_id: str, *, after: int | None) -> Job:
        """The read that tells the log does not count what each stream moved."""
        if after is None:
            return await self._counted(job_id)
        path = f"{_JOBS}/get"
        body = await self._send(path, {"id": int(job_id)})
        lines = tuple(islice(_lines(read_optional_list(body, "attempts", path), path), after, None))
        job = _job(body, path)
        if job.is_over:
            job = await self._counted(job_id)
        return replace(job, lines=lines)

    async def _counted(self, job_id: str) -> Job:
        path = f"{_JOBS}/get_without_logs"
        return _job(await self._send(path, {"id": int(job_id)}), path)

    async def cancel(self, job_id: str) -> None:
        await self._send(f"{_JOBS}/cancel", {"id": int(job_id)}, "update")

    async def _send(self, path: str, body: Json, effect: Effect = "read") -> Any:
        return await self._client.send(Request(path=path, json=body, effect=effect))


def _job(body: Any, at: str) -> Job:
    """*body* is `{job, attempts}`; an attempt stands there as it is or, with its log, one level deeper."""
    job = object_in(read_optional(body, "job", at), f"{at}.job")
    attempts = [
        object_in(object_in(row, at).get("attempt", row), f"{at}.attempts")
        for row in read_optional_list(body, "attempts", at)
    ]
    streams = _streams(job, attempts, at)
    counted = read_optional(job, "aggregatedStats", at)
    total = _amounts(counted, at) if counted is not None else _sum(streams.values())
    return Job(
        id=str(read_optional(job, "id", at)),
        status=job_status(read_optional_text(job, "status", f"{at}.job")),
        total=total,
        streams=streams,
        reason=_reason(attempts, at),
    )


def _streams(job: Json, attempts: Sequence[Json], at: str) -> Mapping[StreamId, Amounts]:
    """As the server has counted it over all attempts, or else as the attempts tell it."""
    if counted := read_optional_list(job, "streamAggregatedStats", at):
        return {_stream_id(row, at): _amounts(row, at) for row in counted}
    found: dict[StreamId, Amounts] = {}
    for attempt in attempts:
        for row in read_optional_list(attempt, "streamStats", at):
            stream = _stream_id(row, at)
            moved = _amounts(read_optional(row, "stats", at), at)
            found[stream] = _sum([found.get(stream, Amounts()), moved])
    return found


def _stream_id(row: Any, at: str) -> StreamId:
    return (read_optional_text(row, "streamNamespace", at), read_optional_text(row, "streamName", at))


def _amounts(stats: Any, at: str) -> Amounts:
    """What has arrived; what was only read is not counted."""
    told = object_in({} if stats is None else stats, at)
    return Amounts(rows=read_count(told, "recordsCommitted"), bytes=read_count(told, "bytesCommitted"))


def _sum(amounts: Iterable[Amounts]) -> Amounts:
    listed = list(amounts)
    rows = [moved.rows for moved in listed if moved.rows is not None]
    volumes = [moved.bytes for moved in listed if moved.bytes is not None]
    return Amounts(rows=sum(rows) if rows else None, bytes=sum(volumes) if volumes else None)


def _reason(attempts: Sequence[Json], at: str) -> str:
    """What the last attempt failed of, in the connector's words."""
    for attempt in reversed(attempts):
        summary = read_optional(attempt, "failureSummary", at)
        failures = [
            object_in(row, at) for row in read_optional_list({} if summary is None else summary, "failures", at)
        ]
        words = ((failure.get("externalMessage"), failure.get("internalMessage")) for failure in failures)
        said = [next((word for word in pair if isinstance(word, str) and word.strip()), "") for pair in words]
        if any(said):
            return "; ".join(dict.fromkeys(word.strip() for word in said if word))
    return ""


def _lines(attempts: Sequence[Any], at: str) -> Iterator[str]:
    """Of all attempts, in order; since 1.6 each is told in parts."""
    for attempt in attempts:
        logs = read_optional(attempt, "logs", at)
        told = object_in({} if logs is None else logs, f"{at}.logs")
        for event in read_optional_list(told, "events", at):
            row = object_in(event, at)
            yield " ".join(
                str(row[word]) for word in ("logSource", "level", "message") if row.get(word) not in (None, "")
            )
        for line in read_optional_list(told, "logLines", at):
            yield str(line)
