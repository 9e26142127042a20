"""Complete reading of a listing whose pages each begin after a given row, or that comes whole in one answer.

A server that does not page answers with everything, whatever it is asked for; one that does cuts without a
word. So the end is believed only where it shows: an empty page, a length that the server states, or an answer
that is longer than the page asked for. What cannot be seen: a server that states no length and ends early.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic

from dagster_managed_elements.api.paging import Reading, Row, read_until_whole, refuse_endless


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Row]):
    """Some rows, and how many there are in all, where the server says so."""

    rows: Sequence[Row]
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain(Generic[Row]):
    """What is asked: *fetch(after, size)* reads the page of *what* that follows the row with the id *after*;
    *clock* is in seconds.
    """

    fetch: Callable[[Hashable | None, int], Awaitable[Page[Row]]]
    identity: Callable[[Row], Hashable]
    what: str
    size: int = 100
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole(Generic[Row]):
    """What is asked: *fetch* reads all of *what* in one answer."""

    fetch: Callable[[], Awaitable[Sequence[Row]]]
    identity: Callable[[Row], Hashable]
    what: str


async def read_chain(chain: Chain[Row]) -> list[Row]:
    """Every row once; ServerFault where the server's pages do not add up."""
    began = chain.clock()
    return await read_until_whole(lambda: _follow(chain, began), chain.what)


async def read_whole(whole: Whole[Row]) -> list[Row]:
    """Every row once; an answer that names a row twice is read again, and refused if it stays so."""

    async def read() -> Reading[Row]:
        rows = await whole.fetch()
        return Reading(rows={whole.identity(row): row for row in rows}, length=len(rows))

    return await read_until_whole(read, whole.what)


async def _follow(chain: Chain[Row], began: float) -> Reading[Row]:
    """One pass from the first page to the end. Repeated rows are counted: they make the reading not whole."""
    found: dict[Hashable, Row] = {}
    length, pages, after = 0, 0, None
    while True:
        page = await chain.fetch(after, chain.size)
        pages += 1
        ids = [chain.identity(row) for row in page.rows]
        goes_round = bool(found and ids) and found.keys() >= set(ids)
        if goes_round and await _is_unpaged(chain, found, page):
            return Reading(rows=found, length=length)
        found |= zip(ids, page.rows, strict=True)
        length += len(ids)
        if goes_round or not ids or (after is None and _is_all(chain, page)):
            return Reading(rows=found, length=length if page.total is None else max(length, page.total))
        refuse_endless(chain.what, pages=pages, rows=length, seconds=chain.clock() - began)
        after = ids[-1]


def _is_all(chain: Chain[Row], first: Page[Row]) -> bool:
    """Whether the *first* page is all there is: it is longer than asked for, or as long as the server says."""
    return len(first.rows) > chain.size or len(first.rows) == first.total


async def _is_unpaged(chain: Chain[Row], found: Mapping[Hashable, Row], page: Page[Row]) -> bool:
    """Whether a server that gave all of *found* again does not page: then it gives it for a page of one, too."""
    if page.total is not None or set(found) != {chain.identity(row) for row in page.rows}:
        return False
    again = await chain.fetch(None, 1)
    return set(found) == {chain.identity(row) for row in again.rows}
