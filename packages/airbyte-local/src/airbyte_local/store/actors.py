"""The table of sources and destinations (one table, as in the vendor's), and the secrets kept apart from it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from airbyte_local.model.json_values import dumps
from airbyte_local.model.records import Actor, ActorLine, marks

INSERT = """INSERT OR REPLACE INTO actor
  (id, kind, workspace_id, definition_id, name, configuration, created_at, tombstone, details)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
SELECT = """SELECT
  id, kind, workspace_id, definition_id, name, configuration, created_at, tombstone, details FROM actor """
IDS = """SELECT id FROM actor """
LINES = """SELECT id, name, definition_id FROM actor """


class Actors:
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def save(self, actor: Actor) -> None:
        configuration = None if actor.configuration is None else dumps(actor.configuration)
        self._database.execute(
            INSERT,
            (
                actor.id,
                actor.kind,
                actor.workspace_id,
                actor.definition_id,
                actor.name,
                configuration,
                actor.created_at,
                actor.tombstone,
                dumps(actor.details),
            ),
        )

    def get(self, kind: str, actor_id: str) -> Actor | None:
        rows = self._select("WHERE kind = ? AND id = ?", kind, actor_id)
        return next(iter(rows), None)

    def lines(self, kind: str, workspace_ids: Sequence[str], *, deleted: bool = False) -> list[ActorLine]:
        """All of some workspaces, in heap order, which is no order anybody promised."""
        condition = _of_workspaces(workspace_ids, deleted=deleted)
        return [ActorLine(*row) for row in self._database.execute(LINES + condition, (*workspace_ids, kind))]

    def ids(self, kind: str, workspace_ids: Sequence[str], *, deleted: bool = False) -> list[str]:
        """As `lines`, for whoever needs no more than a page of it."""
        condition = _of_workspaces(workspace_ids, deleted=deleted)
        return [row[0] for row in self._database.execute(IDS + condition, (*workspace_ids, kind))]

    def whole(self, ids: Sequence[str]) -> list[Actor]:
        """The rows of *ids*, in their order."""
        by_id = {actor.id: actor for actor in self._select(f"WHERE id IN ({marks(ids)})", *ids)}
        return [by_id[each] for each in ids]

    def of_workspaces(self, kind: str, workspace_ids: Sequence[str]) -> list[Actor]:
        return self.whole(self.ids(kind, workspace_ids))

    def of_definition(self, definition_id: str) -> list[Actor]:
        return self._select("WHERE definition_id = ? AND tombstone = 0 ORDER BY rowid", definition_id)

    def put_secret(self, actor_id: str, coordinate: str, value: Any) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO secret (coordinate, actor_id, value) VALUES (?, ?, ?)",
            (coordinate, actor_id, dumps(value)),
        )

    def secret(self, coordinate: str) -> Any:
        row = self._database.execute("SELECT value FROM secret WHERE coordinate = ?", (coordinate,)).fetchone()
        return None if row is None else json.loads(row[0])

    def forget_secrets(self, actor_id: str) -> None:
        self._database.execute("DELETE FROM secret WHERE actor_id = ?", (actor_id,))

    def _select(self, condition: str, *values: str) -> list[Actor]:
        rows = self._database.execute(SELECT + condition, values)
        return [_actor(row) for row in rows]


def _of_workspaces(workspace_ids: Sequence[str], *, deleted: bool) -> str:
    alive = "" if deleted else " AND tombstone = 0"
    return f"WHERE workspace_id IN ({marks(workspace_ids)}) AND kind = ?{alive} ORDER BY rowid"


def _actor(row: tuple[Any, ...]) -> Actor:
    return Actor(
        id=row[0],
        kind=row[1],
        workspace_id=row[2],
        definition_id=row[3],
        name=row[4],
        configuration=None if row[5] is None else json.loads(row[5]),
        created_at=row[6],
        tombstone=bool(row[7]),
        details=json.loads(row[8]),
    )
