"""Jobs and attempts as the pages show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from airbyte_local.pages.wording import JOBS, STATUSES
from airbyte_local.store import Attempt, Job, Session, StreamKey

SHOWN = 50
"""Jobs of one connection, the newest of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One job. Times in seconds since 1970; *read* and *rows* are those of all attempts."""

    id: int
    kind: str
    status: str
    words: str
    scheduled: bool
    began: int
    ended: int | None
    read: int
    rows: int
    bytes: int
    tries: Sequence[Attempt]
    rows_by_stream: dict[StreamKey, int]

    @property
    def active(self) -> bool:
        return self.ended is None

    @property
    def failure(self) -> str | None:
        """Why it failed, or why the last attempt did while there may be another."""
        if self.status in {"succeeded", "cancelled"}:
            return None
        reasons = (failure for attempt in reversed(self.tries) for failure in attempt.failures)
        said = (reason.get("externalMessage") or reason.get("internalMessage") for reason in reasons)
        return next((str(text) for text in said if text), None)


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
        words=STATUSES.get(job.status, job.status),
        scheduled=bool(job.details.get("scheduled")),
        began=job.started_at or job.created_at,
        ended=job.updated_at if job.ended else None,
        read=sum(attempt.total("records_emitted") for attempt in attempts),
        rows=sum(attempt.total("records_committed") for attempt in attempts),
        bytes=sum(attempt.total("bytes_committed") for attempt in attempts),
        tries=attempts,
        rows_by_stream=by_stream,
    )


def history(session: Session, connection_id: str) -> list[Past]:
    """Newest first."""
    jobs = session.jobs.latest(connection_id, most=SHOWN)
    attempts = session.jobs.attempts([job.id for job in jobs])
    return [past(job, attempts[job.id]) for job in jobs]
