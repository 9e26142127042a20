"""DuckDB files that jobs of this process have open: one instance a file, shared by all who write to it.

DuckDB lets one process at a time open a file, and within it all connections share one instance, which has one limit
of memory. What it spills goes to a folder of ours beside the file, and so does CSV on its way in: whoever is killed
leaves both to the next job (`staging`).
"""

from __future__ import annotations

import threading
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airbyte_local.connectors.destinations.staging import Lease, take_lease
from airbyte_local.connectors.extras import imported
from airbyte_local.connectors.protocol import ConnectorFailed

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEGABYTES = 24
COLUMNS_PER_MEGABYTE = 1.5  # of all tables of a job: each has blocks of its own until the transaction ends
GROWTH = 64  # times what it was in the beginning
MAGIC = slice(8, 12), b"DUCK"
_instances: dict[Path, Instance] = {}
_registry = threading.Lock()


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
