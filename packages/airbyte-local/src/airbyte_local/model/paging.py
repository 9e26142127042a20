"""Pages of a listing, and the ways in which they may lie."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Literal, TypeVar

from airbyte_local.model.errors import NotFound, database_refused
from airbyte_local.model.json_values import Json

T = TypeVar("T")
Unstable = Literal["shuffled", "repeat-skip"]

# A fault on demand reaches the pager through this, not through every handler on the way.
unstable: ContextVar[Unstable | None] = ContextVar("unstable", default=None)
largest: ContextVar[int | None] = ContextVar("largest", default=None)
"""The most rows that a page may have, whatever was asked for."""


def page(rows: Sequence[T], *, size: int, offset: int) -> list[T]:
    """Offset paging over rows in no promised order."""
    size = _capped(size, offset)
    match unstable.get():
        case "shuffled":
            rows = random.sample(rows, len(rows))
        case "repeat-skip":
            # Each page repeats the last row of the page before, so the last row is never shown.
            offset = max(offset - 1, 0)
        case None:
            pass
    return list(rows[offset : offset + size])


def bounds(body: Json, default: int) -> dict[str, int]:
    """Size and offset as a request that is paged by offsets says them."""
    pagination: Json = body.get("pagination", {})
    return {"size": pagination.get("pageSize", default), "offset": pagination.get("rowOffset", 0)}


def page_size(body: Json, default: int | None) -> int | None:
    """What was asked for; None where this version has no pages of this listing."""
    return None if default is None else body.get("pageSize", default)


def page_after(
    rows: Sequence[T], *, cursor: str | None, size: int | None, id_of: Callable[[T], str], not_found: str
) -> list[T]:
    """Cursor paging: the rows that follow the one whose id is *cursor*. *size* None: there are no pages."""
    if size is None:
        return list(rows)
    size = _capped(size)
    if cursor is None:
        return list(rows[:size])
    for place, row in enumerate(rows):
        if id_of(row) == cursor:
            return list(rows[place + 1 : place + 1 + size])
    raise NotFound(type=not_found, id=cursor)


def _capped(size: int, offset: int = 0) -> int:
    if min(size, offset) < 0:
        raise database_refused()
    most = largest.get()
    return size if most is None else min(size, most)
