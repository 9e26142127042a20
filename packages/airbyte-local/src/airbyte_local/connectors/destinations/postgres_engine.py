"""One connection to PostgreSQL: its dialect, and how CSV gets in."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airbyte_local.connectors.destinations.kinds import Kind
from airbyte_local.connectors.destinations.merging import remove_doubles, upsert_by_deleting
from airbyte_local.connectors.destinations.naming import postgres_name, quoted
from airbyte_local.connectors.destinations.postgres_access import guarded
from airbyte_local.connectors.destinations.tables import EXTRACTED_AT, GENERATION, META, RAW_ID, Dialect, Table
from airbyte_local.connectors.protocol import ConnectorFailed

if TYPE_CHECKING:
    from psycopg import Connection

DIALECT = Dialect(
    types={
        Kind.TEXT: "varchar",
        Kind.INTEGER: "bigint",
        Kind.NUMBER: "decimal",
        Kind.BOOLEAN: "boolean",
        Kind.DATE: "date",
        Kind.TIMESTAMP: "timestamp",
        Kind.TIMESTAMP_TZ: "timestamp with time zone",
        Kind.TIME: "time",
        Kind.TIME_TZ: "time with time zone",
        Kind.UNION: "jsonb",
        Kind.JSON: "jsonb",
    },
    meta={RAW_ID: "varchar", EXTRACTED_AT: "timestamp with time zone", META: "jsonb", GENERATION: "bigint"},
    required=(RAW_ID, EXTRACTED_AT, META),
    meta_first=True,
    row="ctid",
    reserved=("tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"),
    synonyms={
        "character varying": Kind.TEXT,
        "text": Kind.TEXT,
        "bigint": Kind.INTEGER,
        "numeric": Kind.NUMBER,
        "numeric(38,9)": Kind.INTEGER,  # what the vendor's may make: not any number goes in, but any integer
        "boolean": Kind.BOOLEAN,
        "date": Kind.DATE,
        "timestamp without time zone": Kind.TIMESTAMP,
        "timestamp with time zone": Kind.TIMESTAMP_TZ,
        "time without time zone": Kind.TIME,
        "time with time zone": Kind.TIME_TZ,
        "jsonb": Kind.JSON,
    },
    wider={Kind.INTEGER: Kind.NUMBER},
    exact_numbers=True,
    holds_nul=False,
    union_is_json=True,
    folds_case=False,
    column_name=postgres_name,
    # Arrays, because null = null within them, and because they can be hashed, as IS NOT DISTINCT FROM cannot.
    same=lambda left, right: f"ARRAY[{left}] = ARRAY[{right}]",
    ordered=lambda expression, kind: f'{expression} COLLATE "C"' if kind is Kind.TEXT else expression,
)
TURN = 0x61697262797465  # "airbyte": the advisory lock that transactions of all jobs in one database take
COLUMNS = """
SELECT attname, format_type(atttypid, atttypmod), relkind::text
FROM pg_class LEFT JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
WHERE relname = %s AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %s)
"""
TABLE_KINDS = ("r", "p")


class PostgresEngine:
    def __init__(self, connection: Connection[Any], *, cascade: bool, secrets: Sequence[str]) -> None:
        self.dialect = replace(DIALECT, drop_suffix=" CASCADE") if cascade else DIALECT
        self._connection = connection
        self._secrets = secrets

    @contextmanager
    def guarded(self) -> Generator[None]:
        with guarded(self._secrets):
            yield

    def columns(self, table: Table) -> dict[str, str] | None:
        found = self._connection.execute(COLUMNS, [table.name, table.schema]).fetchall()
        if any(kind not in TABLE_KINDS for _, _, kind in found):
            raise ConnectorFailed(f"Stream {table.target.name!r}: {table.quoted} is there already and is no table")
        return {name: type_name for name, type_name, _ in found if name} if found else None

    @property
    def database(self) -> str:
        return ""

    def make_schema(self, table: Table) -> None:
        self._make_schema(table.schema)

    def execute(self, statement: str) -> None:
        self._connection.execute(statement.encode())

    def has_rows(self, query: str) -> bool:
        return self._connection.execute(query.encode()).fetchone() is not None

    def load(self, stage: str, columns: Mapping[str, str], rows: bytes, longest: int) -> None:
        del longest
        names = ", ".join(quoted(name) for name in columns)
        with (
            self._connection.cursor() as cursor,
            cursor.copy(f"COPY {stage} ({names}) FROM STDIN (FORMAT csv)".encode()) as copy,
        ):
            copy.write(rows)

    def upsert(self, table: Table, stage: str, *, rows: int, settled: bool) -> None:
        del rows
        if not settled:
            remove_doubles(table, self)
        upsert_by_deleting(table, stage, self)

    def transact(self, act: Callable[[], None]) -> None:
        with self._connection.transaction():
            self.execute(f"SELECT pg_advisory_xact_lock({TURN})")
            act()

    def interrupt(self) -> None:
        self._connection.cancel()

    def _make_schema(self, name: str) -> None:
        """CREATE SCHEMA IF NOT EXISTS would ask for the right to make it even where it is there."""
        if not self._connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [name]).fetchone():
            self.execute(f"CREATE SCHEMA {quoted(name)}")

    def try_out(self, schema: str) -> None:
        """Make a table in *schema* and write to it; and then nothing has happened."""
        table = quoted(schema, f"_airbyte_tmp_{secrets.token_hex(8)}")
        with self._connection.transaction(force_rollback=True):
            self._make_schema(schema)
            self.execute(f"CREATE TABLE {table} (id bigint)")
            self.execute(f"INSERT INTO {table} VALUES (1)")

    def close(self) -> None:
        with suppress(Exception):
            self._connection.close()
