"""Rows into the raw tables of an SQLite file: staged in temporary tables, moved in one transaction.

The file is locked for no longer than such a transaction lasts; temporary tables are files without a name, which
vanish with the process.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.connectors.destinations.encoding import NO_JSON, Moments, no_json, raw_ids, to_bytes, to_json
from airbyte_local.connectors.destinations.interrupting import interruptible
from airbyte_local.connectors.destinations.keys import Cursors, RowIds
from airbyte_local.connectors.destinations.naming import quoted
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed, Target
from airbyte_local.model.json_values import Json

WAIT_SECONDS = 60.0  # for another program that writes to the file
ROWS = 2_000
CHARACTERS = 1 << 20
"""So much of a stream, at most, waits in memory; or one row that is longer."""
LAYOUT = {"_airbyte_ab_id": "TEXT PRIMARY KEY", "_airbyte_emitted_at": "TEXT", "_airbyte_data": "TEXT"}
DEFINITIONS = ", ".join(f"{name} {sql_type}" for name, sql_type in LAYOUT.items())
FILE = "destination"  # what the connection calls it
LOOK = f"SELECT 1 FROM {FILE}.sqlite_master LIMIT 1"
_turns: dict[Path, threading.Lock] = {}
"""Jobs of this process take turns, rather than to wait for SQLite's lock, which knows no queue."""


class _Table:
    def __init__(self, position: int, target: Target, name: str) -> None:
        self.target = target
        self.quoted = quoted(FILE, name)
        self.name = name
        self.stage = f"temp.stage_{position}"
        self.old = f"temp.old_{position}"
        self.id_of, self.is_newer = f"id_of_{position}", f"is_newer_{position}"
        self.keys = RowIds(target) if target.mode == "append_dedup" else None
        self.cursors = Cursors(target) if target.cursor else None
        self.waiting: list[tuple[str, str, str]] = []
        self.characters = 0
        self.staged = False
        self.settled = False

    def make(self, database: sqlite3.Connection) -> None:
        """What SQL needs of Python, and where rows wait."""
        database.execute(f"CREATE TEMP TABLE {self.stage.partition('.')[2]} ({', '.join(LAYOUT)})")
        if (keys := self.keys) is not None:

            def id_of(data: str) -> str:
                return keys.of(json.loads(data))

            database.create_function(self.id_of, 1, id_of)
        if (cursors := self.cursors) is not None:

            def is_newer(new: str, old: str) -> bool:
                return cursors.rank(json.loads(new)) >= cursors.rank(json.loads(old))

            database.create_function(self.is_newer, 2, is_newer)

    def move(self, database: sqlite3.Connection) -> None:
        """Within a transaction."""
        if self.target.replaces:
            database.execute(f"DROP TABLE IF EXISTS {self.quoted}")
        database.execute(f"CREATE TABLE IF NOT EXISTS {self.quoted} ({DEFINITIONS})")
        if self.keys is not None and not self.settled:
            self._take_over(self.keys, database)
        database.execute(self._insertion(self.stage))
        database.execute(f"DELETE FROM {self.stage}")

    def _take_over(self, keys: RowIds, database: sqlite3.Connection) -> None:
        """Rows whose id is not made of the key get one that is."""
        mine = f"_airbyte_ab_id GLOB '{keys.prefix}-????-8*'"
        database.execute(f"DROP TABLE IF EXISTS {self.old}")
        database.execute(
            f"CREATE TEMP TABLE {self.old.partition('.')[2]} AS SELECT {self.id_of}(_airbyte_data) "
            f"AS _airbyte_ab_id, _airbyte_emitted_at, _airbyte_data "
            f"FROM {self.quoted} WHERE NOT {mine} ORDER BY rowid"
        )
        database.execute(f"DELETE FROM {self.quoted} WHERE NOT {mine}")
        database.execute(self._insertion(self.old))

    def _insertion(self, rows: str) -> str:
        insertion = f"INSERT INTO {self.quoted} SELECT * FROM {rows} WHERE true ORDER BY rowid"
        if self.keys is None:
            return insertion
        newer = f" WHERE {self.is_newer}(excluded._airbyte_data, _airbyte_data)" if self.cursors else ""
        changes = ", ".join(f"{name} = excluded.{name}" for name in LAYOUT)
        return f"{insertion} ON CONFLICT (_airbyte_ab_id) DO UPDATE SET {changes}{newer}"


class SqliteSink:
    """Every method but `abort` raises as `Sink` says."""

    def __init__(self, path: Path, targets: Sequence[tuple[Target, str]], cancellation: Cancellation) -> None:
        self._path = path
        self._cancellation = cancellation
        self._is_new = not path.exists()
        self._ids = raw_ids()
        self._moments = Moments()
        self._tables = [_Table(position, target, name) for position, (target, name) in enumerate(targets)]
        self._database = sqlite3.connect(
            ":memory:", timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            self._prepare()
        except BaseException:
            self._database.close()
            raise

    def write(self, target: int, data: Json, emitted_at: int, /) -> None:
        table = self._tables[target]
        try:
            text = to_json(data)
            raw_id = next(self._ids) if table.keys is None else table.keys.of(data)
        except NO_JSON as error:
            raise no_json(table.target.name, data) from error
        if not text.isascii():
            text = to_bytes(text).decode()
        table.waiting.append((raw_id, self._moments.text(emitted_at), text))
        table.characters += len(text)
        if table.characters > CHARACTERS or len(table.waiting) >= ROWS:
            with self._working():
                self._stage(table)

    def flush(self) -> bool:
        self._move([each for each in self._tables if each.target.checkpoints and not each.target.replaces])
        return True

    def finish(self) -> None:
        try:
            self._move(self._tables, all_of_them=True)
        finally:
            self._close()

    def abort(self) -> None:
        with suppress(Exception):
            self._close()

    def _prepare(self) -> None:
        self._database.execute("PRAGMA temp_store = FILE")
        for table in self._tables:
            if table.keys is not None and not table.target.primary_key:
                raise ConnectorFailed(f"Stream {table.target.name!r}: append_dedup needs a primary key")
            table.make(self._database)
        if not self._is_new:
            attach(self._database, self._path)
            for table in self._tables:
                self._require_ours(table)

    def _require_ours(self, table: _Table) -> None:
        found = self._database.execute(f"PRAGMA {FILE}.table_info({quoted(table.name)})").fetchall()
        names = {row[1] for row in found}
        views = f"SELECT 1 FROM {FILE}.sqlite_master WHERE type = 'view' AND name = ? COLLATE NOCASE"
        if (names and names != set(LAYOUT)) or self._database.execute(views, [table.name]).fetchall():
            raise ConnectorFailed(
                f"Stream {table.target.name!r}: {table.name!r} is there already and was not made by Airbyte"
            )

    def _stage(self, table: _Table) -> None:
        self._database.execute("BEGIN")
        self._database.executemany(f"INSERT INTO {table.stage} VALUES (?, ?, ?)", table.waiting)
        self._database.execute("COMMIT")
        table.staged = table.staged or bool(table.waiting)
        table.waiting.clear()
        table.characters = 0

    def _move(self, tables: Sequence[_Table], *, all_of_them: bool = False) -> None:
        with self._working():
            for table in tables:
                self._stage(table)
            moving = [table for table in tables if table.staged or all_of_them]
            if moving:
                self._transact(lambda: [table.move(self._database) for table in moving])
            for table in moving:
                table.staged, table.settled = False, True

    def _transact(self, act: Callable[[], object]) -> None:
        with _turns.setdefault(self._path, threading.Lock()):
            attach(self._database, self._path)
            self._database.execute("BEGIN IMMEDIATE")
            try:
                act()
                self._database.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._database.execute("ROLLBACK")
                # Where the disk is full SQLite rolls back no sooner than somebody reads: it stays full till then.
                with suppress(sqlite3.Error):
                    self._database.execute(LOOK)
                raise

    @contextmanager
    def _working(self) -> Generator[None]:
        with interruptible(self._cancellation, self._database.interrupt), guarded():
            yield

    def _close(self) -> None:
        """Leave no file that was not there before and holds nothing."""
        self._database.close()
        if self._is_new and self._path.exists() and not self._path.stat().st_size:
            self._path.unlink()


def attach(database: sqlite3.Connection, path: Path) -> None:
    """Open the file, and read from it, so that what is no database is found out. A second time does nothing."""
    if all(name != FILE for _, name, _ in database.execute("PRAGMA database_list")):
        database.execute(f"ATTACH ? AS {FILE}", [str(path)])
    database.execute(LOOK).fetchall()


@contextmanager
def guarded() -> Generator[None]:
    """Within the block an error of SQLite or of the system is raised as ConnectorFailed or ConnectorCrashed."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise ConnectorCrashed(f"SQLite: {error}") from error
    except sqlite3.Error as error:
        raise ConnectorFailed(f"SQLite: {error}") from error
    except OSError as error:
        raise ConnectorCrashed(f"Cannot write to the destination: {error.strerror or error}") from error
