"""The pages that are open: what changes on them, and the log of an attempt as it is written."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from airbyte_local.http.open_connections import OpenConnections
from airbyte_local.jobs.logs import LogLine, read_log
from airbyte_local.pages import contents, events, rendering
from airbyte_local.pages.events import EventStream, Log
from airbyte_local.pages.frame import Desk, Find
from airbyte_local.pages.rendering import Part
from airbyte_local.pages.wording import clock

FARTHEST = 2**40
"""Bytes: no log is as long."""


class Watching:
    def __init__(self, desk: Desk, open_connections: OpenConnections) -> None:
        self._desk, self._wires = desk, open_connections

    def routes(self) -> list[Route]:
        return [
            Route("/events", self._connections),
            Route("/connections/{id}/events", self._connection),
            Route("/diff/events", self._diff),
            Route("/jobs/{job:int}/attempts/{attempt:int}/log", self._log),
        ]

    async def _connections(self, request: Request) -> ASGIApp:
        find = partial(contents.find_connections, self._desk.world, request.query_params)
        return self._parts("/", find, contents.CONNECTIONS_PARTS)

    async def _connection(self, request: Request) -> ASGIApp:
        connection_id: str = request.path_params["id"]
        find = partial(contents.find_connection, self._desk.world, connection_id, request.query_params, lines=False)
        await self._desk.thread(find)  # one that is not there is answered as such, and not asked for again
        return self._parts(f"/connections/{connection_id}", find, contents.CONNECTION_PARTS)

    async def _diff(self, request: Request) -> ASGIApp:
        find = partial(contents.find_diff, self._desk.world, request.query_params)
        return self._parts("/diff", find, contents.DIFF_PARTS)

    def _parts(self, path: str, find: Find, names: Sequence[str]) -> EventStream:
        def look() -> list[Part]:
            context = {**self._desk.frame(path), **find()}
            return [rendering.part(name, context) for name in names]

        return EventStream(events.parts(partial(self._desk.thread, look)), self._wires)

    async def _log(self, request: Request) -> ASGIApp:
        """To a script as it comes; to anybody else what there is, as plain text."""
        job_id: int = request.path_params["job"]
        attempt: int = request.path_params["attempt"]
        look = partial(self._look, job_id, attempt)
        if "text/event-stream" in request.headers.get("accept", ""):
            after = request.headers.get("last-event-id") or request.query_params.get("after")
            offset = contents.whole(after, 0)
            if await self._desk.thread(partial(look, FARTHEST)) is None:
                raise HTTPException(404)
            told = events.log(lambda offset: self._desk.thread(partial(look, offset)), _lines, offset)
            return EventStream(told, self._wires)
        found = await self._desk.thread(partial(look, 0))
        if found is None:
            raise HTTPException(404)
        return PlainTextResponse("".join(_plain(line) for line in found.lines))

    def _look(self, job_id: int, attempt: int, after: int) -> Log | None:
        """None: nobody knows such an attempt. Looked up first: what is over then has been written to the end."""
        world = self._desk.world
        with world.store.transaction() as session:
            tries = session.jobs.attempts([job_id])[job_id]
        found = next((each for each in tries if each.number == attempt), None)
        if found is None:
            return None
        try:
            lines, offset = read_log(world.data, job_id, attempt, after=after)
        except ValueError:  # in the middle of a line: who asks so has not asked us before
            return Log(lines=(), offset=after, over=True)
        return Log(lines=lines, offset=offset, over=found.status != "running")


def _lines(lines: Sequence[LogLine]) -> str:
    return rendering.page("parts/lines.html", {"lines": lines})


def _plain(line: LogLine) -> str:
    return f"{clock(line.at)} {line.level.upper():5} {line.source}: {line.message}\n"
