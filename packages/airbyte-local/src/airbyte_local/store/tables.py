"""What tables have in common, and most of them. A row is a value of `model.records`, each column a field."""

from __future__ import annotations

import functools
import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, fields, is_dataclass
from typing import Any, Generic, TypeVar, get_args, get_origin, get_type_hints

from airbyte_local.model.errors import NotFound
from airbyte_local.model.json_values import Json, dumps
from airbyte_local.model.records import (
    Actor,
    ActorLine,
    Catalog,
    Connection,
    ConnectionLine,
    Definition,
    Tag,
    Workspace,
)
from airbyte_local.model.vocabulary import Vocabulary

AMONG = "IN (SELECT value FROM json_each(?))"
"""The elements of a JSON list: there may be more of them than SQL takes values."""
UNORDERED = "ORDER BY rowid * 2654435761 % 4294967291, rowid"
"""Rows as a scan of the vendor's tables gives them: in no order, and each write of a row moves it elsewhere."""
ACTORS = f"WHERE workspace_id {AMONG} AND kind = ? AND tombstone <= ? {UNORDERED}"
ALIVE = "status != 'deprecated'"
CONNECTIONS = f"WHERE workspace_id {AMONG} AND (? OR {ALIVE}) {UNORDERED}"
TAGGED = f"WHERE EXISTS (SELECT 1 FROM json_each(details, '$.tagIds') AS tag WHERE tag.value {AMONG})"
# The condition is that of an index: this is asked every second.
SCHEDULED = "WHERE status = 'active' AND json_extract(details, '$.scheduleType') <> 'manual' ORDER BY rowid"
Row = TypeVar("Row")
Line = TypeVar("Line")


class Table(Generic[Row]):
    """*key*: the columns that tell rows apart."""

    def __init__(
        self, database: sqlite3.Connection, name: str, record: type[Row], *, key: tuple[str, ...] = ("id",)
    ) -> None:
        self._database = database
        self._name = name
        self._record = record
        self._key = key

    def save(self, row: Row) -> None:
        """Whatever is there under its key gives way, and it moves to the end of the heap, as PostgreSQL may do it.

        Raises:
            sqlite3.IntegrityError: another row has what is to be unique.
        """
        values = [_written(getattr(row, column)) for column in _columns(self._record)]
        self._database.execute(_upsert(self._name, self._record, self._key), values)

    def get(self, row_id: str | int) -> Row | None:
        """Deleted ones too: the vendor's GET answers 200 for them."""
        return next(iter(self.select("WHERE id = ?", row_id)), None)

    def whole(self, ids: Sequence[Any]) -> list[Row]:
        """The rows of *ids*, in their order."""
        rows: list[Any] = self.select(f"WHERE id {AMONG}", list(ids))
        by_id = {row.id: row for row in rows}
        return [by_id[row_id] for row_id in ids]

    def select(self, condition: str, *values: Any) -> list[Row]:
        columns, readers = _columns(self._record), _readers(self._record)
        found: list[Row] = []
        for row in self._rows(", ".join(columns), condition, *values):
            made = dict(zip(columns, row, strict=True))
            for name, read in readers.items():
                made[name] = read(made[name])
            found.append(self._record(**made))
        return found

    def _lines(self, line: type[Line], condition: str, *values: Any) -> list[Line]:
        """As *line*, a dataclass, has fields: less than the whole row."""
        columns = ", ".join(_columns(line))
        return [line(*row) for row in self._rows(columns, condition, *values)]

    def _ids(self, condition: str, *values: Any) -> list[Any]:
        return [row[0] for row in self._rows("id", condition, *values)]

    def _rows(self, columns: str, condition: str, *values: Any) -> Iterable[tuple[Any, ...]]:
        """Lists among *values* become JSON, for `AMONG`."""
        given = [_written(value) for value in values]
        return self._database.execute(f"SELECT {columns} FROM {self._name} {condition}", given)


class Workspaces(Table[Workspace]):
    def by_slug(self, slug: str) -> Workspace | None:
        return next(iter(self.select("WHERE slug = ?", slug)), None)

    def all(self) -> list[Workspace]:
        return self.select("ORDER BY rowid")


class Definitions(Table[Definition]):
    """Custom ones, and what this instance changed about public ones."""

    def all(self, kind: str) -> dict[str, Definition]:
        return {row.id: row for row in self.select("WHERE kind = ?", kind)}


class Tags(Table[Tag]):
    def of_workspace(self, workspace_id: str) -> list[Tag]:
        return self.select("WHERE workspace_id = ? ORDER BY rowid", workspace_id)

    def delete(self, tag_id: str) -> None:
        self._database.execute("DELETE FROM tag WHERE id = ?", (tag_id,))


class Actors(Table[Actor]):
    """Sources and destinations (one table, as in the vendor's), and the secrets kept apart from it."""

    def find(self, words: Vocabulary, actor_id: str) -> Actor:
        """As `get`, of one kind.

        Raises:
            NotFound: there is none.
        """
        actor = self.get(actor_id)
        if actor is None or actor.kind != words.kind:
            raise NotFound(type=words.not_found, id=actor_id)
        return actor

    def lines(self, kind: str, workspace_ids: Sequence[str], *, deleted: bool = False) -> list[ActorLine]:
        """All of some workspaces, in no order."""
        return self._lines(ActorLine, ACTORS, workspace_ids, kind, deleted)

    def ids(self, kind: str, workspace_ids: Sequence[str], *, deleted: bool = False) -> list[str]:
        """As `lines`, for whoever needs no more than a page of it."""
        return self._ids(ACTORS, workspace_ids, kind, deleted)

    def of_workspaces(self, kind: str, workspace_ids: Sequence[str]) -> list[Actor]:
        return self.select(ACTORS, workspace_ids, kind, 0)

    def of_definition(self, definition_id: str) -> list[Actor]:
        return self.select("WHERE definition_id = ? AND tombstone = 0 ORDER BY rowid", definition_id)

    def put_secret(self, actor_id: str, coordinate: str, value: Any) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO secret (coordinate, actor_id, value) VALUES (?, ?, ?)",
            (coordinate, actor_id, dumps(value)),
        )

    def secret(self, coordinate: str) -> Any:
        row = self._database.execute("SELECT value FROM secret WHERE coordinate = ?", (coordinate,)).fetchone()
        return None if row is None else json.loads(row[0])

    def forget_secrets(self, actor_id: str) -> None:
        self._database.execute("DELETE FROM secret WHERE actor_id = ?", (actor_id,))


class Connections(Table[Connection]):
    def find(self, connection_id: str) -> Connection:
        """As `get`.

        Raises:
            NotFound: there is none.
        """
        connection = self.get(connection_id)
        if connection is None:
            raise NotFound(type="STANDARD_SYNC", id=connection_id)
        return connection

    def lines(self, workspace_ids: Sequence[str], *, deleted: bool = False) -> list[ConnectionLine]:
        """All of some workspaces, in no order."""
        return self._lines(ConnectionLine, CONNECTIONS, workspace_ids, deleted)

    def ids(self, workspace_ids: Sequence[str], *, deleted: bool = False) -> list[str]:
        """As `lines`, for whoever needs no more than a page of it."""
        return self._ids(CONNECTIONS, workspace_ids, deleted)

    def of_workspaces(self, workspace_ids: Sequence[str], *, deleted: bool = False) -> list[Connection]:
        return self.select(CONNECTIONS, workspace_ids, deleted)

    def tagged(self, tag_ids: Sequence[str]) -> set[str]:
        """The ids of the connections that have one of these tags."""
        return set(self._ids(TAGGED, tag_ids))

    def of_actor(self, actor_id: str) -> list[Connection]:
        ends = "(source_id = ? OR destination_id = ?)"
        return self.select(f"WHERE {ends} AND {ALIVE} ORDER BY rowid", actor_id, actor_id)

    def scheduled(self) -> dict[str, Json]:
        """The scheduleData of every active connection that runs by itself."""
        rows = self._rows("id, json_extract(details, '$.scheduleData')", SCHEDULED)
        return {connection_id: json.loads(data) for connection_id, data in rows if data is not None}

    def count_by_actor(self, actor_ids: Sequence[str]) -> dict[str, int]:
        return {
            actor_id: count
            for side in ("source_id", "destination_id")
            for actor_id, count in self._rows(
                f"{side}, count(*)", f"WHERE {side} {AMONG} AND {ALIVE} GROUP BY 1", actor_ids
            )
        }


class Catalogs(Table[Catalog]):
    """Discovered catalogs, and the discoveries that led to them (the vendor's discover cache)."""

    def same(self, streams: list[Json]) -> Catalog | None:
        """The catalog that holds just these streams: the same content keeps its id."""
        return next(iter(self.select("WHERE hash = ?", _hash(streams))), None)

    def save(self, row: Catalog) -> None:
        self._database.execute(
            "INSERT INTO catalog (id, hash, streams) VALUES (?, ?, ?)",
            (row.id, _hash(row.streams), dumps(row.streams)),
        )

    def record(self, *, actor_id: str, image: str, configuration_hash: str, catalog_id: str, at: int) -> None:
        self._database.execute(
            "INSERT INTO catalog_fetch (actor_id, image, configuration_hash, catalog_id, created_at)"
            " VALUES (?, ?, ?, ?, ?)",
            (actor_id, image, configuration_hash, catalog_id, at),
        )

    def cached(self, *, actor_id: str, image: str, configuration_hash: str) -> Catalog | None:
        """The catalog that the same source, image and configuration led to last."""
        last = (
            "WHERE id = (SELECT catalog_id FROM catalog_fetch"
            " WHERE actor_id = ? AND image = ? AND configuration_hash = ? ORDER BY position DESC LIMIT 1)"
        )
        return next(iter(self.select(last, actor_id, image, configuration_hash)), None)

    def newest(self, actor_id: str) -> tuple[str, int] | None:
        """(catalog id, when) of the last discovery of a source."""
        return self._database.execute(
            "SELECT catalog_id, created_at FROM catalog_fetch WHERE actor_id = ? ORDER BY position DESC LIMIT 1",
            (actor_id,),
        ).fetchone()


def _hash(streams: list[Json]) -> str:
    return hashlib.sha256(dumps(streams).encode()).hexdigest()


@functools.cache
def _columns(record: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(record))


@functools.cache
def _readers(record: type) -> dict[str, Callable[[Any], Any]]:
    """The columns that are not as SQLite gives them, and what makes a field of each."""
    hints = get_type_hints(record)
    return {name: read for name in _columns(record) if (read := _reader(hints[name]))}


def _reader(hint: Any) -> Callable[[Any], Any] | None:
    if hint is bool:
        return bool
    if get_origin(hint) is tuple:
        item: Callable[..., Any] = get_args(hint)[0]
        made = is_dataclass(item)
        return lambda text: tuple(item(**inner) if made else inner for inner in json.loads(text))
    if any(get_origin(option) in {dict, list} for option in (hint, *get_args(hint))):
        return lambda text: None if text is None else json.loads(text)
    return None


def _written(value: Any) -> Any:
    """What SQLite keeps as it is, or JSON."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, tuple):
        value = [asdict(inner) if is_dataclass(inner) else inner for inner in value]  # type: ignore[arg-type]
    return dumps(value)


@functools.cache
def _upsert(table: str, record: type, key: tuple[str, ...]) -> str:
    # Not INSERT OR REPLACE: it would silently drop another row of the same slug or name.
    columns = _columns(record)
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns)
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET rowid = (SELECT max(rowid) + 1 FROM {table}), {changes}"
    )
