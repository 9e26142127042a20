"""Rows and bytes of one stream, counted as they pass. Cheap: most rows are not measured."""

from __future__ import annotations

from airbyte_local.model.json_values import Json, dumps
from airbyte_local.store import StreamKey, StreamStats

MEASURED_FIRST = 128
MEASURED_EVERY = 64


class Counter:
    """Bytes are exact for the first rows; later ones are taken to be as long as every 64th is."""

    __slots__ = ("bytes", "committed", "committed_bytes", "key", "rows")

    def __init__(self, key: StreamKey) -> None:
        self.key = key
        self.rows = 0
        self.bytes = 0
        self.committed = 0
        self.committed_bytes = 0

    def count(self, row: Json) -> None:
        rows = self.rows = self.rows + 1
        if rows <= MEASURED_FIRST:
            self.bytes += len(dumps(row))
        elif not rows % MEASURED_EVERY:
            self.bytes += len(dumps(row)) * MEASURED_EVERY

    def commit(self) -> None:
        """All rows so far are durable."""
        self.committed = self.rows
        self.committed_bytes = self.bytes

    def stats(self) -> StreamStats:
        namespace, name = self.key
        return StreamStats(
            name=name,
            namespace=namespace,
            records_emitted=self.rows,
            bytes_emitted=self.bytes,
            records_committed=self.committed,
            bytes_committed=self.committed_bytes,
        )
