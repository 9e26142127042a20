"""Destinations to look into, here those that keep a row as JSON: files, and SQLite."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from abc import ABC, abstractmethod
from contextlib import closing
from pathlib import Path
from typing import Any

from testing.syncs.streams import Row, Stream

PLAIN = frozenset({"overwrite", "append"})
DEDUPING = PLAIN | {"append_dedup", "overwrite_dedup"}


class Landing(ABC):
    """One destination with a place of its own, which nothing else writes to.

    It gives back the rows that a sync has left, its own layout undone. What the layouts are is written here a
    second time, from the vendor's own words and none of the code's.
    """

    type_name: str  # of the Public API
    modes: frozenset[str] = PLAIN

    def __init__(self, local: Path, place: str) -> None:
        self.local = local  # the folder that configurations call /local
        self.place = place

    @property
    @abstractmethod
    def configuration(self) -> dict[str, Any]: ...

    @abstractmethod
    def rows(self, stream: Stream, schema: str | None = None) -> list[Row] | None:
        """What is there; None where there is no such file or table. *schema*: if not the default one."""

    def wanted(self, rows: list[Row], stream: Stream) -> list[Row]:
        """What `rows` must give where *rows* were written."""
        del stream
        return rows

    def types(self, stream: Stream, schema: str | None = None) -> dict[str, str]:
        """Of the fields of the stream, where columns have types."""
        del stream, schema
        return {}

    def wanted_types(self, stream: Stream) -> dict[str, str]:
        del stream
        return {}


class LocalJson(Landing):
    type_name = "local-json"

    @property
    def configuration(self) -> dict[str, Any]:
        return {"destination_path": f"/local/{self.place}"}

    def rows(self, stream: Stream, schema: str | None = None) -> list[Row] | None:
        file = self.local / self.place / f"_airbyte_raw_{alphanumeric(stream.name)}.jsonl"
        if not file.exists():
            return None
        lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        assert all(list(line) == ["_airbyte_ab_id", "_airbyte_emitted_at", "_airbyte_data"] for line in lines)
        distinct([line["_airbyte_ab_id"] for line in lines])
        return [line["_airbyte_data"] for line in lines]


class LocalCsv(Landing):
    type_name = "csv"

    @property
    def configuration(self) -> dict[str, Any]:
        return {"destination_path": f"/local/{self.place}"}

    def rows(self, stream: Stream, schema: str | None = None) -> list[Row] | None:
        file = self.local / self.place / f"_airbyte_raw_{alphanumeric(stream.name)}.csv"
        if not file.exists():
            return None
        with file.open(newline="", encoding="utf-8") as lines:
            header, *found = csv.reader(lines)
        assert header == ["_airbyte_ab_id", "_airbyte_emitted_at", "_airbyte_data"]
        distinct([raw_id for raw_id, _, _ in found])
        return [json.loads(data) for _, _, data in found]


class Sqlite(Landing):
    type_name = "sqlite"
    modes = DEDUPING

    @property
    def configuration(self) -> dict[str, Any]:
        return {"destination_path": f"/local/{self.place}.db"}

    def rows(self, stream: Stream, schema: str | None = None) -> list[Row] | None:
        name = f"_airbyte_raw_{stream.name}"
        with closing(sqlite3.connect(self.local / f"{self.place}.db")) as database:
            if not database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [name]).fetchone():
                return None
            cursor = database.execute(f"SELECT * FROM {quoted(name)} ORDER BY rowid")
            assert [each[0] for each in cursor.description] == [
                *("_airbyte_ab_id", "_airbyte_emitted_at", "_airbyte_data")
            ]
            found = cursor.fetchall()
        distinct([raw_id for raw_id, _, _ in found])
        return [json.loads(data) for _, _, data in found]


def alphanumeric(name: str) -> str:
    return re.sub("[^A-Za-z0-9_]", "_", name)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def distinct(raw_ids: list[Any]) -> None:
    assert len(set(raw_ids)) == len(raw_ids)
    assert None not in raw_ids
