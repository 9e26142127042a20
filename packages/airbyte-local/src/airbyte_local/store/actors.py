"""The table of sources and destinations (one table, as in the vendor's), and the secrets kept apart from it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from airbyte_local.model.errors import NotFound
from airbyte_local.model.json_values import dumps
from airbyte_local.model.records import Actor, ActorLine
from airbyte_local.model.vocabulary import Vocabulary
from airbyte_local.store.tables import AMONG, UNORDERED, Table

LISTED = f"WHERE workspace_id {AMONG} AND kind = ? AND tombstone <= ? {UNORDERED}"


class Actors(Table[Actor]):
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
        return self._lines(ActorLine, LISTED, workspace_ids, kind, deleted)

    def ids(self, kind: str, workspace_ids: Sequence[str], *, deleted: bool = False) -> list[str]:
        """As `lines`, for whoever needs no more than a page of it."""
        return self._ids(LISTED, workspace_ids, kind, deleted)

    def of_workspaces(self, kind: str, workspace_ids: Sequence[str]) -> list[Actor]:
        return self._select(LISTED, workspace_ids, kind, 0)

    def of_definition(self, definition_id: str) -> list[Actor]:
        return self._select("WHERE definition_id = ? AND tombstone = 0 ORDER BY rowid", definition_id)

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
