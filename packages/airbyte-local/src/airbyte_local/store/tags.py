"""The table of tags."""

from __future__ import annotations

import sqlite3

from airbyte_local.model.records import Tag

SELECT = """SELECT id, workspace_id, name, color FROM tag """


class Tags:
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def save(self, tag: Tag) -> None:
        self._database.execute(
            "INSERT INTO tag (id, workspace_id, name, color) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET name = excluded.name, color = excluded.color",
            (tag.id, tag.workspace_id, tag.name, tag.color),
        )

    def get(self, tag_id: str) -> Tag | None:
        return next(iter(self._select("WHERE id = ?", tag_id)), None)

    def of_workspace(self, workspace_id: str) -> list[Tag]:
        return self._select("WHERE workspace_id = ? ORDER BY rowid", workspace_id)

    def delete(self, tag_id: str) -> None:
        self._database.execute("DELETE FROM tag WHERE id = ?", (tag_id,))

    def _select(self, condition: str, value: str) -> list[Tag]:
        rows = self._database.execute(SELECT + condition, (value,))
        return [Tag(id=row[0], workspace_id=row[1], name=row[2], color=row[3]) for row in rows]
