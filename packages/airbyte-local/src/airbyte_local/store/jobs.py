"""The tables of jobs and of their attempts. The job table is the queue too: what is pending there will be run."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from airbyte_local.model.json_values import Json, dumps
from airbyte_local.model.records import UNFINISHED, Attempt, Job, JobLine, StreamStats, marks
from airbyte_local.store.job_queries import JobQuery

SELECT = "SELECT id, connection_id, config_type, status, created_at, updated_at, started_at, details FROM job "
IDS = "SELECT id FROM job "
ATTEMPTS = (
    "SELECT job_id, number, status, created_at, updated_at, ended_at, states, streams, failures FROM attempt "
)
AMONG = "(SELECT value FROM json_each(?))"
"""The elements of a JSON list: a page may have more of them than SQL takes values."""
LINES = "SELECT id, connection_id, status, created_at FROM job "
NEWEST = "WHERE id IN (SELECT max(id) FROM job GROUP BY connection_id)"
CLAIMABLE = (
    "WHERE id IN (SELECT min(id) FROM job WHERE status = 'pending' AND connection_id NOT IN"
    " (SELECT connection_id FROM job WHERE status IN ('running', 'incomplete')) GROUP BY connection_id)"
    " ORDER BY id LIMIT ?"
)


class Jobs:
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def add(self, connection_id: str, config_type: str, *, at: int, details: Json) -> Job:
        """A new pending job."""
        cursor = self._database.execute(
            "INSERT INTO job (connection_id, config_type, status, created_at, updated_at, details)"
            " VALUES (?, ?, 'pending', ?, ?, ?)",
            (connection_id, config_type, at, at, dumps(details)),
        )
        job = self.get(cursor.lastrowid or 0)
        assert job is not None  # noqa: S101 - it was written a line ago, in this transaction
        return job

    def set_status(self, job_id: int, status: str, *, at: int) -> None:
        """The first time that a job runs is when it was started."""
        self._database.execute(
            "UPDATE job SET status = ?, updated_at = ?,"
            " started_at = CASE WHEN ? = 'running' THEN coalesce(started_at, ?) ELSE started_at END WHERE id = ?",
            (status, at, status, at, job_id),
        )

    def get(self, job_id: int) -> Job | None:
        return next(iter(self._select("WHERE id = ?", job_id)), None)

    def ids(self, query: JobQuery) -> list[int]:
        """Of all that *query* is about, for whoever needs no more than a page of them."""
        condition, values = query.sql()
        return [row[0] for row in self._database.execute(IDS + condition, values)]

    def with_attempts(self, ids: Sequence[int]) -> list[tuple[Job, list[Attempt]]]:
        """The jobs of *ids*, in their order, each with its attempts."""
        by_id = {job.id: job for job in self._select(f"WHERE id IN {AMONG}", dumps(list(ids)))}
        return [(by_id[job_id], attempts) for job_id, attempts in self.attempts(ids).items()]

    def latest(self, connection_id: str, *, most: int) -> list[Job]:
        """The newest so many of one connection, newest first."""
        return self._select("WHERE connection_id = ? ORDER BY id DESC LIMIT ?", connection_id, most)

    def unfinished(self, connection_id: str | None = None) -> list[Job]:
        """Oldest first, of one connection or of all."""
        wanted = "" if connection_id is None else "AND connection_id = ? "
        values = () if connection_id is None else (connection_id,)
        return self._select(f"WHERE status IN ({marks(UNFINISHED)}) {wanted}ORDER BY id", *UNFINISHED, *values)

    def claimable(self, most: int) -> list[Job]:
        """The oldest pending ones, one a connection, of connections of which none runs."""
        return self._select(CLAIMABLE, most)

    def newest(self) -> dict[str, JobLine]:
        """The newest job of each connection that has one."""
        return {row[1]: JobLine(*row) for row in self._database.execute(LINES + NEWEST)}

    def save_attempt(self, attempt: Attempt) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO attempt"
            " (job_id, number, status, created_at, updated_at, ended_at, states, streams, failures)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                attempt.job_id,
                attempt.number,
                attempt.status,
                attempt.created_at,
                attempt.updated_at,
                attempt.ended_at,
                attempt.states,
                dumps([asdict(stream) for stream in attempt.streams]),
                dumps(attempt.failures),
            ),
        )

    def attempts(self, job_ids: Sequence[int]) -> dict[int, list[Attempt]]:
        """Of each job that is asked for, in their order."""
        found: dict[int, list[Attempt]] = {job_id: [] for job_id in job_ids}
        rows = self._database.execute(
            ATTEMPTS + f"WHERE job_id IN {AMONG} ORDER BY job_id, number", (dumps(list(job_ids)),)
        )
        for row in rows:
            found[row[0]].append(_attempt(row))
        return found

    def _select(self, condition: str, *values: str | int) -> list[Job]:
        return [_job(row) for row in self._database.execute(SELECT + condition, values)]


def _job(row: tuple[Any, ...]) -> Job:
    return Job(
        id=row[0],
        connection_id=row[1],
        config_type=row[2],
        status=row[3],
        created_at=row[4],
        updated_at=row[5],
        started_at=row[6],
        details=json.loads(row[7]),
    )


def _attempt(row: tuple[Any, ...]) -> Attempt:
    return Attempt(
        job_id=row[0],
        number=row[1],
        status=row[2],
        created_at=row[3],
        updated_at=row[4],
        ended_at=row[5],
        states=row[6],
        streams=tuple(StreamStats(**stream) for stream in json.loads(row[7])),
        failures=tuple(json.loads(row[8])),
    )
