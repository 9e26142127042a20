"""The table of workspaces."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from airbyte_local.model.json_values import dumps
from airbyte_local.model.records import Workspace

INSERT = """INSERT INTO workspace (id, slug, name, organization_id, tombstone, details) VALUES (?, ?, ?, ?, ?, ?)"""
SELECT = """SELECT id, slug, name, organization_id, tombstone, details FROM workspace """


class Workspaces:
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def save(self, workspace: Workspace) -> None:
        # No INSERT OR REPLACE: it would silently drop another workspace of the same slug.
        self._database.execute("DELETE FROM workspace WHERE id = ?", (workspace.id,))
        self._database.execute(
            INSERT,
            (
                workspace.id,
                workspace.slug,
                workspace.name,
                workspace.organization_id,
                workspace.tombstone,
                dumps(workspace.details),
            ),
        )

    def get(self, workspace_id: str) -> Workspace | None:
        return self._first("WHERE id = ?", workspace_id)

    def by_slug(self, slug: str) -> Workspace | None:
        return self._first("WHERE slug = ?", slug)

    def slug_taken(self, slug: str) -> bool:
        return self.by_slug(slug) is not None

    def all(self) -> list[Workspace]:
        rows = self._database.execute(SELECT + "ORDER BY rowid")
        return [_workspace(row) for row in rows]

    def _first(self, condition: str, value: str) -> Workspace | None:
        rows = self._database.execute(SELECT + condition, (value,))
        return next((_workspace(row) for row in rows), None)


def _workspace(row: tuple[Any, ...]) -> Workspace:
    return Workspace(
        id=row[0],
        slug=row[1],
        name=row[2],
        organization_id=row[3],
        tombstone=bool(row[4]),
        details=json.loads(row[5]),
    )
