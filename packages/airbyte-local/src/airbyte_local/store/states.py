"""The tables of connection state. A stream's generation outlives its state: it counts the fresh starts.

A stream that is stale has rows at the destination that the next sync replaces.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from airbyte_local.model.json_values import Json, dumps
from airbyte_local.model.records import StreamKey, StreamStates


class States:
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def get(self, connection_id: str) -> StreamStates:
        head = self._database.execute(
            "SELECT type, legacy, shared FROM state WHERE connection_id = ?", (connection_id,)
        ).fetchone()
        rows: list[tuple[str, str, str | None, int, int, int]] = self._database.execute(
            "SELECT namespace, name, state, held, generation, stale FROM stream_state"
            " WHERE connection_id = ? ORDER BY rowid",
            (connection_id,),
        ).fetchall()
        streams = {(row[0] or None, row[1]): _loads(row[2]) for row in rows if row[3]}
        kind, legacy, shared = head or ("not_set", None, None)
        if kind == "stream" and not streams:
            kind = "not_set"
        return StreamStates(
            connection_id=connection_id,
            type=kind,
            legacy=_loads(legacy),
            shared=_loads(shared),
            streams=streams,
            generations={(row[0] or None, row[1]): row[4] for row in rows},
            stale=frozenset((row[0] or None, row[1]) for row in rows if row[5]),
        )

    def save(self, states: StreamStates) -> None:
        """Write the head, and each stream given; streams not given keep what they had. State None is none."""
        self._database.execute(
            "INSERT OR REPLACE INTO state (connection_id, type, legacy, shared) VALUES (?, ?, ?, ?)",
            (states.connection_id, states.type, _dumps(states.legacy), _dumps(states.shared)),
        )
        for (namespace, name), state in states.streams.items():
            self._database.execute(
                "INSERT INTO stream_state (connection_id, namespace, name, state, held, generation)"
                " VALUES (?, ?, ?, ?, ?, 0)"
                " ON CONFLICT DO UPDATE SET state = excluded.state, held = excluded.held",
                (states.connection_id, namespace or "", name, _dumps(state), state is not None),
            )

    def forget(
        self, connection_id: str, streams: Iterable[StreamKey], *, new_generation: bool, stale: bool = False
    ) -> None:
        """Drop the state of streams; with *new_generation* the next sync starts them afresh.

        What all streams share goes with the last of them, and what cannot be divided (legacy) with the first: it
        would let the source pass over rows that are to be read anew. *stale*: the rows that are there give way to
        the next ones. A stream that is stale already stays so.
        """
        forgotten = list(streams)
        for key in forgotten:
            self._drop(connection_id, key, new_generation=new_generation, stale=stale)
        if forgotten:
            self._database.execute(
                "DELETE FROM state WHERE connection_id = ? AND (type = 'legacy' OR NOT EXISTS"
                " (SELECT 1 FROM stream_state WHERE connection_id = state.connection_id AND held))",
                (connection_id,),
            )

    def renew(self, connection_id: str, streams: Iterable[StreamKey]) -> None:
        """Streams that go on from no state, whatever there is, are of a new generation."""
        for key in streams:
            self._drop(connection_id, key, new_generation=True, stale=False)

    def refreshed(self, connection_id: str, streams: Iterable[StreamKey]) -> None:
        """What is at the destination is of the present generation of these streams."""
        for namespace, name in streams:
            self._database.execute(
                "UPDATE stream_state SET stale = 0 WHERE connection_id = ? AND namespace = ? AND name = ?",
                (connection_id, namespace or "", name),
            )

    def _drop(self, connection_id: str, key: StreamKey, *, new_generation: bool, stale: bool) -> None:
        namespace, name = key
        self._database.execute(
            "INSERT INTO stream_state (connection_id, namespace, name, state, held, generation, stale)"
            " VALUES (?, ?, ?, NULL, 0, ?, ?)"
            " ON CONFLICT DO UPDATE SET state = NULL, held = 0, generation = generation + excluded.generation,"
            " stale = max(stale, excluded.stale)",
            (connection_id, namespace or "", name, int(new_generation), int(stale)),
        )


def _loads(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _dumps(value: Json | None) -> str | None:
    return None if value is None else dumps(value)
