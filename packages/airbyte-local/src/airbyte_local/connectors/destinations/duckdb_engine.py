"""One connection to a DuckDB file: its dialect, how CSV gets in, what its errors mean."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from airbyte_local.connectors.destinations.duckdb_instances import Instance, release
from airbyte_local.connectors.destinations.kinds import Kind
from airbyte_local.connectors.destinations.merging import has_doubles, upsert_by_deleting, upsert_by_rewriting
from airbyte_local.connectors.destinations.naming import duckdb_column, quoted
from airbyte_local.connectors.destinations.tables import EXTRACTED_AT, META, RAW_ID, Dialect, Table
from airbyte_local.connectors.extras import imported
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BUFFER_BYTES = 1 << 20
DELETED_ROWS = 50_000
TYPES = {
    Kind.TEXT: "VARCHAR",
    Kind.INTEGER: "BIGINT",
    Kind.NUMBER: "DOUBLE",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.DATE: "DATE",
    Kind.TIMESTAMP: "TIMESTAMP",
    Kind.TIMESTAMP_TZ: "TIMESTAMP",  # in UTC, as with the vendor's
    Kind.TIME: "TIME",
    Kind.TIME_TZ: "TIMETZ",
    Kind.UNION: "VARCHAR",
    Kind.JSON: "JSON",
}
DIALECT = Dialect(
    types=TYPES,
    meta={RAW_ID: "VARCHAR", EXTRACTED_AT: "TIMESTAMP", META: "JSON"},
    required=(),
    meta_first=False,
    row="rowid",
    reserved=("rowid",),
    synonyms={
        "VARCHAR": Kind.TEXT,
        "BIGINT": Kind.INTEGER,
        "DOUBLE": Kind.NUMBER,
        "BOOLEAN": Kind.BOOLEAN,
        "DATE": Kind.DATE,
        "TIMESTAMP": Kind.TIMESTAMP,
        "TIME": Kind.TIME,
        "TIME WITH TIME ZONE": Kind.TIME_TZ,
        "JSON": Kind.JSON,
    },
    wider={Kind.INTEGER: Kind.TEXT, Kind.NUMBER: Kind.TEXT},
    exact_numbers=False,
    holds_nul=True,
    union_is_json=False,
    folds_case=True,
    column_name=duckdb_column,
    same=lambda left, right: f"{left} IS NOT DISTINCT FROM {right}",
    ordered=lambda expression, _kind: expression,
)
# Errors whose text is about names and places. That of all others may quote a value, and is not passed on.
TELLING = ("CatalogException", "DependencyException", "PermissionException", "BinderException")
TRANSIENT = (
    *("IOException", "OutOfMemoryException", "FatalException", "InternalException", "InterruptException"),
    *("TransactionException", "ConnectionException"),
)


class DuckDBEngine:
    dialect = DIALECT

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._connection: DuckDBPyConnection | None = None
        self._closed = False

    @property
    def connection(self) -> DuckDBPyConnection:
        if self._connection is None:
            self._connection = self._instance.connect()
        return self._connection

    @contextmanager
    def guarded(self) -> Generator[None]:
        with opening():
            yield

    def columns(self, table: Table) -> dict[str, str] | None:
        place = [table.schema.lower(), table.name.lower()]
        where = "database_name = current_database() AND lower(schema_name) = ? AND lower"
        if self.connection.execute(f"SELECT 1 FROM duckdb_views() WHERE {where}(view_name) = ?", place).fetchall():
            raise ConnectorFailed(f"Stream {table.target.name!r}: {table.quoted} is a view")
        query = f"SELECT lower(column_name), data_type FROM duckdb_columns() WHERE {where}(table_name) = ?"
        return dict(self.connection.execute(query, place).fetchall()) or None

    @property
    def database(self) -> str:
        """It is called as its file is, and `sales.t` in a file of that name could be meant either way."""
        ((name,),) = self.connection.execute("SELECT current_database()").fetchall()
        return name

    def make_schema(self, table: Table) -> None:
        self.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(table.database, table.schema)}")

    def execute(self, statement: str) -> None:
        self.connection.execute(statement)

    def has_rows(self, query: str) -> bool:
        return bool(self.connection.execute(query).fetchall())

    def load(self, stage: str, columns: Mapping[str, str], rows: bytes, longest: int) -> None:
        file = self._instance.scratch()
        file.write_bytes(rows)
        buffer = max(BUFFER_BYTES, 2 * longest)
        options = {
            "header": "false",
            "auto_detect": "false",
            "columns": "{" + ", ".join(f"{_text(name)}: '{kind}'" for name, kind in columns.items()) + "}",
            "delim": "','",
            "quote": "'\"'",
            "escape": "'\"'",
            "new_line": "'\\n'",
            "nullstr": "''",
            "allow_quoted_nulls": "false",  # "" is an empty text, and nothing at all is null
            "buffer_size": str(buffer),
            "max_line_size": str(buffer // 2),
        }
        source = ", ".join((_text(str(file)), *(f"{name} = {value}" for name, value in options.items())))
        try:
            self._growing(lambda: self.execute(f"INSERT INTO {stage} SELECT * FROM read_csv({source})"))
        finally:
            file.unlink()

    def upsert(self, table: Table, stage: str, *, rows: int, settled: bool) -> None:
        """What is deleted stays in memory until the transaction ends: of many rows, a new table takes less."""
        if rows > DELETED_ROWS or (not settled and has_doubles(table, self)):
            upsert_by_rewriting(table, stage, self)
        else:
            upsert_by_deleting(table, stage, self)

    def transact(self, act: Callable[[], None]) -> None:
        with self._instance.turn:
            self._growing(lambda: self._transact(act))

    def interrupt(self) -> None:
        self.connection.interrupt()

    def close(self) -> None:
        if self._connection is not None:
            with suppress(Exception):
                self._connection.close()
            self._connection = None
        if not self._closed:
            self._closed = True
            release(self._instance)

    def _transact(self, act: Callable[[], None]) -> None:
        self.execute("BEGIN")
        try:
            act()
            self.execute("COMMIT")
        except BaseException:
            with suppress(Exception):
                self.execute("ROLLBACK")
            raise

    def _growing(self, act: Callable[[], None]) -> None:
        """Again with more memory, for as long as that is what is missing.

        Not where it was missing for a DELETE, after which DuckDB 2.0 takes the rows for deleted by somebody else.
        """
        out_of_memory: Any = imported("duckdb", "duckdb").OutOfMemoryException
        try:
            act()
        except out_of_memory:
            if not self._instance.grow():
                raise
            self._growing(act)


@contextmanager
def opening() -> Generator[None]:
    """Within the block an error of DuckDB or of the system is raised as ConnectorFailed or ConnectorCrashed."""
    duckdb: Any = imported("duckdb", "duckdb")
    try:
        yield
    except duckdb.Error as error:
        name = type(error).__name__
        told = str(error).partition("\n")[0] if name in TELLING or name in TRANSIENT else f"DuckDB raised {name}"
        raise (ConnectorCrashed if name in TRANSIENT else ConnectorFailed)(told) from error
    except OSError as error:
        raise ConnectorCrashed(f"Cannot write to the destination: {error.strerror or error}") from error


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
