"""The table that is there against the table that is wanted: columns are added and widened, none is ever dropped.

A column whose type changed keeps every value it has: integers and numbers meet in the wider of the two, and all
else meets in text, where old values stand as the database writes them and new ones as JSON has them. A column that
has gone from the schema stays, and is null in new rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Protocol

from airbyte_local.connectors.destinations.cells import EXACT
from airbyte_local.connectors.destinations.kinds import Kind
from airbyte_local.connectors.destinations.naming import quoted
from airbyte_local.connectors.destinations.tables import META, RAW_ID, Column, Dialect, Table, met
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed


class Engine(Protocol):
    """One connection to a database, for one job. Whatever the database says goes through `guarded`."""

    @property
    def dialect(self) -> Dialect: ...

    def guarded(self) -> AbstractContextManager[None]:
        """Within the block an error of the database is raised as ConnectorFailed or ConnectorCrashed."""
        ...

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

    def transact(self, act: Callable[[], None]) -> None:
        """Whatever *act* executes, all of it or nothing, and durable. It may be called again."""
        ...

    def interrupt(self) -> None:
        """From any thread: what runs is given up."""
        ...

    def close(self) -> None:
        """Temporary tables go with it. Never raises."""
        ...


def fitted(table: Table, engine: Engine) -> Table:
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


def reshape(table: Table, engine: Engine) -> None:
    """Make the table, or what it lacks, within a transaction."""
    there = engine.columns(table)
    if there is None:
        engine.make_schema(table)
        engine.execute(f"CREATE TABLE {table.quoted} ({_definitions(table, engine.dialect)})")
        return
    dialect = engine.dialect
    for name, sql_type in _typed(table, dialect).items():
        if name not in there:
            engine.execute(f"ALTER TABLE {table.quoted} ADD COLUMN {quoted(name)} {sql_type}")
    for column in table.columns:
        existing = dialect.synonyms.get(there.get(column.name, ""))
        if existing is not None and dialect.types[existing] != dialect.types[column.kind]:
            _widen(column, existing, table, engine)


def retype(table: str, column: Column, dialect: Dialect) -> str:
    name, sql_type = quoted(column.name), dialect.types[column.kind]
    return f"ALTER TABLE {table} ALTER COLUMN {name} TYPE {sql_type} USING CAST({name} AS {sql_type})"


def _fitted(column: Column, there: Mapping[str, str], table: Table, engine: Engine) -> Column:
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


def _widen(column: Column, existing: Kind, table: Table, engine: Engine) -> None:
    wanted = engine.dialect.types[column.kind]
    if column.kind is not Kind.TEXT and engine.dialect.types[met(existing, column.kind, engine.dialect)] != wanted:
        raise ConnectorCrashed(f"Stream {table.target.name!r}: column {column.name!r} was changed while this ran")
    engine.execute(retype(table.quoted, column, engine.dialect))


def _definitions(table: Table, dialect: Dialect) -> str:
    return ", ".join(
        f"{quoted(name)} {sql_type}{' NOT NULL' if name in dialect.required else ''}"
        for name, sql_type in _typed(table, dialect).items()
    )


def _typed(table: Table, dialect: Dialect) -> dict[str, str]:
    own = {column.name: dialect.types[column.kind] for column in table.columns}
    return {**dialect.meta, **own} if dialect.meta_first else {**own, **dialect.meta}
