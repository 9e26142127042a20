"""`/_local/`: what a test or a demo needs beside Airbyte's own interface. Answers only to this machine."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Collection
from typing import Protocol
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from airbyte_local.errors import Refusal
from airbyte_local.faults import Fault, FaultMisspelt, Faults, fault_from
from airbyte_local.json_values import is_list
from airbyte_local.request_log import RequestLog
from airbyte_local.seeding import SeedMisspelt, seed
from airbyte_local.world import World


class Controls(Protocol):
    """What of a running server can be steered from outside."""

    @property
    def world(self) -> World: ...
    @property
    def faults(self) -> Faults: ...
    @property
    def log(self) -> RequestLog: ...
    def reset(self) -> None: ...


def admin_app(controls: Callable[[], Controls], *, allowed_hosts: Collection[str] = ()) -> ASGIApp:
    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok", "version": controls().world.profile.version})

    async def requests(request: Request) -> Response:
        if request.method == "DELETE":
            controls().log.clear()
            return Response(status_code=204)
        return JSONResponse([exchange.read() for exchange in controls().log.all()])

    async def faults(request: Request) -> Response:
        if request.method == "PUT":
            controls().faults.put(_rules(await request.body()))
        elif request.method == "DELETE":
            controls().faults.put([])
        return JSONResponse([fault.read() for fault in controls().faults.all()])

    async def reset(_: Request) -> Response:
        await run_in_threadpool(controls().reset)
        return Response(status_code=204)

    async def plant(request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(seed, controls().world, await request.json()))

    async def files(request: Request) -> Response:
        return _published(controls().world, request.path_params["path"])

    routes = [
        Route("/_local/health", health),
        Route("/_local/requests", requests, methods=["GET", "DELETE"]),
        Route("/_local/faults", faults, methods=["GET", "PUT", "DELETE"]),
        Route("/_local/reset", reset, methods=["POST"]),
        Route("/_local/seed", plant, methods=["POST"]),
        Route("/_local/files/{path:path}", files),
    ]
    handled = dict.fromkeys((FaultMisspelt, SeedMisspelt, Refusal, json.JSONDecodeError), _misspelt)
    return LoopbackOnly(Starlette(routes=routes, exception_handlers=handled), allowed_hosts)


class LoopbackOnly:
    """Refuses foreign Host and Origin: else any web page could reach in by DNS rebinding."""

    def __init__(self, app: ASGIApp, allowed_hosts: Collection[str]) -> None:
        self._app = app
        self._allowed = {host.lower() for host in allowed_hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        asked = [f"//{headers.get(b'host', '')}"]
        if b"origin" in headers:
            asked.append(headers[b"origin"])
        if all(self._near(url) for url in asked):
            await self._app(scope, receive, send)
        else:
            text = "/_local/ answers to this machine only; see --allow-host\n"
            await PlainTextResponse(text, status_code=403)(scope, receive, send)

    def _near(self, url: str) -> bool:
        try:
            host = (urlsplit(url).hostname or "").lower()
        except ValueError:
            return False
        if host == "localhost" or host in self._allowed:
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False


def _published(world: World, path: str) -> Response:
    root = world.published.resolve()
    file = (root / path).resolve() if "\0" not in path else root
    if not (file.is_relative_to(root) and file.is_file()):
        return PlainTextResponse("no such file\n", status_code=404)
    return FileResponse(file)


def _rules(content: bytes) -> list[Fault]:
    rules = json.loads(content)
    if not is_list(rules):
        raise FaultMisspelt("faults are a list of rules")
    return [fault_from(rule) for rule in rules]


async def _misspelt(_: Request, error: Exception) -> Response:
    return JSONResponse({"message": str(error) or repr(error)}, status_code=400)
