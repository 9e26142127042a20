"""The table of definitions: custom ones, and what this instance changed about public ones."""

from __future__ import annotations

import json
import sqlite3

from airbyte_local.json_values import dumps
from airbyte_local.store.records import Definition


class Definitions:
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def save(self, definition: Definition) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO definition (id, kind, custom, tombstone, grants, details) VALUES (?, ?, ?, ?, ?, ?)",
            (
                definition.id,
                definition.kind,
                definition.custom,
                definition.tombstone,
                dumps(list(definition.grants)),
                dumps(definition.details),
            ),
        )

    def all(self, kind: str) -> dict[str, Definition]:
        rows = self._database.execute(
            "SELECT id, kind, custom, tombstone, grants, details FROM definition WHERE kind = ?", (kind,)
        )
        return {
            id: Definition(
                id=id,
                kind=kind,
                custom=bool(custom),
                tombstone=bool(tombstone),
                grants=tuple(json.loads(grants)),
                details=json.loads(details),
            )
            for id, kind, custom, tombstone, grants, details in rows
        }
