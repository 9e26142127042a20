"""The pages as one ASGI application: which address shows what, behind which doors, with which headers."""

from __future__ import annotations

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from airbyte_local.http.auth import Auth, is_basic
from airbyte_local.http.door import OpenConnections
from airbyte_local.jobs.world import World
from airbyte_local.model.errors import NotFound
from airbyte_local.pages.actions import Actions
from airbyte_local.pages.renderer import Renderer
from airbyte_local.pages.views import Views

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    # Not no-referrer: with that, browsers say of our own forms that they come from nowhere.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]


class Pages:
    """*world* is asked for at each request: a reset may put another in its place."""

    def __init__(self, world: Callable[[], World], *, auth: Auth, open_connections: OpenConnections) -> None:
        renderer, self._wanted = Renderer(world), auth.pair
        views, actions = Views(renderer, open_connections), Actions(renderer)
        self._routes: list[BaseRoute] = [*views.routes(), *actions.routes()]
        handled = {NotFound: renderer.missing, HTTPException: renderer.missing, Exception: renderer.broken}
        self._app: ASGIApp = Starlette(routes=self._routes, exception_handlers=handled)

    def wants(self, scope: Scope) -> bool:
        """Whether the request, which is for no API, is for a page, rather than for nothing that there is."""
        accepted = b",".join(value for name, value in scope["headers"] if name == b"accept").lower()
        if b"text/html" in accepted:
            return True  # a browser: what is not there is a page too
        anything = not accepted or any(kind in accepted for kind in (b"*/*", b"text/event-stream", b"text/plain"))
        return anything and any(route.matches(scope)[0] is Match.FULL for route in self._routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name for name, _ in message["headers"]}
                kept = [] if b"cache-control" in said else [(b"cache-control", b"no-store")]
                message["headers"] = [*message["headers"], *HEADERS, *kept]
            await send(message)

        is_public = scope["path"].startswith("/assets/")  # what pages look like
        refusal = None if is_public else self._refusal(Request(scope, receive))
        await (refusal or self._app)(scope, receive, send_with_headers)

    def _refusal(self, request: Request) -> Response | None:
        """Who may use the API may see the pages: by HTTP Basic, asked for by a window of the browser's own."""
        if self._wanted is None or is_basic(request.headers.get("authorization", ""), *self._wanted):
            return None
        headers = {"www-authenticate": 'Basic realm="Local Airbyte", charset="UTF-8"'}
        told = "Log in with the username and the password, or the client id and the secret, of this server.\n"
        return PlainTextResponse(told, 401, headers)
