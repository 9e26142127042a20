"""From the staging table into the table, as SQL: appended, or one row a key of which the newest is left.

Of two rows of one key the one with the greater cursor stays; null is less than everything; of equal ones the later.
There are two ways to that, one for few rows and one for many.
"""

from __future__ import annotations

from airbyte_local.connectors.destinations.naming import quoted
from airbyte_local.connectors.destinations.shaping import Engine
from airbyte_local.connectors.destinations.tables import (
    EXTRACTED_AT,
    FRESH,
    ORDER,
    PLACE,
    SPOT,
    Dialect,
    Table,
)

KEPT = "_airbyte_tmp_kept"
REST = "_airbyte_tmp_rest"


def append(table: Table, stage: str, engine: Engine) -> None:
    names = _names(table, engine.dialect)
    engine.execute(f"INSERT INTO {table.quoted} ({names}) SELECT {names} FROM {stage}")


def upsert_by_deleting(table: Table, stage: str, engine: Engine) -> None:
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


def has_doubles(table: Table, engine: Engine) -> bool:
    """Whether a key has several rows, as may be where the stream was appended before."""
    key = ", ".join(map(quoted, table.key))
    return engine.has_rows(f"SELECT 1 FROM {table.quoted} GROUP BY {key} HAVING count(*) > 1 LIMIT 1")


def remove_doubles(table: Table, engine: Engine) -> None:
    row = engine.dialect.row
    _reduce(table.quoted, table, engine, row=row, last=f"{EXTRACTED_AT} DESC, {row} DESC")


def upsert_by_rewriting(table: Table, stage: str, engine: Engine) -> None:
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


def _reduce(rows: str, table: Table, engine: Engine, *, row: str, last: str) -> None:
    """Leave one row a key in *rows*, whose rows *row* tells apart; *last* decides between equal cursors."""
    ranked = f"SELECT {row} AS {SPOT}, {_place(table, last, engine.dialect)} AS {PLACE} FROM {rows}"
    engine.execute(
        f"DELETE FROM {rows} AS each USING ({ranked}) AS ranked WHERE each.{row} = ranked.{SPOT} AND {PLACE} > 1"
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
