"""A stream's rows in a typed table: how the table is made to fit what is there already, and how rows get in.

Columns are added and widened, none is ever dropped. A column whose type changed keeps every value it has: integers
and numbers meet in the wider of the two, and all else meets in text, where old values stand as the database writes
them and new ones as JSON has them. A column that has gone from the schema stays, and is null in new rows.

Of two rows of one key the one with the greater cursor stays; null is less than everything; of equal ones the later.
There are two ways to that, one for few rows and one for many.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

from airbyte_local.connectors.destinations.cells import EXACT, Cells, TooWide
from airbyte_local.connectors.destinations.encoding import in_quotes, moment_text, raw_ids, to_json
from airbyte_local.connectors.destinations.naming import quoted
from airbyte_local.connectors.destinations.tables import (
    EXTRACTED_AT,
    FRESH,
    GENERATION,
    META,
    ORDER,
    PLACE,
    RAW_ID,
    SPOT,
    Column,
    Dialect,
    Kind,
    Table,
    met,
    planned,
)
from airbyte_local.connectors.destinations.writer import Engine, Stream, TooNarrow, Writer, require_distinct
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed, Surroundings, Target
from airbyte_local.model.json_values import Json

KEPT = "_airbyte_tmp_kept"
REST = "_airbyte_tmp_rest"


class TypedEngine(Engine, Protocol):
    @property
    def dialect(self) -> Dialect: ...

    @property
    def database(self) -> str:
        """What its tables are to be qualified with besides their schema, if anything."""
        ...

    def columns(self, table: Table) -> dict[str, str] | None:
        """Names and types of the columns that are there; None where there is no such table."""
        ...

    def make_schema(self, table: Table) -> None:
        """Where it is missing."""
        ...

    def execute(self, statement: str) -> None: ...

    def has_rows(self, query: str) -> bool: ...

    def load(self, stage: str, columns: Mapping[str, str], rows: bytes, longest: int) -> None:
        """Lines of CSV into the temporary table *stage* of those columns; the longest has so many bytes."""
        ...

    def upsert(self, table: Table, stage: str, *, rows: int, settled: bool) -> None:
        """So many rows of *stage*. *settled*: the table has one row a key already."""
        ...


def open_tables(
    engine: TypedEngine, targets: Sequence[Target], places: Sequence[tuple[str, str]], around: Surroundings
) -> Writer:
    """A sink for *targets*, each in its schema and table of *places*. The engine is closed where this raises."""
    try:
        require_distinct(targets, [quoted(*place) for place in places], folds_case=engine.dialect.folds_case)
        with engine.guarded():
            tables = [
                fitted(replace(planned(target, schema, name, engine.dialect), database=engine.database), engine)
                for target, (schema, name) in zip(targets, places, strict=True)
            ]
        streams = [TypedStream(position, table, engine) for position, table in enumerate(tables)]
        return Writer(engine, streams, around.cancellation)
    except BaseException:
        engine.close()
        raise


class TypedStream(Stream[str]):
    def __init__(self, position: int, table: Table, engine: TypedEngine) -> None:
        super().__init__(table.target)
        self._table = table
        self._stage = quoted(f"_airbyte_tmp_{position}")
        self._engine = engine
        self._cells = Cells(table.target.name, table.columns, engine.dialect)
        self._ids = raw_ids()
        self._rows = self._moved = 0  # of those with a key
        self._meta = in_quotes(to_json(self._changes([])))
        self._tail = f",{table.target.generation}" if GENERATION in engine.dialect.meta else ""

    def add(self, data: Json, emitted_at: int) -> int:
        try:
            cells, changed = self._cells.of(data)
        except TooWide as wide:
            raise TooNarrow(partial(self._widen, wide.column)) from wide
        if self._table.key:
            self._rows += 1
            cells.append(str(self._rows))
        meta = self._meta if not changed else in_quotes(to_json(self._changes(changed)))
        cells.append(f"{next(self._ids)},{moment_text(emitted_at)[:-6]},{meta}{self._tail}\n")
        line = ",".join(cells)
        self.waiting.append(line)
        return len(line)

    def stage(self) -> None:
        columns = self._columns()
        if not self.staged:
            definitions = ", ".join(f"{quoted(name)} {sql_type}" for name, sql_type in columns.items())
            self._engine.execute(f"CREATE TEMP TABLE {self._stage} ({definitions})")
        rows = "".join(self.waiting).encode()
        longest = max(map(len, self.waiting)) * 4  # as bytes, at most
        self.waiting.clear()  # rather than to hold them twice
        self._engine.load(self._stage, columns, rows, longest)

    def move(self) -> None:
        table = self._table
        if table.target.replaces:
            self._engine.execute(f"DROP TABLE IF EXISTS {table.quoted}{self._engine.dialect.drop_suffix}")
        if not self.settled:
            reshape(table, self._engine)
        if self.staged:
            if table.key:
                self._engine.upsert(table, self._stage, rows=self._rows - self._moved, settled=self.settled)
            else:
                append(table, self._stage, self._engine)

    def moved(self) -> None:
        """Before DuckDB 1.4 a transaction that deletes from a table cannot drop it, so that is done behind it."""
        if self.staged:
            self._engine.execute(f"DROP TABLE {self._stage}")
        self._moved = self._rows
        super().moved()

    def _widen(self, column: Column) -> None:
        """A wider type for *column*, for what is staged and for what is to come."""
        self.load()
        wider = replace(column, kind=self._engine.dialect.wider[column.kind])
        columns = tuple(wider if other.name == column.name else other for other in self._table.columns)
        self._table = replace(self._table, columns=columns)
        self._cells = Cells(self.target.name, columns, self._engine.dialect)
        self.settled = False
        if self.staged:
            self._engine.execute(_retyping(self._stage, wider, self._engine.dialect))

    def _columns(self) -> dict[str, str]:
        """Of the staging table, in the order of the cells: names and types."""
        dialect = self._engine.dialect
        return {**_own(self._table, dialect), **({ORDER: "BIGINT"} if self._table.key else {}), **dialect.meta}

    def _changes(self, fields: Iterable[str]) -> Json:
        changes = [
            {"field": field, "change": "TRUNCATED", "reason": "DESTINATION_SERIALIZATION_ERROR"} for field in fields
        ]
        return {"changes": changes, "sync_id": self.target.sync_id}


def fitted(table: Table, engine: TypedEngine) -> Table:
    """*table* with columns wide enough for what is there already.

    Raises:
        ConnectorFailed: what is there was not made by Airbyte, or has columns of types it never makes.
    """
    there = engine.columns(table)
    if there is None:
        return table
    if RAW_ID not in there or META not in there:
        raise ConnectorFailed(
            f"Stream {table.target.name!r}: {table.quoted} is there already and was not made by Airbyte"
        )
    if table.target.replaces:
        return table
    return replace(table, columns=tuple(_fitted(column, there, table, engine) for column in table.columns))


def reshape(table: Table, engine: TypedEngine) -> None:
    """Make the table, or what it lacks, within a transaction."""
    there, dialect = engine.columns(table), engine.dialect
    own = _own(table, dialect)
    columns = {**dialect.meta, **own} if dialect.meta_first else {**own, **dialect.meta}
    if there is None:
        engine.make_schema(table)
        definitions = ", ".join(
            f"{quoted(name)} {sql_type}{' NOT NULL' if name in dialect.required else ''}"
            for name, sql_type in columns.items()
        )
        engine.execute(f"CREATE TABLE {table.quoted} ({definitions})")
        return
    for name, sql_type in columns.items():
        if name not in there:
            engine.execute(f"ALTER TABLE {table.quoted} ADD COLUMN {quoted(name)} {sql_type}")
    for column in table.columns:
        existing = dialect.synonyms.get(there.get(column.name, ""))
        if existing is not None and dialect.types[existing] != dialect.types[column.kind]:
            _widen(column, existing, table, engine)


def _retyping(table: str, column: Column, dialect: Dialect) -> str:
    name, sql_type = quoted(column.name), dialect.types[column.kind]
    return f"ALTER TABLE {table} ALTER COLUMN {name} TYPE {sql_type} USING CAST({name} AS {sql_type})"


def _fitted(column: Column, there: Mapping[str, str], table: Table, engine: TypedEngine) -> Column:
    if column.name not in there:
        return column
    existing = engine.dialect.synonyms.get(there[column.name])
    if existing is None:
        raise ConnectorFailed(
            f"Stream {table.target.name!r}: column {column.name!r} of {table.quoted} is of type "
            f"{there[column.name]}, which is not written here; rename it or drop it"
        )
    kind = met(existing, column.kind, engine.dialect)
    if existing is Kind.INTEGER and kind is Kind.NUMBER and not engine.dialect.exact_numbers:
        name = quoted(column.name)
        big = f"SELECT 1 FROM {table.quoted} WHERE {name} NOT BETWEEN -{EXACT} AND {EXACT} LIMIT 1"
        kind = Kind.TEXT if engine.has_rows(big) else kind
    return replace(column, kind=kind)


def _widen(column: Column, existing: Kind, table: Table, engine: TypedEngine) -> None:
    wanted = engine.dialect.types[column.kind]
    if column.kind is not Kind.TEXT and engine.dialect.types[met(existing, column.kind, engine.dialect)] != wanted:
        raise ConnectorCrashed(f"Stream {table.target.name!r}: column {column.name!r} was changed while this ran")
    engine.execute(_retyping(table.quoted, column, engine.dialect))


def _own(table: Table, dialect: Dialect) -> dict[str, str]:
    return {column.name: dialect.types[column.kind] for column in table.columns}


def append(table: Table, stage: str, engine: TypedEngine) -> None:
    names = _names(table, engine.dialect)
    engine.execute(f"INSERT INTO {table.quoted} ({names}) SELECT {names} FROM {stage}")


def upsert_by_deleting(table: Table, stage: str, engine: TypedEngine) -> None:
    """Rows of the stage that lose go first, then those of the table that are replaced. The table has no doubles."""
    _reduce(stage, table, engine, row=ORDER, last=f"{ORDER} DESC")
    same = " AND ".join(engine.dialect.same(f"old.{name}", f"new.{name}") for name in map(quoted, table.key))
    if table.cursor is not None:
        column = quoted(table.cursor)
        old, new = (_cursor(f"{side}.{column}", table, engine.dialect) for side in ("old", "new"))
        newer = f"({old} > {new} OR (old.{column} IS NOT NULL AND new.{column} IS NULL))"
        engine.execute(f"DELETE FROM {stage} AS new USING {table.quoted} AS old WHERE {same} AND {newer}")
    engine.execute(f"DELETE FROM {table.quoted} AS old USING {stage} AS new WHERE {same}")
    append(table, stage, engine)


def has_doubles(table: Table, engine: TypedEngine) -> bool:
    """Whether a key has several rows, as may be where the stream was appended before."""
    key = ", ".join(map(quoted, table.key))
    return engine.has_rows(f"SELECT 1 FROM {table.quoted} GROUP BY {key} HAVING count(*) > 1 LIMIT 1")


def remove_doubles(table: Table, engine: TypedEngine) -> None:
    row = engine.dialect.row
    _reduce(table.quoted, table, engine, row=row, last=f"{EXTRACTED_AT} DESC, {row} DESC")


def upsert_by_rewriting(table: Table, stage: str, engine: TypedEngine) -> None:
    """A new table of what stays and what comes, in the place of the table, doubles or not.

    Which rows those are is worked out on keys, cursors and numbers of rows alone: wide rows are never sorted.
    """
    columns = ", ".join(map(quoted, dict.fromkeys((*table.key, *filter(None, [table.cursor])))))
    rows = (
        f"SELECT {columns}, false AS {FRESH}, {engine.dialect.row} AS {SPOT} FROM {table.quoted} "
        f"UNION ALL SELECT {columns}, true, {ORDER} FROM {stage}"
    )
    place = _place(table, f"{FRESH} DESC, {SPOT} DESC", engine.dialect)
    engine.execute(
        f"CREATE TEMP TABLE {KEPT} AS SELECT {FRESH}, {SPOT} FROM "
        f"(SELECT {FRESH}, {SPOT}, {place} AS {PLACE} FROM ({rows}) AS rows) AS ranked WHERE {PLACE} = 1"
    )
    rest, names = table.beside(REST), _names(table, engine.dialect)
    old = f"{table.quoted} AS old JOIN {KEPT} ON NOT {FRESH} AND old.{engine.dialect.row} = {SPOT}"
    engine.execute(f"CREATE TABLE {rest} AS SELECT old.* FROM {old}")
    new = f"{stage} JOIN {KEPT} ON {FRESH} AND {ORDER} = {SPOT}"
    engine.execute(f"INSERT INTO {rest} ({names}) SELECT {names} FROM {new}")
    engine.execute(f"DROP TABLE {KEPT}")
    engine.execute(f"DROP TABLE {table.quoted}")
    engine.execute(f"ALTER TABLE {rest} RENAME TO {quoted(table.name)}")


def _reduce(rows: str, table: Table, engine: TypedEngine, *, row: str, last: str) -> None:
    """Leave one row a key in *rows*, whose rows *row* tells apart; *last* decides between equal cursors."""
    ranked = f"SELECT {row} AS {SPOT}, {_place(table, last, engine.dialect)} AS {PLACE} FROM {rows}"
    engine.execute(
        f"DELETE FROM {rows} AS loser USING ({ranked}) AS ranked WHERE loser.{row} = ranked.{SPOT} AND {PLACE} > 1"
    )


def _place(table: Table, last: str, dialect: Dialect) -> str:
    """The place of a row among those of its key; the first is the one that stays."""
    order = (
        last if table.cursor is None else f"{_cursor(quoted(table.cursor), table, dialect)} DESC NULLS LAST, {last}"
    )
    return f"row_number() OVER (PARTITION BY {', '.join(map(quoted, table.key))} ORDER BY {order})"


def _cursor(expression: str, table: Table, dialect: Dialect) -> str:
    kind = next(column.kind for column in table.columns if column.name == table.cursor)
    return dialect.ordered(expression, kind)


def _names(table: Table, dialect: Dialect) -> str:
    return ", ".join(map(quoted, (*(column.name for column in table.columns), *dialect.meta)))
