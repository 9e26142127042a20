"""The tables of discovered catalogs and of the discoveries that led to them (the vendor's discover cache)."""

from __future__ import annotations

import hashlib
import json
import sqlite3

from airbyte_local.model.json_values import Json, dumps
from airbyte_local.model.records import Catalog


class Catalogs:
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def get(self, catalog_id: str) -> Catalog | None:
        row = self._database.execute("SELECT streams FROM catalog WHERE id = ?", (catalog_id,)).fetchone()
        return None if row is None else Catalog(id=catalog_id, streams=json.loads(row[0]))

    def same(self, streams: list[Json]) -> Catalog | None:
        """The catalog that holds just these streams: the same content keeps its id."""
        row = self._database.execute("SELECT id FROM catalog WHERE hash = ?", (_hash(streams),)).fetchone()
        return None if row is None else Catalog(id=row[0], streams=streams)

    def save(self, catalog: Catalog) -> None:
        self._database.execute(
            "INSERT INTO catalog (id, hash, streams) VALUES (?, ?, ?)",
            (catalog.id, _hash(catalog.streams), dumps(catalog.streams)),
        )

    def record(self, *, actor_id: str, image: str, configuration_hash: str, catalog_id: str, at: int) -> None:
        self._database.execute(
            "INSERT INTO catalog_fetch (actor_id, image, configuration_hash, catalog_id, created_at)"
            " VALUES (?, ?, ?, ?, ?)",
            (actor_id, image, configuration_hash, catalog_id, at),
        )

    def cached(self, *, actor_id: str, image: str, configuration_hash: str) -> str | None:
        """The id of the catalog that the same source, image and configuration led to last."""
        row = self._database.execute(
            "SELECT catalog_id FROM catalog_fetch WHERE actor_id = ? AND image = ? AND configuration_hash = ?"
            " ORDER BY position DESC LIMIT 1",
            (actor_id, image, configuration_hash),
        ).fetchone()
        return None if row is None else row[0]

    def newest(self, actor_id: str) -> tuple[str, int] | None:
        """(catalog id, when) of the last discovery of a source."""
        return self._database.execute(
            "SELECT catalog_id, created_at FROM catalog_fetch WHERE actor_id = ? ORDER BY position DESC LIMIT 1",
            (actor_id,),
        ).fetchone()


def _hash(streams: list[Json]) -> str:
    return hashlib.sha256(dumps(streams).encode()).hexdigest()
