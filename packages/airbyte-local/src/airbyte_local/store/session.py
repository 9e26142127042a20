"""One open transaction: the tables of the store, each by its name."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, Protocol

from airbyte_local.store.actors import Actors
from airbyte_local.store.catalogs import Catalogs
from airbyte_local.store.connections import Connections
from airbyte_local.store.definitions import Definitions
from airbyte_local.store.jobs import Jobs
from airbyte_local.store.operations import Operations
from airbyte_local.store.states import States
from airbyte_local.store.tags import Tags
from airbyte_local.store.workspaces import Workspaces

DECLARED = ("definition", "actor", "connection", "operation", "tag")
"""The tables that hold what users write."""


class Runners(Protocol):
    """What runs the connectors that the rows of definitions name; known to whoever opens the store."""

    def connector(self, wanted: Any, /) -> Any: ...

    def runs(self, wanted: Any, /) -> str | None: ...


class Session:
    def __init__(self, database: sqlite3.Connection, runners: Runners | None = None) -> None:
        self._database = database
        self._afterwards: list[Callable[[], None]] = []
        self.runners = runners
        self.workspaces = Workspaces(database)
        self.definitions = Definitions(database)
        self.actors = Actors(database)
        self.connections = Connections(database)
        self.catalogs = Catalogs(database)
        self.operations = Operations(database)
        self.tags = Tags(database)
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
            row = self._database.execute(f"SELECT count(*), max(rowid) FROM {table}").fetchone()  # noqa: S608
            parts.append(f"{row[0]}.{row[1] or 0}")
        return "-".join(parts)

    def erase(self) -> None:
        names = self._database.execute(
            "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'"
        )
        for (name,) in names.fetchall():
            self._database.execute(f"DELETE FROM {name}")  # noqa: S608 - a name out of the schema itself
