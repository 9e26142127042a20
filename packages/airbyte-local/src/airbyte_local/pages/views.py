"""The pages that show something: each an address, what is found for it, and its template."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from airbyte_local.model.vocabulary import DESTINATION, SOURCE, Vocabulary
from airbyte_local.pages import contents, rendering
from airbyte_local.pages.frame import Context, Desk

KEPT = {"cache-control": "public, max-age=31536000, immutable"}
Endpoint = Callable[[Request], Awaitable[Response]]


class Looking:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[Route]:
        return [
            Route("/", self._page("connections.html", contents.find_connections)),
            Route("/connections", _home),
            Route("/connections/{id}", self._connection),
            Route("/sources", self._actors(SOURCE)),
            Route("/sources/{id}", self._actor(SOURCE)),
            Route("/destinations", self._actors(DESTINATION)),
            Route("/destinations/{id}", self._actor(DESTINATION)),
            Route("/definitions", self._page("definitions.html", contents.find_definitions)),
            Route("/diff", self._page("diff.html", contents.find_diff)),
            Route("/assets/{name}", _asset),
        ]

    def _page(self, name: str, find: Callable[..., Context]) -> Endpoint:
        async def show(request: Request) -> Response:
            return await self._desk.show(request, name, partial(find, self._desk.world, request.query_params))

        return show

    async def _connection(self, request: Request) -> Response:
        connection_id: str = request.path_params["id"]
        found = partial(contents.find_connection, self._desk.world, connection_id, request.query_params, lines=True)
        return await self._desk.show(request, "connection.html", found)

    def _actors(self, words: Vocabulary) -> Endpoint:
        async def show(request: Request) -> Response:
            found = partial(contents.find_actors, self._desk.world, words, request.query_params)
            return await self._desk.show(request, "actors.html", found)

        return show

    def _actor(self, words: Vocabulary) -> Endpoint:
        async def show(request: Request) -> Response:
            found = partial(contents.find_actor, self._desk.world, words, request.path_params["id"])
            return await self._desk.show(request, "actor.html", found)

        return show


async def _home(request: Request) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/{query}", 308)


async def _asset(request: Request) -> Response:
    name: str = request.path_params["name"]
    if name not in rendering.ASSETS:
        raise HTTPException(404)
    return Response(rendering.asset(name), headers=KEPT, media_type=rendering.ASSETS[name])
