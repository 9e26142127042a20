"""The table of tags."""

from __future__ import annotations

import sqlite3
from typing import Any

from airbyte_local.store.records import Tag


class Tags:
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def save(self, tag: Tag) -> None:
        self._database.execute(
            "INSERT INTO tag (id, workspace_id, name, color) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET name = excluded.name, color = excluded.color",
            (tag.id, tag.workspace_id, tag.name, tag.color),
        )

    def get(self, id: str) -> Tag | None:  # noqa: A002 - the column's name
        return next(iter(self._select("id = ?", id)), None)

    def of_workspace(self, workspace_id: str) -> list[Tag]:
        return self._select("workspace_id = ?", workspace_id)

    def delete(self, id: str) -> None:  # noqa: A002 - the column's name
        self._database.execute("DELETE FROM tag WHERE id = ?", (id,))

    def _select(self, condition: str, value: str) -> list[Tag]:
        rows: Any = self._database.execute(
            f"SELECT id, workspace_id, name, color FROM tag WHERE {condition} ORDER BY rowid",  # noqa: S608
            (value,),
        )
        return [
            Tag(id=id, workspace_id=workspace_id, name=name, color=color) for id, workspace_id, name, color in rows
        ]
