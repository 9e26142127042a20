"""The tables of jobs and of their attempts. The job table is the queue too: what is pending there will be run."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from airbyte_local.model.json_values import Json, dumps
from airbyte_local.model.records import UNFINISHED, Attempt, Job, JobLine
from airbyte_local.store.tables import AMONG, Table

NEWEST = "WHERE id IN (SELECT max(id) FROM job GROUP BY connection_id)"
CLAIMABLE = (
    "WHERE id IN (SELECT min(id) FROM job WHERE status = 'pending' AND connection_id NOT IN"
    " (SELECT connection_id FROM job WHERE status IN ('running', 'incomplete')) GROUP BY connection_id)"
    " ORDER BY id LIMIT ?"
)
Span = tuple[float | None, float | None]
"""From and to, both included, in seconds since 1970; None: without an end."""
OPEN: Span = (None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobQuery:
    """What is None is no condition. The newest come first, where nothing else is said."""

    connection_id: str | None = None
    workspace_ids: Sequence[str] | None = None
    config_types: Sequence[str] | None = None
    statuses: Sequence[str] | None = None
    created: Span = OPEN
    updated: Span = OPEN
    order: Literal["id", "created_at", "updated_at"] = "id"
    ascending: bool = False

    def sql(self) -> tuple[str, list[Any]]:
        """What follows the name of the table, and the values in it."""
        conditions = {
            "connection_id = ?": self.connection_id,
            f"connection_id IN (SELECT id FROM connection WHERE workspace_id {AMONG})": self.workspace_ids,
            f"config_type {AMONG}": self.config_types,
            f"status {AMONG}": self.statuses,
            "created_at >= ?": self.created[0],
            "created_at <= ?": self.created[1],
            "updated_at >= ?": self.updated[0],
            "updated_at <= ?": self.updated[1],
        }
        wanted = {condition: value for condition, value in conditions.items() if value is not None}
        direction = "ASC" if self.ascending else "DESC"
        where = f"WHERE {' AND '.join(wanted)} " if wanted else ""
        return f"{where}ORDER BY {self.order} {direction}, id {direction}", [*wanted.values()]


class Jobs(Table[Job]):
    def __init__(self, database: sqlite3.Connection) -> None:
        super().__init__(database, "job", Job)
        self._attempts = Table(database, "attempt", Attempt, key=("job_id", "number"))

    def add(self, connection_id: str, config_type: str, *, at: int, details: Json) -> Job:
        """A new pending job."""
        cursor = self._database.execute(
            "INSERT INTO job (connection_id, config_type, status, created_at, updated_at, details)"
            " VALUES (?, ?, 'pending', ?, ?, ?)",
            (connection_id, config_type, at, at, dumps(details)),
        )
        return self.whole([cursor.lastrowid])[0]

    def set_status(self, job_id: int, status: str, *, at: int) -> None:
        """The first time that a job runs is when it was started."""
        self._database.execute(
            "UPDATE job SET status = ?, updated_at = ?,"
            " started_at = CASE WHEN ? = 'running' THEN coalesce(started_at, ?) ELSE started_at END WHERE id = ?",
            (status, at, status, at, job_id),
        )

    def ids(self, query: JobQuery) -> list[int]:
        """Of all that *query* is about, for whoever needs no more than a page of them."""
        condition, values = query.sql()
        return self._ids(condition, *values)

    def with_attempts(self, ids: Sequence[int]) -> list[tuple[Job, list[Attempt]]]:
        """The jobs of *ids*, in their order, each with its attempts."""
        attempts = self.attempts(ids)
        return [(job, attempts[job.id]) for job in self.whole(ids)]

    def latest(self, connection_id: str, *, most: int) -> list[Job]:
        """The newest so many of one connection, newest first."""
        return self.select("WHERE connection_id = ? ORDER BY id DESC LIMIT ?", connection_id, most)

    def unfinished(self, connection_id: str | None = None) -> list[Job]:
        """Oldest first, of one connection or of all."""
        query = JobQuery(connection_id=connection_id, statuses=UNFINISHED, ascending=True)
        return self.whole(self.ids(query))

    def claimable(self, most: int) -> list[Job]:
        """The oldest pending ones, one a connection, of connections of which none runs."""
        return self.select(CLAIMABLE, most)

    def newest(self) -> dict[str, JobLine]:
        """The newest job of each connection that has one."""
        return {line.connection_id: line for line in self._lines(JobLine, NEWEST)}

    def save_attempt(self, attempt: Attempt) -> None:
        self._attempts.save(attempt)

    def attempts(self, job_ids: Sequence[int]) -> dict[int, list[Attempt]]:
        """Of each job that is asked for, in their order."""
        found: dict[int, list[Attempt]] = {job_id: [] for job_id in job_ids}
        for attempt in self._attempts.select(f"WHERE job_id {AMONG} ORDER BY job_id, number", list(job_ids)):
            found[attempt.job_id].append(attempt)
        return found
