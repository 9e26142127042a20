"""From the staging table into the table, as SQL: appended, or one row a key of which the newest is left.

Of two rows of one key the one with the greater cursor stays; null is less than everything; of equal ones the later.
"""

from __future__ import annotations

from collections.abc import Iterator

from airbyte_local.connectors.destinations.naming import quoted
from airbyte_local.connectors.destinations.tables import EXTRACTED_AT, ORDER, Dialect, Table


def insertion(table: Table, stage: str, dialect: Dialect) -> str:
    names = ", ".join(quoted(name) for name in (*(column.name for column in table.columns), *dialect.meta))
    return f"INSERT INTO {table.quoted} ({names}) SELECT {names} FROM {stage}"


def upserts(table: Table, stage: str, dialect: Dialect) -> Iterator[str]:
    """What has to be done before `insertion` where the table has a key.

    By then the rows of the table that newer ones replace are gone, and so are those of the stage that lost.
    """
    yield reduction(stage, table, dialect, row=quoted(ORDER), last=ORDER)
    if table.target.replaces:
        return
    same = _same_key(table, "old", "new", dialect)
    if table.cursor is not None:
        kind = table.column(table.cursor).kind
        column = quoted(table.cursor)
        old, new = (dialect.ordered(f"{side}.{column}", kind) for side in ("old", "new"))
        newer = f"({old} > {new} OR (old.{column} IS NOT NULL AND new.{column} IS NULL))"
        yield f"DELETE FROM {stage} AS new USING {table.quoted} AS old WHERE {same} AND {newer}"
    yield f"DELETE FROM {table.quoted} AS old USING {stage} AS new WHERE {same}"


def reduction(rows: str, table: Table, dialect: Dialect, *, row: str, last: str) -> str:
    """Leaves one row a key in *rows*, whose rows are told apart by *row*; *last* decides between equal cursors."""
    order = f"{quoted(last)} DESC"
    if table.cursor is not None:
        cursor = dialect.ordered(quoted(table.cursor), table.column(table.cursor).kind)
        order = f"{cursor} DESC NULLS LAST, {order}"
    key = ", ".join(quoted(name) for name in table.key)
    places = f"SELECT {row} AS spot, row_number() OVER (PARTITION BY {key} ORDER BY {order}) AS place FROM {rows}"
    return f"DELETE FROM {rows} AS each USING ({places}) AS ranked WHERE each.{row} = ranked.spot AND place > 1"


def clean_up(table: Table, dialect: Dialect) -> str:
    """One row a key in a table that was appended to before it had a key."""
    return reduction(table.quoted, table, dialect, row=dialect.row, last=EXTRACTED_AT)


def _same_key(table: Table, left: str, right: str, dialect: Dialect) -> str:
    sides = ((f"{left}.{quoted(name)}", f"{right}.{quoted(name)}") for name in table.key)
    return " AND ".join(dialect.same(one, other) for one, other in sides)
