"""What a stream of a test is, and what its rows must come to: the truth that destinations are held against."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Stream:
    name: str
    properties: dict[str, Any]  # of its JSON Schema
    key: str | None = None
    cursor: str | None = None
    volatile: frozenset[str] = frozenset()  # fields that are others at every reading, such as the time of it
    namespace: str | None = None

    def settled(self, rows: Iterable[Row]) -> list[Row]:
        """*rows* without what nobody can know beforehand."""
        return [self.settled_row(row) for row in rows]

    def settled_row(self, row: Row) -> Row:
        return {name: value for name, value in row.items() if name not in self.volatile}


@dataclass(frozen=True)
class Mode:
    """A sync mode of the Public API, and what it makes of the rows that are there and those that are read."""

    name: str
    incremental: bool
    into: str  # what the destination must be able to do
    keeps: bool

    def __str__(self) -> str:
        return self.name

    @property
    def dedups(self) -> bool:
        return self.into.endswith("dedup")

    def after(self, before: list[Row], read: list[Row], stream: Stream) -> list[Row]:
        rows = [*(before if self.keeps else []), *read]
        return newest(rows, stream) if self.dedups else rows


MODES = (
    Mode("full_refresh_overwrite", incremental=False, into="overwrite", keeps=False),
    Mode("full_refresh_append", incremental=False, into="append", keeps=True),
    Mode("full_refresh_overwrite_deduped", incremental=False, into="overwrite_dedup", keeps=False),
    Mode("incremental_append", incremental=True, into="append", keeps=True),
    Mode("incremental_deduped_history", incremental=True, into="append_dedup", keeps=True),
)
BY_NAME = {mode.name: mode for mode in MODES}


def newest(rows: Iterable[Row], stream: Stream) -> list[Row]:
    """One row a key: that with the greatest cursor, nothing being less than all; of equal ones the last."""
    assert stream.key is not None
    found: dict[Any, Row] = {}
    for row in rows:
        other = found.get(row[stream.key])
        if other is None or _rank(row, stream) >= _rank(other, stream):
            found[row[stream.key]] = row
    return list(found.values())


def in_order(rows: Iterable[Row]) -> list[Row]:
    """Rows that two readers give in any order, so that they can be compared."""
    return sorted(rows, key=lambda row: json.dumps(_alike(row), sort_keys=True, default=str))


def _alike(value: Any) -> Any:
    """1 and 1.0, which are equal, as one text."""
    if isinstance(value, dict):
        return {name: _alike(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_alike(inner) for inner in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _rank(row: Row, stream: Stream) -> tuple[bool, Any]:
    value = None if stream.cursor is None or stream.cursor in stream.volatile else row.get(stream.cursor)
    return (value is not None, value or 0)
