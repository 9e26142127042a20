"""Rows into typed tables, whatever the database: staged in temporary tables, moved in one transaction.

Temporary tables belong to the connection and vanish with it, so that a job that is killed leaves nothing, and two
jobs that write to one database do not see each other's rows. What a job has staged becomes visible at a flush, for
targets that checkpoint, or at its end, for all others, in one transaction. Tables, columns and schemas are made in
that same transaction. A table that gives way is dropped and made anew, as the vendor's destinations do it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import replace

from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.connectors.destinations.cells import Cells, TooWide, in_quotes
from airbyte_local.connectors.destinations.encoding import Moments, raw_ids, to_json
from airbyte_local.connectors.destinations.interrupting import interruptible
from airbyte_local.connectors.destinations.merging import append
from airbyte_local.connectors.destinations.naming import quoted
from airbyte_local.connectors.destinations.shaping import Engine, reshape, retype
from airbyte_local.connectors.destinations.tables import GENERATION, ORDER, Column, Table
from airbyte_local.model.json_values import Json

STREAM_CHARACTERS = 1 << 20
"""Of one stream this much waits in memory, or one row that is longer."""
ALL_CHARACTERS = 6 << 20
"""Of all streams together."""


class Stream:
    """One target under way."""

    def __init__(self, position: int, table: Table, engine: Engine) -> None:
        self.table = table
        self.stage = quoted(f"_airbyte_tmp_{position}")
        self.staged = False
        self.settled = False  # the table has the shape it needs, and one row a key where it has one
        self.waiting: list[str] = []
        self.characters = 0
        self._engine = engine
        self._cells = Cells(table.target.name, table.columns, engine.dialect)
        self._ids = raw_ids()
        self._moments = Moments()
        self._rows = self._moved = 0  # of those with a key
        self._meta = in_quotes(to_json(self._changes([])))
        self._tail = f",{table.target.generation}" if GENERATION in engine.dialect.meta else ""

    @property
    def checkpoints(self) -> bool:
        return self.table.target.checkpoints and not self.table.target.replaces

    def add(self, data: Json, emitted_at: int) -> int:
        """One row waits more. Returns how many characters it has."""
        cells, changed = self._cells.of(data)
        if self.table.key:
            self._rows += 1
            cells.append(str(self._rows))
        meta = self._meta if not changed else in_quotes(to_json(self._changes(changed)))
        cells.append(f"{next(self._ids)},{self._moments.text(emitted_at)[:-6]},{meta}{self._tail}\n")
        line = ",".join(cells)
        self.waiting.append(line)
        self.characters += len(line)
        return len(line)

    def load(self) -> None:
        """What waits goes into the staging table."""
        if not self.waiting:
            return
        if not self.staged:
            definitions = ", ".join(f"{quoted(name)} {sql_type}" for name, sql_type in self._columns().items())
            self._engine.execute(f"CREATE TEMP TABLE {self.stage} ({definitions})")
            self.staged = True
        rows = "".join(self.waiting).encode()
        longest = max(map(len, self.waiting)) * 4  # as bytes, at most
        self.waiting.clear()
        self.characters = 0
        self._engine.load(self.stage, self._columns(), rows, longest)

    def widen(self, column: Column) -> None:
        """A wider type for *column*, for what is staged and for what is to come."""
        self.load()
        wider = replace(column, kind=self._engine.dialect.wider[column.kind])
        columns = tuple(wider if each.name == column.name else each for each in self.table.columns)
        self.table = replace(self.table, columns=columns)
        self._cells = Cells(self.table.target.name, columns, self._engine.dialect)
        self.settled = False
        if self.staged:
            self._engine.execute(retype(self.stage, wider, self._engine.dialect))

    def move(self) -> None:
        """What is staged goes into the table, within a transaction."""
        table = self.table
        if table.target.replaces:
            self._engine.execute(f"DROP TABLE IF EXISTS {table.quoted}{self._engine.dialect.drop_suffix}")
        if not self.settled:
            reshape(table, self._engine)
        if self.staged:
            if table.key:
                self._engine.upsert(table, self.stage, rows=self._rows - self._moved, settled=self.settled)
            else:
                append(table, self.stage, self._engine)

    def moved(self) -> None:
        """After the transaction: before DuckDB 1.4, one that deletes from a table cannot drop it."""
        if self.staged:
            self._engine.execute(f"DROP TABLE {self.stage}")
        self.settled = True
        self._moved = self._rows
        self.staged = False

    def _columns(self) -> dict[str, str]:
        """Of the staging table, in the order of the cells: names and types."""
        dialect = self._engine.dialect
        own = {column.name: dialect.types[column.kind] for column in self.table.columns}
        return {**own, **({ORDER: "BIGINT"} if self.table.key else {}), **dialect.meta}

    def _changes(self, fields: Iterable[str]) -> Json:
        changes = [
            {"field": field, "change": "TRUNCATED", "reason": "DESTINATION_SERIALIZATION_ERROR"} for field in fields
        ]
        return {"changes": changes, "sync_id": self.table.target.sync_id}


class TypedSink:
    def __init__(self, engine: Engine, tables: Sequence[Table], cancellation: Cancellation) -> None:
        self._engine = engine
        self._cancellation = cancellation
        self._streams = [Stream(position, table, engine) for position, table in enumerate(tables)]
        self._characters = 0

    def write(self, target: int, data: Json, emitted_at: int, /) -> None:
        stream = self._streams[target]
        try:
            self._characters += stream.add(data, emitted_at)
        except TooWide as wide:
            with self._guarded():
                stream.widen(wide.column)
            self.write(target, data, emitted_at)
            return
        if stream.characters > STREAM_CHARACTERS:
            self._load([stream])
        elif self._characters > ALL_CHARACTERS:
            self._load(self._streams)

    def flush(self) -> bool:
        self._move([stream for stream in self._streams if stream.checkpoints], empty=False)
        return True

    def finish(self) -> None:
        try:
            self._move(self._streams, empty=True)
        finally:
            self._engine.close()

    def abort(self) -> None:
        self._engine.close()

    def _load(self, streams: Iterable[Stream]) -> None:
        with self._guarded():
            for stream in streams:
                stream.load()
        self._characters = sum(stream.characters for stream in self._streams)

    def _move(self, streams: Sequence[Stream], *, empty: bool) -> None:
        self._load(streams)
        moving = [stream for stream in streams if empty or stream.staged]
        if not moving:
            return

        def move() -> None:
            for stream in moving:
                stream.move()

        with self._guarded():
            self._engine.transact(move)
        with self._engine.guarded():
            for stream in moving:
                stream.moved()

    @contextmanager
    def _guarded(self) -> Generator[None]:
        with interruptible(self._cancellation, self._engine.interrupt), self._engine.guarded():
            yield
