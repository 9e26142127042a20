"""Syncs through the Public API, which tells how far one is and what it moved in all, and no log and no reason."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote, urlencode

from dagster_managed_elements.airbyte.wire import job_status, object_in, read_count, read_list, read_optional_text
from dagster_managed_elements.api.client import Client
from dagster_managed_elements.api.requests import Request
from dagster_managed_elements.definitions.ports import Amounts, Job

_NO_REASON: Final = "Airbyte's Public API does not say why; the log of the job in Airbyte does."


class PublicJobs:
    """See `Jobs`."""

    def __init__(self, client: Client, root: str) -> None:
        self._client, self._path = client, f"{root}/jobs"

    async def running(self, connection_id: str) -> Job | None:
        """Of the newest ones: a connection has one at a time."""
        asked = {"connectionId": connection_id, "jobType": "sync", "limit": 5, "orderBy": "createdAt|DESC"}
        body = await self._client.send(Request(method="GET", path=f"{self._path}?{urlencode(asked)}"))
        jobs = [_job(row, self._path) for row in read_list(body, "data", self._path)]
        return next((job for job in jobs if not job.is_over), None)

    async def start(self, connection_id: str) -> Job:
        body = {"connectionId": connection_id, "jobType": "sync"}
        return _job(await self._client.send(Request(path=self._path, json=body, effect="create")), self._path)

    async def read(self, job_id: str, *, after: int | None) -> Job:
        del after
        return _job(await self._client.send(Request(method="GET", path=self._one(job_id))), self._path)

    async def cancel(self, job_id: str) -> None:
        await self._client.send(Request(method="DELETE", path=self._one(job_id), effect="delete"))

    def _one(self, job_id: str) -> str:
        return f"{self._path}/{quote(job_id)}"


def _job(body: Any, at: str) -> Job:
    told = object_in(body, at)
    status = job_status(read_optional_text(told, "status", at))
    return Job(
        id=str(told.get("jobId")),
        status=status,
        total=Amounts(rows=read_count(told, "rowsSynced"), bytes=read_count(told, "bytesSynced")),
        reason=_NO_REASON if status == "failed" else "",
    )
