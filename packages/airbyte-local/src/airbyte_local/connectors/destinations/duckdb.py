"""The DuckDB destination: a table a stream, `<schema>._airbyte_raw_<stream>`, with a typed column a property.

The schema is the namespace of the stream, else the configured one, else `main`, and is made where it is missing.
Types are those of the vendor's destination but for three that lose nothing: a number is a DOUBLE and not a
DECIMAL(38, 9), which has no place for 1e-10; a time with a zone keeps it; and a number that its column cannot hold
exactly, an integer beyond 64 bits for instance, turns the column into text. MotherDuck is not reached from here.

DuckDB lets one process at a time open a file, and within it all connections share one instance, which has one limit
of memory. What it spills goes to a folder of ours beside the file, and so does CSV on its way in: whoever is killed
leaves both to the next job (`staging`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airbyte_local.connectors.destinations.files import check_folder
from airbyte_local.connectors.destinations.naming import duckdb_column, printable, quoted
from airbyte_local.connectors.destinations.staging import Lease, take_lease, writing
from airbyte_local.connectors.destinations.tables import (
    EXTRACTED_AT,
    META,
    RAW_ID,
    Dialect,
    Kind,
    Table,
    kinds_by_type,
    kinds_of,
)
from airbyte_local.connectors.destinations.typed import (
    has_doubles,
    open_tables,
    upsert_by_deleting,
    upsert_by_rewriting,
)
from airbyte_local.connectors.destinations.writer import Writer, transaction
from airbyte_local.connectors.local_paths import writable
from airbyte_local.connectors.protocol import (
    ConnectorCrashed,
    ConnectorFailed,
    Destination,
    Surroundings,
    Target,
    imported,
)
from airbyte_local.connectors.specifications import Specified
from airbyte_local.model.json_values import Json

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

REMOTE = ("md:", "motherduck:")
MEGABYTES = 24
COLUMNS_PER_MEGABYTE = 1.5  # of all tables of a job: each has blocks of its own until the transaction ends
GROWTH = 64  # times what it was in the beginning
MAGIC = slice(8, 12), b"DUCK"
_instances: dict[Path, Instance] = {}
_registry = threading.Lock()
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
    synonyms={**kinds_by_type(TYPES), "TIME WITH TIME ZONE": Kind.TIME_TZ},
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


class DuckDB(Specified, Destination):
    image = "destination-duckdb"

    def check(self, configuration: Json, around: Surroundings, /) -> None:
        path = _path(configuration, around)
        imported("duckdb", "duckdb")
        check_folder(str(Path(configuration["destination_path"]).parent), around)
        require_database(path)
        if path.exists():
            try:
                with guarded():
                    release(acquire(path, 0))
            except ConnectorCrashed as error:  # another process has it open
                raise ConnectorFailed(str(error)) from error

    def open(self, configuration: Json, targets: Sequence[Target], around: Surroundings, /) -> Writer:
        default: str = configuration.get("schema") or "main"
        with guarded():
            instance = acquire(_path(configuration, around), targets[0].sync_id if targets else 0)
            engine = _Engine(instance)
        instance.reserve(sum(len(kinds_of(target.json_schema)) for target in targets))
        places = [(printable(target.namespace or default), _table(target)) for target in targets]
        return open_tables(engine, targets, places, around)


def _table(target: Target) -> str:
    return printable(f"_airbyte_raw_{target.name}")


def _path(configuration: Json, around: Surroundings) -> Path:
    asked: str = configuration["destination_path"]
    if asked.startswith(REMOTE):
        raise ConnectorFailed("The local DuckDB destination writes to files; MotherDuck is not reached from here")
    return writable(around.local_root, asked)


@contextmanager
def guarded() -> Generator[None]:
    """Within the block an error of DuckDB or of the system is raised as ConnectorFailed or ConnectorCrashed."""
    duckdb: Any = imported("duckdb", "duckdb")
    try:
        with writing():
            yield
    except duckdb.Error as error:
        name = type(error).__name__
        told = str(error).partition("\n")[0] if name in TELLING or name in TRANSIENT else f"DuckDB raised {name}"
        raise (ConnectorCrashed if name in TRANSIENT else ConnectorFailed)(told) from error


class _Engine:
    dialect = DIALECT
    guarded = staticmethod(guarded)

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self.connection = instance.connect()
        self._closed = False

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
        def transact() -> None:
            with transaction(self.execute):
                act()

        with self._instance.turn:
            self._growing(transact)

    def interrupt(self) -> None:
        self.connection.interrupt()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            with suppress(Exception):
                self.connection.close()
            release(self._instance)

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


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


class Instance:
    """An open file. `turn` is for whoever writes to its tables: transactions follow one another."""

    def __init__(self, path: Path, root: DuckDBPyConnection, lease: Lease, *, created: bool) -> None:
        self.path = path
        self.turn = threading.Lock()
        self.users = 0
        self._root = root
        self._lease = lease
        self._created = created
        self._megabytes = MEGABYTES
        self._most = MEGABYTES * GROWTH
        self._numbers = count()
        for setting, value in (
            ("threads", "1"),  # each has buffers of its own
            ("memory_limit", f"'{MEGABYTES}MB'"),
            ("temp_directory", "'" + str(lease.path("spilled")).replace("'", "''") + "'"),
            ("autoinstall_known_extensions", "false"),  # it would ask the network
        ):
            root.execute(f"SET {setting} = {value}")

    def connect(self) -> DuckDBPyConnection:
        return self._root.cursor()

    def scratch(self) -> Path:
        """A name for a file that goes with the instance at the latest."""
        return self._lease.path(f"rows_{next(self._numbers)}.csv")

    def reserve(self, columns: int) -> None:
        """So much more memory as a job with so many columns needs at least."""
        with _registry:
            self._most += int(columns / COLUMNS_PER_MEGABYTE * GROWTH)
            self._limit(self._megabytes + int(columns / COLUMNS_PER_MEGABYTE))

    def grow(self) -> bool:
        """Twice the memory, for what could not be done with less. False: there is no more."""
        with _registry:
            if self._megabytes * 2 > self._most:
                return False
            self._limit(self._megabytes * 2)
            return True

    def _limit(self, megabytes: int) -> None:
        self._megabytes = megabytes
        self._root.execute(f"SET memory_limit = '{megabytes}MB'")

    def close(self) -> None:
        """Leave no file that was not there before and holds nothing."""
        with suppress(Exception):
            is_new = self._created and not self._root.execute("SELECT 1 FROM duckdb_tables() LIMIT 1").fetchall()
            self._root.close()
            if is_new:
                self.path.unlink(missing_ok=True)
        with suppress(OSError):
            self._lease.release()


def acquire(path: Path, job: int) -> Instance:
    """The instance of *path*, to be given back by `release`.

    Raises:
        ConnectorFailed: the library is missing, or the file is something else.
        duckdb.Error: DuckDB cannot open it.
        OSError: its folder cannot be made or written.
    """
    duckdb: Any = imported("duckdb", "duckdb")
    with _registry:
        if path not in _instances:
            require_database(path)
            lease = take_lease(path.parent, job)
            created = not path.exists()
            try:
                _instances[path] = Instance(path, duckdb.connect(str(path)), lease, created=created)
            except BaseException:
                lease.release()
                raise
        _instances[path].users += 1
        return _instances[path]


def release(instance: Instance) -> None:
    with _registry:
        instance.users -= 1
        if not instance.users:
            _instances.pop(instance.path, None)
            instance.close()


def require_database(path: Path) -> None:
    """Raises:
    ConnectorFailed: there is something else. DuckDB itself would read, say, a CSV file, and write to nowhere.
    """
    if path.exists() and not path.is_file():
        raise ConnectorFailed(f"{path.name!r} is a folder; a file is needed")
    place, magic = MAGIC
    if path.exists() and path.stat().st_size:
        with path.open("rb") as file:
            if file.read(place.stop)[place] != magic:
                raise ConnectorFailed(f"{path.name!r} is there already and is no DuckDB database")
