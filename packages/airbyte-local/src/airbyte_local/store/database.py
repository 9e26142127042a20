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

TABLES_VERSION = 2
TABLES = Path(__file__).with_name("tables.sql").read_text(encoding="utf-8")


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
        query = "SELECT count(*) || '.' || ifnull(max(rowid), 0) FROM"
        return "-".join(self._database.execute(f"{query} {table}").fetchone()[0] for table in DECLARED)


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
