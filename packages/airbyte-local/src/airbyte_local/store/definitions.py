"""The table of definitions: custom ones, and what this instance changed about public ones."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from airbyte_local.model.json_values import dumps
from airbyte_local.model.records import Definition

INSERT = """INSERT OR REPLACE INTO definition (id, kind, custom, tombstone, grants, details)
  VALUES (?, ?, ?, ?, ?, ?)"""
SELECT = """SELECT id, kind, custom, tombstone, grants, details FROM definition WHERE kind = ?"""


class Definitions:
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def save(self, definition: Definition) -> None:
        self._database.execute(
            INSERT,
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
        rows = self._database.execute(SELECT, (kind,))
        return {row[0]: _definition(row) for row in rows}


def _definition(row: tuple[Any, ...]) -> Definition:
    return Definition(
        id=row[0],
        kind=row[1],
        custom=bool(row[2]),
        tombstone=bool(row[3]),
        grants=tuple(json.loads(row[4])),
        details=json.loads(row[5]),
    )
