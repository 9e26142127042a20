"""A source of the tests' own, run as a program: every type there is, a cursor, a key that comes twice."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, ClassVar

from testing.syncs.bench import Bench
from testing.syncs.origins import Origin
from testing.syncs.streams import Row, Stream

IMAGE = "test/source-tables"
TABLES = Path(__file__).parent / "children" / "tables.py"
ORDERS = Stream(
    name="orders",
    properties={
        "id": {"type": "integer"},
        "updated_at": {"type": "string", "format": "date-time"},
        "placed": {
            "type": ["null", "string"],
            "format": "date-time",
            "airbyte_type": "timestamp_without_timezone",
        },
        "day": {"type": ["null", "string"], "format": "date"},
        "at": {"type": ["null", "string"], "format": "time", "airbyte_type": "time_without_timezone"},
        "price": {"type": ["null", "number"]},
        "pieces": {"type": ["null", "number"], "airbyte_type": "integer"},
        "paid": {"type": ["null", "boolean"]},
        "note": {"type": ["null", "string"]},
        "Ship To": {"type": ["null", "object"], "properties": {"street": {"type": "string"}}},
        "lines": {"type": ["null", "array"], "items": {"type": "object"}},
    },
    key="id",
    cursor="updated_at",
)
PEOPLE = Stream(
    name="people",
    properties={"mail": {"type": "string"}, "seen": {"type": "integer"}, "name": {"type": ["null", "string"]}},
    key="mail",
    cursor="seen",
)
TODAY: dict[str, list[Row]] = {
    "orders": [
        {
            "id": 1,
            "updated_at": "2026-01-01T10:00:00+02:00",
            "placed": "2025-12-31T23:59:59.123456",
            "day": "2025-12-31",
            "at": "23:59:59",
            "price": 0.1,
            "pieces": 9223372036854775807,
            "paid": True,
            "note": 'tab\t"quote", comma,\r\nline, \\ backslash, 𝄞',
            "Ship To": {"street": "Äußere Straße 1", "deep": {"er": [1, None, {"x": 0.5}]}},
            "lines": [{"sku": "a", "n": 1}, {}],
        },
        {
            "id": 2,
            "updated_at": "2026-01-02T00:00:00Z",
            "placed": None,
            "price": -1.5e300,
            "pieces": -5,
            "paid": False,
            "note": "",
            "Ship To": {},
            "lines": [],
        },
        {"id": 3, "updated_at": "2026-01-03T00:00:00Z", "note": "NULL"},
        {"id": 2, "updated_at": "2026-01-04T00:00:00Z", "price": 2, "paid": None, "note": "again"},
    ],
    "people": [{"mail": "a@example.com", "seen": 5, "name": "Ann"}, {"mail": "b@example.com", "seen": 7}],
}
TOMORROW: dict[str, list[Row]] = {
    "orders": [
        TODAY["orders"][1],
        TODAY["orders"][2],
        TODAY["orders"][3],
        {"id": 1, "updated_at": "2026-01-05T00:00:00Z", "note": "1, changed", "price": 1},
        {"id": 4, "updated_at": "2026-01-06T00:00:00Z", "note": "new", "day": "0001-01-01", "at": "00:00:00"},
    ],
    "people": [{"mail": "b@example.com", "seen": 7, "name": "Bob"}, {"mail": "c@example.com", "seen": 8}],
}


class Tables:
    """`children/tables.py` and the file it reads: streams with rows, as a test would have them."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        self.bench = bench
        self.file = folder / "tables.json"

    def create(self) -> str:
        """The id of the source. What it reads has been written."""
        definition = self.bench.program(IMAGE, sys.executable, "-IS", TABLES)
        return self.bench.source({"file": str(self.file)}, definition)

    def write(self, *tables: tuple[Stream, list[Row]], fault: dict[str, Any] | None = None) -> None:
        content = [
            {
                "name": stream.name,
                "namespace": stream.namespace,
                "properties": stream.properties,
                "key": stream.key,
                "cursor": stream.cursor,
                "rows": rows,
            }
            for stream, rows in tables
        ]
        self.file.write_text(json.dumps({"streams": content, "fault": fault}), encoding="utf-8")


class Program(Origin):
    """An incremental reading begins with the row that the last one ended with."""

    streams: ClassVar = [ORDERS, PEOPLE]

    def create(self) -> str:
        self._tables = Tables(self.bench, self.folder)
        self._put(TODAY)
        return self._tables.create()

    def rows(self, stream: Stream) -> list[Row]:
        return self._now[stream.name]

    def change(self) -> None:
        self._put(TOMORROW)

    def news(self, stream: Stream, known: list[Row]) -> list[Row]:
        last = max(row[stream.cursor] for row in known)
        return [row for row in self.rows(stream) if row[stream.cursor] >= last]

    def state(self, stream: Stream) -> dict[str, Any]:
        return {stream.cursor: max(row[stream.cursor] for row in self.rows(stream))}

    def _put(self, rows: dict[str, list[Row]]) -> None:
        self._now = rows
        self._tables.write(*((stream, rows[stream.name]) for stream in self.streams))
