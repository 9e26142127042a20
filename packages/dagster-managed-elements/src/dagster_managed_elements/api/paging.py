"""Complete reading of a listing whose pages may repeat and skip: complete, or refused.

Servers page by offset without an order, so rows move between requests. The proof of completeness is a
count: an empty page at offset N says there are N rows, so N different ids are all of them. What cannot be
seen: a row deleted or created *while* the listing is read moves the others by one without a trace; where
absence matters, whoever asks reads again (`engine.observing`).
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

import anyio

from dagster_managed_elements.engine.errors import ServerFault

Row = TypeVar("Row")
Fetch: TypeAlias = Callable[[int, int], Awaitable[Sequence[Row]]]
Rows: TypeAlias = Mapping[Hashable, Row]

_READINGS: Final = 12
"""Before giving up. A server that shuffles everything at each request shows two thirds of it a reading; a
dozen find the last of some thousands."""

_RUNAWAY: Final = 3
"""A listing this many times as long as what is different in it has no end: the server ignores the offset."""

_SURE: Final = 20
"""Pages that are asked for at once because so many rows are expected, once the first is full."""

_MOST_PAGES: Final = 2_000
_MOST_ROWS: Final = 100_000
_MOST_SECONDS: Final = 300.0
"""What has more is no listing of anybody's: ten times, and many times, the largest there was to measure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[Row]):
    """What is asked: *fetch(offset, size)* reads a page of *what*, *identity* is a row's id, *clock* in seconds.

    So many rows are *expected*: once the first page is full, as many pages are asked for at once as those fill.
    Where the list is *alone*, of one row most likely, it is asked at once whether there is a second.
    """

    fetch: Fetch[Row]
    identity: Callable[[Row], Hashable]
    what: str
    size: int = 100
    concurrency: int = 8
    expected: int = 0
    alone: bool = False
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading(Generic[Row]):
    """What is known after a pass or more: rows by id, and the length of the listing by the server's count."""

    rows: Rows[Row]
    length: int

    @property
    def is_whole(self) -> bool:
        return len(self.rows) == self.length


async def read_pages(listing: Listing[Row]) -> list[Row]:
    """Every row once; ServerFault where the server's pages do not add up."""
    began = listing.clock()
    return await read_until_whole(lambda: _read_once(listing, began), listing.what)


def refuse_endless(what: str, *, pages: int, rows: int, seconds: float) -> None:
    """ServerFault where a reading has gone on for longer than any list is."""
    if pages > _MOST_PAGES or rows > _MOST_ROWS or seconds > _MOST_SECONDS:
        raise ServerFault(
            f"The server's list of {what} does not end: there is more after {rows} rows on {pages} pages in "
            f"{seconds:.0f} seconds. Nothing is concluded from it."
        )


async def read_until_whole(read: Callable[[], Awaitable[Reading[Row]]], what: str) -> list[Row]:
    """Every row once, by as many readings as it takes; ServerFault where they never add up."""
    known: Reading[Row] | None = None
    for _ in range(_READINGS):
        known = combine(known, await read())
        if known.is_whole:
            return list(known.rows.values())
    raise ServerFault(
        f"The server's list of {what} does not add up: in {_READINGS} readings its pages repeated "
        "some and skipped others. Try again when nobody else is changing things there."
    )


def combine(known: Reading[Row] | None, reading: Reading[Row]) -> Reading[Row]:
    """Both together; *reading* alone where it is whole, or where the listing changed since."""
    if known is None or reading.is_whole or known.length != reading.length:
        return reading
    both = Reading(rows={**known.rows, **reading.rows}, length=reading.length)
    return both if len(both.rows) <= both.length else reading


async def _read_once(listing: Listing[Row], began: float) -> Reading[Row]:
    pages: dict[int, Sequence[Row]] = {}
    seen: set[Hashable] = set()
    window, ahead = 1, [1] if listing.alone else []
    while offsets := next_offsets(_lengths(pages), listing.size, window):
        offsets, ahead = [*offsets, *ahead], []
        await _fetch_all(listing, offsets, pages)
        seen.update(listing.identity(row) for offset in offsets for row in pages[offset])
        length = sum(_lengths(pages).values())
        if length > _RUNAWAY * (len(seen) + listing.size):
            raise ServerFault(
                f"The server's list of {listing.what} has no end: it gives the same page whatever the offset."
            )
        refuse_endless(listing.what, pages=len(pages), rows=length, seconds=listing.clock() - began)
        # A first page that is not full most likely is the only one: one request more proves it.
        is_alone = chain(_lengths(pages)) == [0] and len(pages[0]) < listing.size
        expected = _pages(listing.expected - length, max(_lengths(pages).values()))
        doubled = min(window * 2, listing.concurrency)
        # What is expected may not be there yet: of many pages no more than twice as many as are known to be full.
        window = 1 if is_alone else min(expected, max(2 * len(pages), _SURE)) or doubled
    rows = [row for offset in chain(_lengths(pages)) for row in pages[offset]]
    return Reading(rows={listing.identity(row): row for row in rows}, length=len(rows))


def _pages(rows: int, size: int) -> int:
    """How many hold so many *rows*, with the empty one that is the end; 0 where more were read than expected."""
    return min(rows // size + 1, _MOST_PAGES) if size and rows >= 0 else 0


def _lengths(pages: Mapping[int, Sequence[Row]]) -> dict[int, int]:
    return {offset: len(page) for offset, page in pages.items()}


async def _fetch_all(listing: Listing[Row], offsets: Sequence[int], pages: dict[int, Sequence[Row]]) -> None:
    failed: list[Exception] = []

    async def one(offset: int) -> None:
        try:
            pages[offset] = await listing.fetch(offset, listing.size)
        except Exception as error:  # noqa: BLE001 - raised below, without the task group's ExceptionGroup
            failed.append(error)
            group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        for offset in offsets:
            group.start_soon(one, offset)
    if failed:
        raise failed[0]


def chain(lengths: Mapping[int, int]) -> list[int]:
    """The offsets of the pages that follow each other from the start without a gap."""
    at, offsets = 0, list[int]()
    while at in lengths and at not in offsets[-1:]:
        offsets.append(at)
        at += lengths[at]
    return offsets


def next_offsets(lengths: Mapping[int, int], size: int, window: int) -> list[int]:
    """Where to read next, given the *lengths* of the pages read so far by offset; [] once the end was seen.

    A page shorter than asked for may be the last one or the server's own limit: only an empty page is the
    end. The step is learnt from what the server gives.
    """
    offsets = chain(lengths)
    if offsets and lengths[offsets[-1]] == 0:
        return []
    start = offsets[-1] + lengths[offsets[-1]] if offsets else 0
    step = max((lengths[offset] for offset in offsets), default=size)
    at_end = bool(offsets) and lengths[offsets[-1]] < step
    ahead = (start + step * number for number in range(1 if at_end else window))
    return [offset for offset in ahead if offset not in lengths]
