"""Jobs and attempts as the pages show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from airbyte_local.model.json_values import Json
from airbyte_local.pages.wording import JOBS, STATUSES
from airbyte_local.store import Attempt, Job, Session, StreamKey

SHOWN = 50
"""Jobs of one connection, the newest of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """An attempt, counted from 1 where people read it."""

    number: int
    status: str
    failures: tuple[str, ...]

    @property
    def words(self) -> str:
        return STATUSES.get(self.status, self.status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One job. Times in seconds since 1970; *read* and *rows* are those of all attempts."""

    id: int
    kind: str
    status: str
    scheduled: bool
    began: int
    ended: int | None
    read: int
    rows: int
    bytes: int
    tries: tuple[Try, ...]
    rows_by_stream: dict[StreamKey, int]

    @property
    def words(self) -> str:
        return STATUSES.get(self.status, self.status)

    @property
    def active(self) -> bool:
        return self.ended is None

    @property
    def failure(self) -> str | None:
        """Why it failed, or why the last attempt did while there may be another."""
        if self.status in {"succeeded", "cancelled"}:
            return None
        return next((each.failures[0] for each in reversed(self.tries) if each.failures), None)


def past(job: Job, attempts: Sequence[Attempt]) -> Past:
    by_stream: dict[StreamKey, int] = {}
    for attempt in attempts:
        for stream in attempt.streams:
            key = (stream.namespace, stream.name)
            by_stream[key] = by_stream.get(key, 0) + stream.records_committed
    return Past(
        id=job.id,
        kind=JOBS.get(job.config_type, job.config_type),
        status=job.status,
        scheduled=bool(job.details.get("scheduled")),
        began=job.started_at or job.created_at,
        ended=job.updated_at if job.ended else None,
        read=sum(attempt.total("records_emitted") for attempt in attempts),
        rows=sum(attempt.total("records_committed") for attempt in attempts),
        bytes=sum(attempt.total("bytes_committed") for attempt in attempts),
        tries=tuple(_try(attempt) for attempt in attempts),
        rows_by_stream=by_stream,
    )


def history(session: Session, connection_id: str) -> list[Past]:
    """Newest first."""
    jobs = session.jobs.latest(connection_id, most=SHOWN)
    attempts = session.jobs.attempts([job.id for job in jobs])
    return [past(job, attempts[job.id]) for job in jobs]


def _try(attempt: Attempt) -> Try:
    said = tuple(text for failure in attempt.failures if (text := _said(failure)))
    return Try(number=attempt.number, status=attempt.status, failures=said)


def _said(failure: Json) -> str:
    return str(failure.get("externalMessage") or failure.get("internalMessage") or "")
