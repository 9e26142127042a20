"""What happens while a page is open, as server-sent events.

A stream is a coroutine: now and then it looks into the store by a thread of a small pool, and has none in between.
It ends when the reader leaves, when there is no more to tell, or when the server stops.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

import anyio
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from airbyte_local.jobs.logs import LogLine
from airbyte_local.model.errors import NotFound
from airbyte_local.pages.renderer import Part

TICK_SECONDS = 0.5
QUIET_TICKS = 30
"""After so many reads without news a comment is sent, so that whatever is in between keeps the line open."""
HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """What an attempt has said since the last read. *over*: it will say no more."""

    lines: Sequence[LogLine]
    offset: int
    over: bool


def event_stream(request: Request, events: AsyncIterator[str]) -> Response:
    """An answer that has each text of *events* as it comes."""
    if request.method == "HEAD":
        return Response(headers=HEADERS)
    return StreamingResponse((text.encode("utf-8", "replace") async for text in events), headers=HEADERS)


async def parts(read: Callable[[], Awaitable[Sequence[Part]]], ending: asyncio.Event) -> AsyncIterator[str]:
    """Each part at first, and again whenever it has become another one, until *ending*."""
    sent: dict[str, str] = {}
    quiet = 0
    while not ending.is_set():
        began = anyio.current_time()
        try:
            found = await read()
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
        # Of thousands of connections a read takes long: an open page has a tenth of the machine at most.
        with anyio.move_on_after(max(TICK_SECONDS, 9 * (anyio.current_time() - began))):
            await ending.wait()


async def log(
    read: Callable[[int], Awaitable[Log | None]],
    render: Callable[[Sequence[LogLine]], str],
    after: int,
    ending: asyncio.Event,
) -> AsyncIterator[str]:
    """The lines of one attempt as they come, from byte *after* of its log on; None of *read*: it is no more."""
    while (found := await read(after)) is not None and not ending.is_set():
        after = found.offset
        if found.lines:
            yield event("lines", {"html": render(found.lines)}, id_=after)
        if found.over and not found.lines:
            yield event("over", {})
            return
        if not found.over:
            with anyio.move_on_after(TICK_SECONDS):
                await ending.wait()
    if found is None:
        yield event("gone", {})


def event(name: str, data: object, *, id_: int | None = None) -> str:
    numbered = "" if id_ is None else f"id: {id_}\n"
    return f"event: {name}\n{numbered}data: {json.dumps(data)}\n\n"
