"""The SQLite file: opening it, one transaction a request, safe against kill -9. Tables are rooms of their own."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from airbyte_local.model.records import Actor, Catalog, Connection, Definition, Operation, Tag, Workspace
from airbyte_local.store.jobs import Jobs
from airbyte_local.store.states import States
from airbyte_local.store.tables import Actors, Catalogs, Connections, Definitions, Table, Tags, Workspaces

DECLARED = ("definition", "actor", "connection", "operation", "tag")
"""The tables that hold what users write."""

# Rows are replaced, never updated, so `rowid` is where a row lies in the heap: it moves to the end with each write,
# as PostgreSQL may move it, and a listing without ORDER BY changes under the reader as the vendor's does.
TABLES_VERSION = 2
TABLES = """
CREATE TABLE IF NOT EXISTS workspace (
  id TEXT PRIMARY KEY, slug TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
  organization_id TEXT NOT NULL, tombstone INTEGER NOT NULL, details TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS definition (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, custom INTEGER NOT NULL, tombstone INTEGER NOT NULL,
  grants TEXT NOT NULL, details TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS actor (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, workspace_id TEXT NOT NULL,
  definition_id TEXT NOT NULL, name TEXT NOT NULL, configuration TEXT, created_at INTEGER NOT NULL,
  tombstone INTEGER NOT NULL, details TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS actor_listing ON actor (workspace_id, kind, tombstone);
CREATE INDEX IF NOT EXISTS actor_definition ON actor (definition_id);
CREATE TABLE IF NOT EXISTS secret (coordinate TEXT PRIMARY KEY, actor_id TEXT NOT NULL, value TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS secret_actor ON secret (actor_id);
CREATE TABLE IF NOT EXISTS connection (
  id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL, source_id TEXT NOT NULL,
  destination_id TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL, created_at INTEGER NOT NULL,
  details TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS connection_listing ON connection (workspace_id);
CREATE INDEX IF NOT EXISTS connection_source ON connection (source_id);
CREATE INDEX IF NOT EXISTS connection_destination ON connection (destination_id);
CREATE INDEX IF NOT EXISTS connection_scheduled ON connection (id)
  WHERE status = 'active' AND json_extract(details, '$.scheduleType') <> 'manual';
CREATE TABLE IF NOT EXISTS catalog (id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, streams TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS catalog_fetch (
  position INTEGER PRIMARY KEY AUTOINCREMENT, actor_id TEXT NOT NULL, image TEXT NOT NULL,
  configuration_hash TEXT NOT NULL, catalog_id TEXT NOT NULL, created_at INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS catalog_fetch_actor ON catalog_fetch (actor_id, position);
CREATE TABLE IF NOT EXISTS operation (
  id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL, name TEXT NOT NULL, configuration TEXT NOT NULL,
  tombstone INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS tag (
  id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL, name TEXT NOT NULL, color TEXT NOT NULL,
  UNIQUE (workspace_id, name));
CREATE TABLE IF NOT EXISTS state (
  connection_id TEXT PRIMARY KEY, type TEXT NOT NULL, legacy TEXT, shared TEXT);
CREATE TABLE IF NOT EXISTS stream_state (
  connection_id TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, state TEXT, held INTEGER NOT NULL,
  generation INTEGER NOT NULL, stale INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (connection_id, namespace, name));
CREATE TABLE IF NOT EXISTS job (
  id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id TEXT NOT NULL, config_type TEXT NOT NULL,
  status TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, started_at INTEGER,
  details TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS job_connection ON job (connection_id, id);
CREATE INDEX IF NOT EXISTS job_status ON job (status);
CREATE TABLE IF NOT EXISTS attempt (
  job_id INTEGER NOT NULL, number INTEGER NOT NULL, status TEXT NOT NULL, created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL, ended_at INTEGER, states INTEGER NOT NULL, streams TEXT NOT NULL,
  failures TEXT NOT NULL, PRIMARY KEY (job_id, number));
"""


class DataFolderUnreadable(Exception):
    """The state file is no database, or was written by another version of this package."""


class DataFolderInUse(Exception):
    """Another server has this data folder open."""


class Session:
    """One open transaction: the tables of the store, each by its name."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._afterwards: list[Callable[[], None]] = []
        self.workspaces = Workspaces(database, "workspace", Workspace)
        self.definitions = Definitions(database, "definition", Definition)
        self.actors = Actors(database, "actor", Actor)
        self.connections = Connections(database, "connection", Connection)
        self.catalogs = Catalogs(database, "catalog", Catalog)
        self.operations = Table(database, "operation", Operation)
        self.tags = Tags(database, "tag", Tag)
        self.states = States(database)
        self.jobs = Jobs(database)

    def afterwards(self, act: Callable[[], None]) -> None:
        """Do *act* once all of this is kept and others may write again; never, where it is not kept."""
        self._afterwards.append(act)

    def done(self) -> None:
        """All of this is kept."""
        for act in self._afterwards:
            act()

    def changes(self) -> int:
        """Another number after each write, to whatever table."""
        return self._database.total_changes

    def revision(self) -> str:
        """Another one after each change to what users declare (jobs are none): a write moves its row to the end."""
        parts: list[str] = []
        for table in DECLARED:
            row = self._database.execute(f"SELECT count(*), max(rowid) FROM {table}").fetchone()
            parts.append(f"{row[0]}.{row[1] or 0}")
        return "-".join(parts)


class Store:
    """One open SQLite file. Threads may share it: transactions follow one another."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._lock = threading.RLock()
        path.touch(mode=0o600)  # before SQLite makes it: its side files, which hold secrets too, take the mode over
        self._database = sqlite3.connect(path, timeout=0.2, isolation_level=None, check_same_thread=False)
        try:
            self._open()
        except sqlite3.OperationalError as error:
            self._database.close()
            raise DataFolderInUse(str(path.parent)) from error
        except (sqlite3.DatabaseError, DataFolderUnreadable) as error:
            self._database.close()
            raise DataFolderUnreadable(str(path)) from error

    def _open(self) -> None:
        # Exclusive: a second server on the same folder is refused. The system frees the lock after kill -9.
        self._database.execute("PRAGMA locking_mode=EXCLUSIVE")
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if version not in {0, TABLES_VERSION}:
            raise DataFolderUnreadable(f"tables of version {version}")
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.executescript(f"BEGIN IMMEDIATE; {TABLES} PRAGMA user_version={TABLES_VERSION}; COMMIT;")

    @contextmanager
    def transaction(self) -> Generator[Session]:
        """Everything done through the session is kept when the block ends well, and nothing of it otherwise."""
        with self._lock:
            self._database.execute("BEGIN")
            try:
                session = Session(self._database)
                yield session
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:  # SQLite itself goes back where the disk is full
                    self._database.execute("ROLLBACK")
                raise
        session.done()

    def erase(self) -> None:
        """Forget everything."""
        with self.transaction():
            tables = "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'"
            for (name,) in self._database.execute(tables).fetchall():
                self._database.execute(f"DELETE FROM {name}")

    def close(self) -> None:
        with self._lock:
            self._database.close()
