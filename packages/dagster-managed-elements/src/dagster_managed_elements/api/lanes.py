"""Connections to a server, so many at a time: a transport for each, made when all the others are under way.

A pool looks at every connection it has, several times a request: with ten of them that cost more than the request
itself.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

import httpx


class Lanes:
    """Made by `open_lanes`; whoever borrows sees to it that there are not too many at a time."""

    def __init__(self, make: Callable[[], httpx.AsyncBaseTransport], opened: AsyncExitStack) -> None:
        self._make, self._opened = make, opened
        self._free: list[httpx.AsyncBaseTransport] = []

    @contextmanager
    def lane(self) -> Generator[httpx.AsyncBaseTransport]:
        """One for a request alone, the last that was free: its connection is the likeliest to be still open."""
        lane = self._free.pop() if self._free else self._new()
        try:
            yield lane
        finally:
            self._free.append(lane)

    def _new(self) -> httpx.AsyncBaseTransport:
        lane = self._make()
        self._opened.push_async_callback(lane.aclose)
        return lane


@asynccontextmanager
async def open_lanes(make: Callable[[], httpx.AsyncBaseTransport]) -> AsyncGenerator[Lanes]:
    """Lanes for as long as the block lasts. *make* makes one that opens one connection at most."""
    async with AsyncExitStack() as opened:
        yield Lanes(make, opened)
