"""The table of connections."""

from __future__ import annotations

import json
from collections.abc import Sequence

from airbyte_local.model.errors import NotFound
from airbyte_local.model.json_values import Json
from airbyte_local.model.records import Connection, ConnectionLine
from airbyte_local.store.tables import AMONG, UNORDERED, Table

ALIVE = "status != 'deprecated'"
LISTED = f"WHERE workspace_id {AMONG} AND (? OR {ALIVE}) {UNORDERED}"
TAGGED = f"WHERE EXISTS (SELECT 1 FROM json_each(details, '$.tagIds') AS tag WHERE tag.value {AMONG})"
# The condition is that of an index: this is asked every second.
SCHEDULED = "WHERE status = 'active' AND json_extract(details, '$.scheduleType') <> 'manual' ORDER BY rowid"


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
        return self._lines(ConnectionLine, LISTED, workspace_ids, deleted)

    def ids(self, workspace_ids: Sequence[str], *, deleted: bool = False) -> list[str]:
        """As `lines`, for whoever needs no more than a page of it."""
        return self._ids(LISTED, workspace_ids, deleted)

    def of_workspaces(self, workspace_ids: Sequence[str], *, deleted: bool = False) -> list[Connection]:
        return self._select(LISTED, workspace_ids, deleted)

    def tagged(self, tag_ids: Sequence[str]) -> set[str]:
        """The ids of the connections that have one of these tags."""
        return set(self._ids(TAGGED, tag_ids))

    def of_actor(self, actor_id: str) -> list[Connection]:
        ends = "(source_id = ? OR destination_id = ?)"
        return self._select(f"WHERE {ends} AND {ALIVE} ORDER BY rowid", actor_id, actor_id)

    def scheduled(self) -> dict[str, Json]:
        """The scheduleData of every active connection that runs by itself."""
        rows = self._rows("id, json_extract(details, '$.scheduleData')", SCHEDULED)
        return {connection_id: json.loads(data) for connection_id, data in rows if data is not None}

    def count_by_actor(self, workspace_id: str) -> dict[str, int]:
        alive = f"WHERE workspace_id = ? AND {ALIVE} GROUP BY 1"
        return {
            actor_id: count
            for side in ("source_id", "destination_id")
            for actor_id, count in self._rows(f"{side}, count(*)", alive, workspace_id)
        }
