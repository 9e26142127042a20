"""The Local SQLite destination: a raw table a stream, `_airbyte_raw_<stream>`, with the row as JSON in one column.

No namespaces: two streams of one name clash. Unlike the vendor's this one can deduplicate, and the layout stays:
`_airbyte_ab_id` is then no random UUID (version 4) but one made of the primary key (version 8), so that a table has
one row a key. Its first eight digits stand for which fields the key is. Rows with any other id, of a time when the
stream was appended or had another key, get their new id, and give way to newer ones, when a job next writes.

The file is locked for no longer than a transaction lasts; temporary tables are files without a name, which vanish
with the process.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from airbyte_local.connectors.destinations.encoding import (
    NO_JSON,
    Misfit,
    json_text,
    moment_text,
    no_json,
    raw_ids,
    to_bytes,
    to_json,
)
from airbyte_local.connectors.destinations.files import check_folder
from airbyte_local.connectors.destinations.naming import printable, quoted
from airbyte_local.connectors.destinations.staging import writing
from airbyte_local.connectors.destinations.tables import Kind, kind_of
from airbyte_local.connectors.destinations.times import date_text, time_text, utc_text
from airbyte_local.connectors.destinations.writer import Stream, Writer, require_distinct, transaction
from airbyte_local.connectors.local_paths import writable
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed, Destination, Surroundings, Target
from airbyte_local.connectors.specifications import Specified
from airbyte_local.model.json_values import Json, is_list, is_object

WAIT_SECONDS = 60.0  # for another program that writes to the file
ROW_CHARACTERS = 512  # counted for a short row: a Python object is no less
LAYOUT = {"_airbyte_ab_id": "TEXT PRIMARY KEY", "_airbyte_emitted_at": "TEXT", "_airbyte_data": "TEXT"}
DEFINITIONS = ", ".join(f"{name} {sql_type}" for name, sql_type in LAYOUT.items())
FILE = "destination"  # what the connection calls it
LOOK = f"SELECT 1 FROM {FILE}.sqlite_master LIMIT 1"
# What makes one text of times of one instant, however they are written.
TIMES = {
    Kind.DATE: date_text,
    Kind.TIMESTAMP: utc_text,
    Kind.TIMESTAMP_TZ: utc_text,
    Kind.TIME: time_text,
    Kind.TIME_TZ: time_text,
}
_turns: dict[Path, threading.Lock] = {}
"""Jobs of this process take turns, rather than to wait for SQLite's lock, which knows no queue."""


class Sqlite(Specified, Destination):
    image = "destination-sqlite"

    def check(self, configuration: Json, around: Surroundings, /) -> None:
        path = _path(configuration, around)
        check_folder(str(Path(configuration["destination_path"]).parent), around)
        try:
            with guarded(), closing(sqlite3.connect(":memory:")) as database:
                if path.exists():
                    attach(database, path)
        except ConnectorCrashed as error:
            raise ConnectorFailed(str(error)) from error

    def open(self, configuration: Json, targets: Sequence[Target], around: Surroundings, /) -> Writer:
        path = _path(configuration, around)
        names = [printable(f"_airbyte_raw_{target.name}") for target in targets]
        require_distinct(targets, names, folds_case=True)
        with guarded():
            path.parent.mkdir(parents=True, exist_ok=True)
            engine = _Engine(path)
            try:
                streams = [
                    _RawStream(position, target, name, engine)
                    for position, (target, name) in enumerate(zip(targets, names, strict=True))
                ]
            except BaseException:
                engine.close()
                raise
        return Writer(engine, streams, around.cancellation)


def _path(configuration: Json, around: Surroundings) -> Path:
    path = writable(around.local_root, configuration["destination_path"])
    if path.exists() and not path.is_file():
        raise ConnectorFailed(f"{configuration['destination_path']!r} is a folder; a file is needed")
    return path


class _RawStream(Stream[tuple[str, str, str]]):
    def __init__(self, position: int, target: Target, name: str, engine: _Engine) -> None:
        super().__init__(target)
        self._database = engine.database
        self._quoted = quoted(FILE, name)
        self._stage, self._old = f"stage_{position}", f"old_{position}"
        self._id_of, self._is_newer = f"id_of_{position}", f"is_newer_{position}"
        self._keys = RowIds(target) if target.mode == "append_dedup" else None
        self._ids = raw_ids()
        if self._keys is not None and not target.primary_key:
            raise ConnectorFailed(f"Stream {target.name!r}: append_dedup needs a primary key")
        self._teach(self._keys, Cursors(target) if target.cursor else None)
        self._database.execute(f"CREATE TEMP TABLE {self._stage} ({', '.join(LAYOUT)})")
        if not engine.is_new:
            self._require_ours(name)

    def add(self, data: Json, emitted_at: int) -> int:
        try:
            text = to_json(data)
            raw_id = next(self._ids) if self._keys is None else self._keys.of(data)
        except NO_JSON as error:
            raise no_json(self.target.name, data) from error
        if not text.isascii():
            text = to_bytes(text).decode()
        self.waiting.append((raw_id, moment_text(emitted_at), text))
        return max(len(text), ROW_CHARACTERS)

    def stage(self) -> None:
        with transaction(self._database.execute):
            self._database.executemany(f"INSERT INTO temp.{self._stage} VALUES (?, ?, ?)", self.waiting)

    def move(self) -> None:
        if self.target.replaces:
            self._database.execute(f"DROP TABLE IF EXISTS {self._quoted}")
        self._database.execute(f"CREATE TABLE IF NOT EXISTS {self._quoted} ({DEFINITIONS})")
        if self._keys is not None and not self.settled:
            self._take_over(self._keys)
        self._insert(self._stage)
        self._database.execute(f"DELETE FROM temp.{self._stage}")

    def _teach(self, keys: RowIds | None, cursors: Cursors | None) -> None:
        """What SQL needs of Python."""

        def id_of(data: str) -> str | None:
            return keys and keys.of(json.loads(data))

        def is_newer(new: str, old: str) -> bool:
            return cursors is None or cursors.rank(json.loads(new)) >= cursors.rank(json.loads(old))

        self._database.create_function(self._id_of, 1, id_of)
        self._database.create_function(self._is_newer, 2, is_newer)
        self._has_cursor = cursors is not None

    def _take_over(self, keys: RowIds) -> None:
        """Rows whose id is not made of the key get one that is."""
        mine = f"_airbyte_ab_id GLOB '{keys.prefix}-????-8*'"
        self._database.execute(f"DROP TABLE IF EXISTS temp.{self._old}")
        self._database.execute(
            f"CREATE TEMP TABLE {self._old} AS SELECT {self._id_of}(_airbyte_data) "
            f"AS _airbyte_ab_id, _airbyte_emitted_at, _airbyte_data "
            f"FROM {self._quoted} WHERE NOT {mine} ORDER BY rowid"
        )
        self._database.execute(f"DELETE FROM {self._quoted} WHERE NOT {mine}")
        self._insert(self._old)

    def _insert(self, rows: str) -> None:
        statement = f"INSERT INTO {self._quoted} SELECT * FROM temp.{rows} WHERE true ORDER BY rowid"
        if self._keys is not None:
            newer = f" WHERE {self._is_newer}(excluded._airbyte_data, _airbyte_data)" if self._has_cursor else ""
            changes = ", ".join(f"{name} = excluded.{name}" for name in LAYOUT)
            statement += f" ON CONFLICT (_airbyte_ab_id) DO UPDATE SET {changes}{newer}"
        self._database.execute(statement)

    def _require_ours(self, name: str) -> None:
        found = self._database.execute(f"PRAGMA {FILE}.table_info({quoted(name)})").fetchall()
        names = {row[1] for row in found}
        views = f"SELECT 1 FROM {FILE}.sqlite_master WHERE type = 'view' AND name = ? COLLATE NOCASE"
        if (names and names != set(LAYOUT)) or self._database.execute(views, [name]).fetchall():
            raise ConnectorFailed(
                f"Stream {self.target.name!r}: {name!r} is there already and was not made by Airbyte"
            )


@contextmanager
def guarded() -> Generator[None]:
    """Within the block an error of SQLite or of the system is raised as ConnectorFailed or ConnectorCrashed."""
    try:
        with writing():
            yield
    except sqlite3.OperationalError as error:
        raise ConnectorCrashed(f"SQLite: {error}") from error
    except sqlite3.Error as error:
        raise ConnectorFailed(f"SQLite: {error}") from error


class _Engine:
    guarded = staticmethod(guarded)

    def __init__(self, path: Path) -> None:
        self._path = path
        self.is_new = not path.exists()
        self.database = sqlite3.connect(
            ":memory:", timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            self.database.execute("PRAGMA temp_store = FILE")
            if not self.is_new:
                attach(self.database, path)
        except BaseException:
            self.close()
            raise

    def transact(self, act: Callable[[], None]) -> None:
        with _turns.setdefault(self._path, threading.Lock()):
            attach(self.database, self._path)
            try:
                with transaction(self.database.execute, "BEGIN IMMEDIATE"):
                    act()
            except BaseException:
                # Where the disk is full SQLite rolls back no sooner than somebody reads: it stays full till then.
                with suppress(sqlite3.Error):
                    self.database.execute(LOOK)
                raise

    def interrupt(self) -> None:
        self.database.interrupt()

    def close(self) -> None:
        """Leave no file that was not there before and holds nothing."""
        with suppress(Exception):
            self.database.close()
            if self.is_new and self._path.exists() and not self._path.stat().st_size:
                self._path.unlink()


def attach(database: sqlite3.Connection, path: Path) -> None:
    """Open the file, and read from it, so that what is no database is found out. A second time does nothing."""
    if all(name != FILE for _, name, _ in database.execute("PRAGMA database_list")):
        database.execute(f"ATTACH ? AS {FILE}", [str(path)])
    database.execute(LOOK).fetchall()


class RowIds:
    """Of rows that have a key: UUIDs (version 8) that are the same for the same key."""

    def __init__(self, target: Target) -> None:
        self._paths = target.primary_key
        self.prefix = _digest([list(path) for path in target.primary_key])[:8]

    def of(self, data: Json) -> str:
        digits = _digest([_plain(_at(data, path)) for path in self._paths])
        variant = "89ab"[int(digits[7], 16) & 3]
        return f"{self.prefix}-{digits[:4]}-8{digits[4:7]}-{variant}{digits[8:11]}-{digits[11:23]}"


class Cursors:
    """The order of rows by their cursor: null, then numbers, then texts, then what else there may be."""

    def __init__(self, target: Target) -> None:
        self._path = target.cursor
        schema: Any = target.json_schema
        for name in target.cursor:
            properties = schema.get("properties") if is_object(schema) else None
            schema = properties.get(name) if is_object(properties) else None
        self._kind = kind_of(schema)

    def rank(self, data: Json) -> tuple[int, Any]:
        value = _at(data, self._path)
        if value is None:
            return 0, 0
        if isinstance(value, (int, float)):
            return 1, value
        if isinstance(value, str):
            return 2, self._text(value)
        return 3, json_text(value)

    def _text(self, value: str) -> str:
        """Times of one instant are one, however they are written."""
        parse = TIMES.get(self._kind)
        if parse is None:
            return value
        try:
            return parse(value)
        except Misfit:
            return value


def _at(data: Any, path: Sequence[str]) -> Any:
    for name in path:
        data = data.get(name) if is_object(data) else None
    return data


def _plain(value: Any) -> Any:
    """1.0 is 1, and the order of an object's fields is of no matter: not `mapped`, which keeps it."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if is_object(value):
        return {name: _plain(value[name]) for name in sorted(value)}
    return [_plain(inner) for inner in value] if is_list(value) else value


def _digest(value: Any) -> str:
    return hashlib.sha256(to_bytes(json_text(value))).hexdigest()
