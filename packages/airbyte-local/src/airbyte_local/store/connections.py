"""The table of connections."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from airbyte_local.model.json_values import Json, dumps
from airbyte_local.model.records import Connection, ConnectionLine, marks

INSERT = """INSERT OR REPLACE INTO connection
  (id, workspace_id, source_id, destination_id, name, status, created_at, details)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
SELECT = (
    """SELECT id, workspace_id, source_id, destination_id, name, status, created_at, details FROM connection """
)
COUNTS = """
SELECT source_id, count(*) FROM connection WHERE workspace_id = :workspace AND status != 'deprecated' GROUP BY 1
UNION ALL
SELECT destination_id, count(*) FROM connection
  WHERE workspace_id = :workspace AND status != 'deprecated' GROUP BY 1
"""
# The condition is that of an index: this is asked every second.
SCHEDULED = """SELECT id, json_extract(details, '$.scheduleData') FROM connection
  WHERE status = 'active' AND json_extract(details, '$.scheduleType') <> 'manual' ORDER BY rowid"""
IDS = """SELECT id FROM connection """
LINES = """SELECT id, name, source_id, destination_id, status FROM connection """
TAGGED = """SELECT connection.id FROM connection, json_each(connection.details, '$.tagIds') AS tag """


class Connections:
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def save(self, connection: Connection) -> None:
        self._database.execute(
            INSERT,
            (
                connection.id,
                connection.workspace_id,
                connection.source_id,
                connection.destination_id,
                connection.name,
                connection.status,
                connection.created_at,
                dumps(connection.details),
            ),
        )

    def get(self, connection_id: str) -> Connection | None:
        return next(iter(self._select("WHERE id = ?", connection_id)), None)

    def lines(self, workspace_ids: Sequence[str], *, deleted: bool = False) -> list[ConnectionLine]:
        """All of some workspaces, in heap order, which is no order anybody promised."""
        condition = _of_workspaces(workspace_ids, deleted=deleted)
        return [ConnectionLine(*row) for row in self._database.execute(LINES + condition, workspace_ids)]

    def ids(self, workspace_ids: Sequence[str], *, deleted: bool = False) -> list[str]:
        """As `lines`, for whoever needs no more than a page of it."""
        condition = _of_workspaces(workspace_ids, deleted=deleted)
        return [row[0] for row in self._database.execute(IDS + condition, workspace_ids)]

    def whole(self, ids: Sequence[str]) -> list[Connection]:
        """The rows of *ids*, in their order."""
        by_id = {connection.id: connection for connection in self._select(f"WHERE id IN ({marks(ids)})", *ids)}
        return [by_id[each] for each in ids]

    def of_workspaces(self, workspace_ids: Sequence[str], *, deleted: bool = False) -> list[Connection]:
        return self.whole(self.ids(workspace_ids, deleted=deleted))

    def tagged(self, tag_ids: Sequence[str]) -> set[str]:
        """The ids of the connections that have one of these tags."""
        rows = self._database.execute(
            TAGGED + f"WHERE tag.value IN ({marks(tag_ids)})",
            tag_ids,
        )
        return {row[0] for row in rows}

    def of_actor(self, actor_id: str) -> list[Connection]:
        return self._select(
            "WHERE (source_id = ? OR destination_id = ?) AND status != 'deprecated' ORDER BY rowid",
            actor_id,
            actor_id,
        )

    def scheduled(self) -> dict[str, Json]:
        """The scheduleData of every active connection that runs by itself."""
        rows = self._database.execute(SCHEDULED)
        return {connection_id: json.loads(data) for connection_id, data in rows if data is not None}

    def count_by_actor(self, workspace_id: str) -> dict[str, int]:
        return dict(self._database.execute(COUNTS, {"workspace": workspace_id}).fetchall())

    def _select(self, condition: str, *values: str) -> list[Connection]:
        rows = self._database.execute(SELECT + condition, values)
        return [_connection(row) for row in rows]


def _of_workspaces(workspace_ids: Sequence[str], *, deleted: bool) -> str:
    alive = "" if deleted else " AND status != 'deprecated'"
    return f"WHERE workspace_id IN ({marks(workspace_ids)}){alive} ORDER BY rowid"


def _connection(row: tuple[Any, ...]) -> Connection:
    return Connection(
        id=row[0],
        workspace_id=row[1],
        source_id=row[2],
        destination_id=row[3],
        name=row[4],
        status=row[5],
        created_at=row[6],
        details=json.loads(row[7]),
    )
