"""`/_local/`: what a test or a demo needs beside Airbyte's own interface. Answers only to this machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Protocol

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from airbyte_local.handlers.seeding import SeedMisspelt, seed
from airbyte_local.http import diffs
from airbyte_local.http.faults import Fault, FaultMisspelt, Faults, fault_from
from airbyte_local.http.loopback import LoopbackOnly
from airbyte_local.http.request_log import RequestLog
from airbyte_local.jobs.world import World
from airbyte_local.model.errors import Refusal
from airbyte_local.model.json_values import is_list


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
        *_watching(controls),
        Route("/_local/files/{path:path}", files),
    ]
    handled = dict.fromkeys((FaultMisspelt, SeedMisspelt, Refusal, json.JSONDecodeError), _misspelt)
    return LoopbackOnly(Starlette(routes=routes, exception_handlers=handled), allowed_hosts)


def _watching(controls: Callable[[], Controls]) -> list[Route]:
    """For who compares what is here with what is declared elsewhere."""

    async def revision(_: Request) -> Response:
        return JSONResponse({"revision": await run_in_threadpool(_revision, controls().world)})

    async def diff(request: Request) -> Response:
        data = controls().world.data
        if request.method == "PUT":
            return await _put(request, controls().world)
        if request.method == "DELETE":
            await run_in_threadpool(diffs.forget, data)
            return Response(status_code=204)
        found = await run_in_threadpool(diffs.kept, data)
        return JSONResponse(found) if found else JSONResponse({"message": "no diff was put here"}, status_code=404)

    return [
        Route("/_local/revision", revision),
        Route("/_local/diff", diff, methods=["GET", "PUT", "DELETE"]),
    ]


async def _put(request: Request, world: World) -> Response:
    try:
        content = await _bounded(request)
    except diffs.TooLarge:
        return JSONResponse({"message": f"a diff has at most {diffs.MOST:,} bytes"}, status_code=413)
    return JSONResponse(await run_in_threadpool(diffs.keep, world.data, content, at=world.now()))


def _revision(world: World) -> str:
    with world.store.transaction() as session:
        return session.revision()


async def _bounded(request: Request) -> bytes:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > diffs.MOST:
            raise diffs.TooLarge
    return bytes(content)


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
