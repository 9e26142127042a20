"""The table of operations (webhooks that run after a sync)."""

from __future__ import annotations

import json
import sqlite3

from airbyte_local.model.json_values import dumps
from airbyte_local.model.records import Operation

INSERT = """INSERT OR REPLACE INTO operation (id, workspace_id, name, configuration, tombstone)
  VALUES (?, ?, ?, ?, ?)"""


class Operations:
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def save(self, operation: Operation) -> None:
        self._database.execute(
            INSERT,
            (
                operation.id,
                operation.workspace_id,
                operation.name,
                dumps(operation.configuration),
                operation.tombstone,
            ),
        )

    def get(self, operation_id: str) -> Operation | None:
        row = self._database.execute(
            "SELECT workspace_id, name, configuration, tombstone FROM operation WHERE id = ?", (operation_id,)
        ).fetchone()
        if row is None:
            return None
        workspace_id, name, configuration, tombstone = row
        return Operation(
            id=operation_id,
            workspace_id=workspace_id,
            name=name,
            configuration=json.loads(configuration),
            tombstone=bool(tombstone),
        )
