"""Each built-in destination with a way to see what is in it, so that one test can ask all of them the same."""

from __future__ import annotations

import csv
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest
from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.connectors.destinations.duckdb import DuckDB
from airbyte_local.connectors.destinations.files import LocalCsv, LocalJson
from airbyte_local.connectors.destinations.postgres import Postgres
from airbyte_local.connectors.destinations.sqlite import Sqlite
from airbyte_local.connectors.protocol import Destination, Sink, Surroundings, Target

from testing.postgres_server import PostgresServer, serving_postgres

WRITER = Path(__file__).parent / "children" / "writer.py"
USERS = {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": ["null", "string"]}}}
csv.field_size_limit(1 << 30)
OWN = ("_airbyte_raw_id", "_airbyte_extracted_at", "_airbyte_meta", "_airbyte_generation_id")
AT = 1_700_000_000_123


def target(name: str = "users", **more: Any) -> Target:
    given = {"namespace": None, "json_schema": USERS, "mode": "append", "replaces": False, "checkpoints": False}
    return Target(name=name, **{**given, "sync_id": 7, **more})


def keyed(name: str = "users", **more: Any) -> Target:
    return target(name, **{"mode": "append_dedup", "primary_key": (("id",),), **more})


@dataclass(kw_only=True)
class Store:
    """A destination, where it writes to, and what it holds. *read* gives the rows of a stream, newest layout."""

    name: str
    destination: Destination
    configuration: dict[str, Any]
    root: Path
    read: Callable[[str, str | None], list[dict[str, Any]] | None]
    execute: Callable[[str], Any] | None = None
    cancellation: Cancellation = field(default_factory=Cancellation)

    def open(self, *targets: Target) -> Sink:
        around = Surroundings(local_root=self.root, cancellation=self.cancellation)
        return self.destination.open(self.configuration, targets or [target()], around)

    def sync(self, *rows: dict[str, Any], into: Target | None = None) -> None:
        """One job with one stream, from open to finish."""
        sink = self.open(into or target())
        try:
            for row in rows:
                sink.write(0, row, AT)
            sink.finish()
        finally:
            sink.abort()

    def check(self) -> None:
        self.destination.check(self.configuration, Surroundings(local_root=self.root))

    def rows(self, stream: str = "users", namespace: str | None = None) -> list[dict[str, Any]]:
        found = self.read(stream, namespace)
        assert found is not None, f"{stream} is not there"
        return found

    def ids(self, stream: str = "users") -> list[Any]:
        return sorted(row["id"] for row in self.rows(stream))

    def debris(self) -> list[str]:
        return sorted(path.name for path in self.root.rglob("*") if "_airbyte_tmp_" in path.name)

    def child(self, *lines: str, limit: int | None = None) -> subprocess.Popen[str]:
        """Another process that does what *lines* say with a sink of this store (children/writer.py)."""
        asked = {"store": self.name, "root": str(self.root), "configuration": self.configuration, "limit": limit}
        return subprocess.Popen(
            [sys.executable, WRITER, json.dumps(asked), *lines],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def killed(self, *lines: str) -> None:
        """A child whose last line kills it."""
        with self.child(*lines) as process:
            _, errors = process.communicate()
        assert process.returncode == -9, errors


def _jsonl(folder: Path) -> Callable[[str, str | None], list[dict[str, Any]] | None]:
    def read(stream: str, _namespace: str | None) -> list[dict[str, Any]] | None:
        path = folder / f"_airbyte_raw_{stream}.jsonl"
        if not path.exists():
            return None
        return [json.loads(line)["_airbyte_data"] for line in path.read_text().split("\n")[:-1]]

    return read


def _csv(folder: Path) -> Callable[[str, str | None], list[dict[str, Any]] | None]:
    def read(stream: str, _namespace: str | None) -> list[dict[str, Any]] | None:
        path = folder / f"_airbyte_raw_{stream}.csv"
        if not path.exists():
            return None
        with path.open(newline="") as file:
            return [json.loads(row["_airbyte_data"]) for row in csv.DictReader(file)]

    return read


def _sqlite(path: Path) -> Callable[[str, str | None], list[dict[str, Any]] | None]:
    def read(stream: str, _namespace: str | None) -> list[dict[str, Any]] | None:
        with closing(sqlite3.connect(path)) as database:
            try:
                rows = database.execute(f'SELECT _airbyte_data FROM "_airbyte_raw_{stream}" ORDER BY rowid')
            except sqlite3.OperationalError:
                return None
            return [json.loads(text) for (text,) in rows]

    return read


def _duckdb(path: Path) -> Callable[[str, str | None], list[dict[str, Any]] | None]:
    def read(stream: str, namespace: str | None) -> list[dict[str, Any]] | None:
        with closing(duckdb.connect(str(path))) as database:
            try:
                found = database.execute(f'SELECT * FROM "{namespace or "main"}"."_airbyte_raw_{stream}"')
            except duckdb.CatalogException:
                return None
            return _without_own([column[0] for column in found.description or ()], found.fetchall())

    return read


def _postgres(connection: Any) -> Callable[[str, str | None], list[dict[str, Any]] | None]:
    import psycopg

    def read(stream: str, namespace: str | None) -> list[dict[str, Any]] | None:
        try:
            found = connection.execute(f'SELECT * FROM "{namespace or "public"}"."{stream}"')
        except psycopg.errors.UndefinedTable:
            return None
        return _without_own([column.name for column in found.description], found.fetchall())

    return read


def _without_own(names: list[str], rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in zip(names, row, strict=True) if name not in OWN and value is not None}
        for row in rows
    ]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with serving_postgres() as server:
        yield server


class Stores:
    """Makes them, and cleans up."""

    def __init__(self, root: Path, request: pytest.FixtureRequest) -> None:
        self._root = root
        self._request = request
        self._undo: list[Any] = []

    def make(self, name: str) -> Store:
        root = self._root / name
        root.mkdir()
        if name == "postgres":
            return self._postgres(root)
        suffix, read, destination = {
            "json": ("out", _jsonl(root / "out"), LocalJson()),
            "csv": ("out", _csv(root / "out"), LocalCsv()),
            "sqlite": ("out.db", _sqlite(root / "out.db"), Sqlite()),
            "duckdb": ("out.duckdb", _duckdb(root / "out.duckdb"), DuckDB()),
        }[name]
        store = Store(
            name=name,
            destination=destination,
            configuration={"destination_path": f"/local/{suffix}"},
            root=root,
            read=read,
        )
        if name == "sqlite":
            store.execute = lambda sql: _run_sqlite(root / "out.db", sql)
        if name == "duckdb":
            store.execute = lambda sql: _run_duckdb(root / "out.duckdb", sql)
        return store

    def close(self) -> None:
        for undo in reversed(self._undo):
            undo.__exit__(None, None, None)

    def _postgres(self, root: Path) -> Store:
        server: PostgresServer = self._request.getfixturevalue("postgres")
        database = server.database()
        name = database.__enter__()
        self._undo.append(database)
        connection = server.connect(name)
        self._undo.append(closing(connection))
        return Store(
            name="postgres",
            destination=Postgres(),
            configuration=server.configuration(name),
            root=root,
            read=_postgres(connection),
            execute=lambda sql: _fetched(connection.execute(sql)),
        )


def _fetched(cursor: Any) -> list[tuple[Any, ...]]:
    return cursor.fetchall() if cursor.description else []


def _run_sqlite(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as database, database:
        return database.execute(sql).fetchall()


def _run_duckdb(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(duckdb.connect(str(path))) as database:
        return database.execute(sql).fetchall()


@pytest.fixture
def stores(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stores]:
    made = Stores(tmp_path, request)
    yield made
    made.close()


def _parametrised(*names: str) -> Any:
    @pytest.fixture(params=names)
    def fixture(request: pytest.FixtureRequest, stores: Stores) -> Store:
        return stores.make(request.param)

    return fixture


store = _parametrised("json", "csv", "sqlite", "duckdb", "postgres")
files = _parametrised("json", "csv")
database = _parametrised("sqlite", "duckdb", "postgres")
typed = _parametrised("duckdb", "postgres")


@pytest.fixture
def a_target() -> Callable[..., Target]:
    """`target` for test modules, which share no import path with this one."""
    return target


@pytest.fixture
def a_keyed() -> Callable[..., Target]:
    return keyed
