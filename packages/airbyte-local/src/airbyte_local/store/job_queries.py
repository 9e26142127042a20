"""Which jobs a listing is about, as SQL. Long listings are filtered where the rows are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from airbyte_local.model.records import marks

Span = tuple[float | None, float | None]
"""From and to, both included, in seconds since 1970; None: without an end."""
OPEN: Span = (None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobQuery:
    """What is None is no condition. The newest come first, where nothing else is said."""

    connection_id: str | None = None
    workspace_ids: Sequence[str] | None = None
    config_types: Sequence[str] | None = None
    statuses: Sequence[str] | None = None
    created: Span = OPEN
    updated: Span = OPEN
    order: Literal["id", "created_at", "updated_at"] = "id"
    ascending: bool = False

    def sql(self) -> tuple[str, list[str | float]]:
        """What follows the name of the table, and the values in it."""
        conditions: list[str] = []
        values: list[str | float] = []

        def wanted(condition: str, *given: str | float) -> None:
            conditions.append(condition)
            values.extend(given)

        if self.connection_id is not None:
            wanted("connection_id = ?", self.connection_id)
        if self.workspace_ids is not None:
            within = f"SELECT id FROM connection WHERE workspace_id IN ({marks(self.workspace_ids)})"  # noqa: S608
            wanted(f"connection_id IN ({within})", *self.workspace_ids)
        for column, words in (("config_type", self.config_types), ("status", self.statuses)):
            if words is not None:
                wanted(f"{column} IN ({marks(words)})", *words)
        for column, span in (("created_at", self.created), ("updated_at", self.updated)):
            for sign, end in zip((">=", "<="), span, strict=True):
                if end is not None:
                    wanted(f"{column} {sign} ?", end)
        direction = "ASC" if self.ascending else "DESC"
        where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
        return f"{where}ORDER BY {self.order} {direction}, id {direction}", values
