"""The pages that show something: each an address, what is found for it in the store, and its template.

Those that are open are told what changes on them, and the log of an attempt as it is written.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
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
from airbyte_local.model.vocabulary import DESTINATION, SOURCE, Vocabulary
from airbyte_local.pages import events, rendering
from airbyte_local.pages.actors import actor_list, actor_page, connector_rows
from airbyte_local.pages.connections import SHOWING, SHOWN, connection_list, connection_page
from airbyte_local.pages.differences import difference_page
from airbyte_local.pages.events import Log
from airbyte_local.pages.listings import Asked, outlook, whole
from airbyte_local.pages.renderer import Context, Find, Renderer
from airbyte_local.pages.rendering import Part
from airbyte_local.pages.wording import clock

Query = Mapping[str, str]
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
            Route("/", self._page("connections.html", find_connections)),
            Route("/events", self._events("/", find_connections, ["connections"])),
            Route("/connections", _home),
            Route("/connections/{id}", self._page("connection.html", partial(find_connection, lines=True))),
            Route("/connections/{id}/events", self._connection_events),
            Route("/sources", self._page("actors.html", partial(find_actors, SOURCE))),
            Route("/sources/{id}", self._page("actor.html", partial(find_actor, SOURCE))),
            Route("/destinations", self._page("actors.html", partial(find_actors, DESTINATION))),
            Route("/destinations/{id}", self._page("actor.html", partial(find_actor, DESTINATION))),
            Route("/definitions", self._page("definitions.html", find_definitions)),
            Route("/diff", self._page("diff.html", find_diff)),
            Route("/diff/events", self._events("/diff", find_diff, ["differences"])),
            Route("/jobs/{job:int}/attempts/{attempt:int}/log", self._log),
            Route("/assets/{name}", _asset),
        ]

    def _page(self, name: str, find: Callable[..., Context]) -> Endpoint:
        """*find* is given the world, the query, and what the address names."""

        async def show(request: Request) -> Response:
            return await self._renderer.show(request, name, self._found(request, find))

        return show

    def _events(self, path: str, find: Callable[..., Context], names: Sequence[str]) -> Endpoint:
        async def listen(request: Request) -> Response:
            return self._parts(request, path, self._found(request, find), names)

        return listen

    async def _connection_events(self, request: Request) -> Response:
        find = self._found(request, partial(find_connection, lines=False))
        await self._renderer.thread(find)  # one that is not there is answered as such, and not asked for again
        return self._parts(request, request.url.path.removesuffix("/events"), find, CONNECTION_PARTS)

    def _found(self, request: Request, find: Callable[..., Context]) -> Find:
        return partial(find, self._renderer.world, request.query_params, *request.path_params.values())

    def _parts(self, request: Request, path: str, find: Find, names: Sequence[str]) -> Response:
        def look() -> list[Part]:
            context = {**self._renderer.frame(path), **find()}
            return [rendering.part(name, context) for name in names]

        told = events.parts(partial(self._renderer.thread, look), self._open_connections.ending)
        return events.event_stream(request, told)

    async def _log(self, request: Request) -> Response:
        """To a script as it comes; to anybody else what there is, as plain text."""
        look = partial(self._look, request.path_params["job"], request.path_params["attempt"])
        follows = "text/event-stream" in request.headers.get("accept", "")
        found = await self._renderer.thread(partial(look, FARTHEST if follows else 0))
        if found is None:
            raise HTTPException(404)
        if not follows:
            return PlainTextResponse("".join(_plain(line) for line in found.lines))
        after = whole(request.headers.get("last-event-id") or request.query_params.get("after"), 0)
        ending = self._open_connections.ending
        told = events.log(lambda offset: self._renderer.thread(partial(look, offset)), _lines, after, ending)
        return events.event_stream(request, told)

    def _look(self, job_id: int, attempt: int, after: int) -> Log | None:
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
    return rendering.page("parts/lines.html", {"lines": lines})


def _plain(line: LogLine) -> str:
    return f"{clock(line.at)} {line.level.upper():5} {line.source}: {line.message}\n"


async def _home(request: Request) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/{query}", 308)


async def _asset(request: Request) -> Response:
    name: str = request.path_params["name"]
    if name not in rendering.ASSETS:
        raise HTTPException(404)
    return Response(rendering.asset(name), headers=KEPT, media_type=rendering.ASSETS[name])


def find_connections(world: World, query: Query) -> Context:
    with world.store.transaction() as session:
        here = outlook(session, query.get("workspace"))
        return {"outlook": here, "list": connection_list(world, session, here, _asked(query)), "showing": SHOWING}


def find_connection(world: World, query: Query, connection_id: str, *, lines: bool) -> Context:
    """Without *lines* the log is empty, for who will ask for them."""
    with world.store.transaction() as session:
        found = connection_page(world, session, connection_id)
    job, attempt = _choice(found["jobs"], query)
    read: list[LogLine] = []
    offset = 0
    if lines and job and attempt is not None:
        read, offset = read_log(world.data, job["id"], attempt)
    tries: Sequence[Attempt] = job["tries"] if job else ()
    over = all(one.status != "running" for one in tries if one.number == attempt)
    return {
        "outlook": found["outlook"],
        "connection": found,
        "most_jobs": SHOWN,
        "choice": {"job": job, "attempt": attempt},
        "chosen": {name: query[name] for name in ("job", "attempt") if query.get(name)},
        "lines": read[-LINES:],
        "left_out": max(0, len(read) - LINES),
        "offset": offset,
        "follows": not (lines and over),
        "digests": {"log": f"{job['id'] if job else ''}/{attempt}/{len(tries)}"},
        "notice": None,
    }


def find_actors(words: Vocabulary, world: World, query: Query) -> Context:
    with world.store.transaction() as session:
        here = outlook(session, query.get("workspace"))
        found = actor_list(world, session, here, words, _asked(query))
    return {"outlook": here, "words": words, "list": found}


def find_actor(words: Vocabulary, world: World, _query: Query, actor_id: str) -> Context:
    with world.store.transaction() as session:
        found = actor_page(world, session, words, actor_id)
    return {"outlook": found["outlook"], "words": words, "actor": found}


def find_definitions(world: World, query: Query) -> Context:
    with world.store.transaction() as session:
        here = outlook(session, query.get("workspace"))
        return {"outlook": here, "rows": connector_rows(world, session, here)}


def find_diff(world: World, query: Query) -> Context:
    with world.store.transaction() as session:
        here = outlook(session, query.get("workspace"))
    kept = diffs.kept(world.data)
    return {"outlook": here, "diff": difference_page(kept) if kept else None}


def _asked(query: Query) -> Asked:
    show = query.get("show", "")
    text = query.get("q", "").strip()
    return Asked(text=text, show=show if show in SHOWING else "", page=whole(query.get("page"), 1))


def _choice(jobs: Sequence[Json], query: Query) -> tuple[Json | None, int | None]:
    """Whose log is shown: the job and attempt that the address names, else the newest; None where there is none."""
    wanted = whole(query.get("job"), 0)
    job = next((past for past in jobs if past["id"] == wanted), jobs[0] if jobs else None)
    numbers = [attempt.number for attempt in job["tries"]] if job else []
    attempt = whole(query.get("attempt"), -1)
    return job, attempt if attempt in numbers else max(numbers, default=None)
