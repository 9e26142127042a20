"""What happens while a page is open, as server-sent events.

A stream is a coroutine: now and then it looks into the store by a thread of a small pool, and has none in between.
It ends when the reader leaves, when there is no more to tell, or when the server stops.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

import anyio
from starlette.types import Receive, Scope, Send

from airbyte_local.http.door import OpenConnections
from airbyte_local.jobs.logs import LogLine
from airbyte_local.model.errors import NotFound
from airbyte_local.pages.rendering import Part

TICK_SECONDS = 0.5
QUIET_TICKS = 30
"""After so many looks without news a comment is sent, so that whatever is in between keeps the line open."""
FAREWELL_SECONDS = 0.2
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """What an attempt has said since the last look. *over*: it will say no more."""

    lines: Sequence[LogLine]
    offset: int
    over: bool


class EventStream:
    """An ASGI answer that sends each text of *events* as it comes."""

    def __init__(self, events: AsyncIterator[str], open_connections: OpenConnections) -> None:
        self._events = events
        self._open_connections = open_connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "HEAD":
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            await send({"type": "http.response.body", "body": b""})
            return
        await self._tell(receive, send)
        with anyio.move_on_after(FAREWELL_SECONDS) as farewell:
            await send({"type": "http.response.body", "body": b""})
        if farewell.cancelled_caught:  # a reader that does not read would hold up the server's end
            self._open_connections.cut(scope.get("client"))
            await _disconnected(receive)

    async def _tell(self, receive: Receive, send: Send) -> None:
        async with anyio.create_task_group() as group:

            async def end_after(waiting: Callable[[], Awaitable[object]]) -> None:
                await waiting()
                group.cancel_scope.cancel()

            group.start_soon(end_after, lambda: _disconnected(receive))
            group.start_soon(end_after, self._open_connections.ending.wait)
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            async for event in self._events:
                await send(
                    {"type": "http.response.body", "body": event.encode("utf-8", "replace"), "more_body": True}
                )
            group.cancel_scope.cancel()


async def parts(look: Callable[[], Awaitable[Sequence[Part]]]) -> AsyncIterator[str]:
    """Each part at first, and again whenever it has become another one."""
    sent: dict[str, str] = {}
    quiet = 0
    while True:
        began = anyio.current_time()
        try:
            found = await look()
        except NotFound:
            yield event("gone", {})
            return
        news = [part for part in found if sent.get(part.id) != part.digest]
        for part in news:
            sent[part.id] = part.digest
            yield event("part", {"id": part.id, "digest": part.digest, "html": part.html})
        quiet = 0 if news else quiet + 1
        if quiet == QUIET_TICKS:
            quiet = 0
            yield ":\n\n"
        # Of thousands of connections a look takes long: an open page has a tenth of the machine at most.
        await anyio.sleep(max(TICK_SECONDS, 9 * (anyio.current_time() - began)))


async def log(
    look: Callable[[int], Awaitable[Log | None]], render: Callable[[Sequence[LogLine]], str], after: int
) -> AsyncIterator[str]:
    """The lines of one attempt as they come, from byte *after* of its log on; None of *look*: it is no more."""
    while (found := await look(after)) is not None:
        after = found.offset
        if found.lines:
            yield event("lines", {"html": render(found.lines)}, id_=after)
        if found.over and not found.lines:
            yield event("over", {})
            return
        if not found.over:
            await anyio.sleep(TICK_SECONDS)
    yield event("gone", {})


def event(name: str, data: object, *, id_: int | None = None) -> str:
    numbered = "" if id_ is None else f"id: {id_}\n"
    return f"event: {name}\n{numbered}data: {json.dumps(data)}\n\n"


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
