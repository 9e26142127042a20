"""The pages that show something: each an address, what is found for it in the store, and its template.

Those that are open are told what changes on them, and the log of an attempt as it is written.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from airbyte_local.http import diffs
from airbyte_local.http.door import OpenConnections
from airbyte_local.jobs.logs import LogLine, read_log
from airbyte_local.jobs.world import World
from airbyte_local.model.json_values import Json
from airbyte_local.model.records import Attempt
from airbyte_local.model.vocabulary import DESTINATION, SOURCE
from airbyte_local.pages import events, renderer
from airbyte_local.pages.actors import actor_list, actor_page, connector_list
from airbyte_local.pages.connections import SHOWN, connection_list, connection_page
from airbyte_local.pages.differences import difference_page
from airbyte_local.pages.events import Log
from airbyte_local.pages.listings import Query, outlook, whole
from airbyte_local.pages.renderer import Context, Find, Part, Renderer
from airbyte_local.pages.wording import clock
from airbyte_local.store.database import Session

Endpoint = Callable[[Request], Awaitable[Response]]
LINES = 1000
"""Of a log, the last so many are in the page itself."""
FARTHEST = 2**40
"""Bytes: no log is as long."""
CONNECTION_PARTS = ("news", "headline", "glance", "streams", "history", "log")
KEPT = {"cache-control": "public, max-age=31536000, immutable"}


class Views:
    def __init__(self, renderer: Renderer, open_connections: OpenConnections) -> None:
        self._renderer, self._open_connections = renderer, open_connections

    def routes(self) -> list[Route]:
        return [
            Route("/", self._page("connections.html", connection_list)),
            Route("/events", self._events("/", connection_list, ["connections"])),
            Route("/connections", _home),
            Route("/connections/{id}", self._connection),
            Route("/connections/{id}/events", self._connection_events),
            Route("/sources", self._page("actors.html", partial(actor_list, SOURCE))),
            Route("/sources/{id}", self._page("actor.html", partial(actor_page, SOURCE))),
            Route("/destinations", self._page("actors.html", partial(actor_list, DESTINATION))),
            Route("/destinations/{id}", self._page("actor.html", partial(actor_page, DESTINATION))),
            Route("/definitions", self._page("definitions.html", connector_list)),
            Route("/diff", self._page("diff.html", find_diff)),
            Route("/diff/events", self._events("/diff", find_diff, ["differences"])),
            Route("/jobs/{job:int}/attempts/{attempt:int}/log", self._log),
            Route("/assets/{name}", _asset),
        ]

    def _page(self, name: str, find: Callable[..., Context]) -> Endpoint:
        """*find* is given the world, its store, the query, and what the address names."""

        async def show(request: Request) -> Response:
            return await self._renderer.show(request, name, self._found(request, find))

        return show

    def _events(self, path: str, find: Callable[..., Context], names: Sequence[str]) -> Endpoint:
        async def listen(request: Request) -> Response:
            return self._parts(request, path, self._found(request, find), names)

        return listen

    async def _connection(self, request: Request) -> Response:
        find = with_log(self._renderer.world, self._found(request, find_connection))
        return await self._renderer.show(request, "connection.html", find)

    async def _connection_events(self, request: Request) -> Response:
        find = self._found(request, find_connection)
        await self._renderer.thread(find)  # one that is not there is answered as such, and not asked for again
        return self._parts(request, request.url.path.removesuffix("/events"), find, CONNECTION_PARTS)

    def _found(self, request: Request, find: Callable[..., Context]) -> Find:
        return self._renderer.found(find, request.query_params, *request.path_params.values())

    def _parts(self, request: Request, path: str, find: Find, names: Sequence[str]) -> Response:
        def read() -> list[Part]:
            context = {**self._renderer.frame(path), **find()}
            return [renderer.part(name, context) for name in names]

        told = events.parts(partial(self._renderer.thread, read), self._open_connections.ending)
        return events.event_stream(request, told)

    async def _log(self, request: Request) -> Response:
        """To a script as it comes; to anybody else what there is, as plain text."""
        read_log = partial(self._read_log, request.path_params["job"], request.path_params["attempt"])
        follows = "text/event-stream" in request.headers.get("accept", "")
        found = await self._renderer.thread(partial(read_log, FARTHEST if follows else 0))
        if found is None:
            raise HTTPException(404)
        if not follows:
            return PlainTextResponse("".join(_plain(line) for line in found.lines))
        after = whole(request.headers.get("last-event-id") or request.query_params.get("after"), 0)
        ending = self._open_connections.ending
        told = events.log(lambda offset: self._renderer.thread(partial(read_log, offset)), _lines, after, ending)
        return events.event_stream(request, told)

    def _read_log(self, job_id: int, attempt: int, after: int) -> Log | None:
        """None: nobody knows such an attempt. Looked up first: what is over then has been written to the end."""
        world = self._renderer.world
        with world.store.transaction() as session:
            tries = session.jobs.attempts([job_id])[job_id]
        found = next((one for one in tries if one.number == attempt), None)
        if found is None:
            return None
        try:
            lines, offset = read_log(world.data, job_id, attempt, after=after)
        except ValueError:  # in the middle of a line: who asks so has not asked us before
            return Log(lines=(), offset=after, over=True)
        return Log(lines=lines, offset=offset, over=found.status != "running")


def _lines(lines: Sequence[LogLine]) -> str:
    return renderer.page("parts/lines.html", {"lines": lines})


def _plain(line: LogLine) -> str:
    return f"{clock(line.at)} {line.level.upper():5} {line.source}: {line.message}\n"


async def _home(request: Request) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/{query}", 308)


async def _asset(request: Request) -> Response:
    name: str = request.path_params["name"]
    if name not in renderer.ASSETS:
        raise HTTPException(404)
    return Response(renderer.asset(name), headers=KEPT, media_type=renderer.ASSETS[name])


def find_connection(world: World, session: Session, query: Query, connection_id: str) -> Context:
    """Without the log, for who will ask for it."""
    found = connection_page(world, session, connection_id)
    job, attempt = _choice(found["jobs"], query)
    tries: Sequence[Attempt] = job["tries"] if job else ()
    return {
        "outlook": found["outlook"],
        "connection": found,
        "most_jobs": SHOWN,
        "choice": {"job": job, "attempt": attempt},
        "chosen": {name: query[name] for name in ("job", "attempt") if query.get(name)},
        "lines": (),
        "left_out": 0,
        "offset": 0,
        "follows": True,
        "over": all(one.status != "running" for one in tries if one.number == attempt),
        "digests": {"log": f"{job['id'] if job else ''}/{attempt}/{len(tries)}"},
        "notice": None,
    }


def with_log(world: World, find: Find) -> Find:
    """*find*, and the log that is chosen, which is read without keeping others from the store."""

    def found_with_log() -> Context:
        found = find()
        job, attempt = found["choice"]["job"], found["choice"]["attempt"]
        read, offset = read_log(world.data, job["id"], attempt) if job and attempt is not None else ([], 0)
        shown = {"lines": read[-LINES:], "left_out": max(0, len(read) - LINES), "offset": offset}
        return {**found, **shown, "follows": not found["over"]}

    return found_with_log


def find_diff(world: World, session: Session, query: Query) -> Context:
    kept = diffs.kept(world.data)
    return {"outlook": outlook(session, query), "diff": difference_page(kept) if kept else None}


def _choice(jobs: Sequence[Json], query: Query) -> tuple[Json | None, int | None]:
    """Whose log is shown: the job and attempt that the address names, else the newest; None where there is none."""
    wanted = whole(query.get("job"), 0)
    job = next((past for past in jobs if past["id"] == wanted), jobs[0] if jobs else None)
    numbers = [attempt.number for attempt in job["tries"]] if job else []
    attempt = whole(query.get("attempt"), -1)
    return job, attempt if attempt in numbers else max(numbers, default=None)
