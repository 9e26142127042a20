"""`/_local/`: what a test or a demo needs beside Airbyte's own interface. Answers only to this machine."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from airbyte_local.handlers.seeding import SeedMisspelt, seed
from airbyte_local.http import diffs
from airbyte_local.http.bodies import parse
from airbyte_local.http.faults import Fault, FaultMisspelt, fault_from
from airbyte_local.jobs.world import World
from airbyte_local.model.errors import Refusal
from airbyte_local.model.json_values import is_list, is_object
from airbyte_local.serving.front import Front

MOST = 10 * 1024 * 1024
"""Bytes of one body."""


class TooLarge(Exception):
    """More than is read."""


def admin_app(controls: Callable[[], Front]) -> ASGIApp:
    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok", "version": controls().world.profile.version})

    async def requests(request: Request) -> Response:
        if request.method == "DELETE":
            controls().log.clear()
            return Response(status_code=204)
        return JSONResponse([exchange.read() for exchange in controls().log.all()])

    async def faults(request: Request) -> Response:
        if request.method == "PUT":
            controls().faults.put(_rules(await _bounded(request)))
        elif request.method == "DELETE":
            controls().faults.put([])
        return JSONResponse([fault.read() for fault in controls().faults.all()])

    async def reset(_: Request) -> Response:
        await run_in_threadpool(controls().reset)
        return Response(status_code=204)

    async def plant(request: Request) -> Response:
        plan = parse(await _bounded(request))
        try:
            return JSONResponse(await run_in_threadpool(seed, controls().world, plan))
        except (AttributeError, KeyError, TypeError) as error:
            raise SeedMisspelt(f"this is no seed: {error!r}") from error

    async def files(request: Request) -> Response:
        return _published(controls().world, request.path_params["path"])

    routes = [
        Route("/_local/health", health),
        Route("/_local/requests", requests, methods=["GET", "DELETE"]),
        Route("/_local/faults", faults, methods=["GET", "PUT", "DELETE"]),
        Route("/_local/reset", reset, methods=["POST"]),
        Route("/_local/seed", plant, methods=["POST"]),
        *_inspecting(controls),
        Route("/_local/files/{path:path}", files),
    ]
    mistakes = (FaultMisspelt, SeedMisspelt, Refusal, RecursionError, ClientDisconnect)
    handled = {TooLarge: _too_large, **dict.fromkeys(mistakes, _misspelt)}
    return Starlette(routes=routes, exception_handlers=handled)


def _inspecting(controls: Callable[[], Front]) -> list[Route]:
    """For who compares what is here with what is declared elsewhere."""

    def revised() -> str:
        with controls().world.store.transaction() as session:
            return session.revision()

    async def revision(_: Request) -> Response:
        return JSONResponse({"revision": await run_in_threadpool(revised)})

    async def diff(request: Request) -> Response:
        world = controls().world
        if request.method == "PUT":
            content = await _bounded(request)
            return JSONResponse(await run_in_threadpool(diffs.keep, world.data, content, at=world.now()))
        if request.method == "DELETE":
            await run_in_threadpool(diffs.forget, world.data)
            return Response(status_code=204)
        found = await run_in_threadpool(diffs.kept, world.data)
        return JSONResponse(found) if found else JSONResponse({"message": "no diff was put here"}, status_code=404)

    return [Route("/_local/revision", revision), Route("/_local/diff", diff, methods=["GET", "PUT", "DELETE"])]


async def _bounded(request: Request) -> bytes:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MOST:
            raise TooLarge
    return bytes(content)


def _published(world: World, path: str) -> Response:
    root = world.published.resolve()
    with contextlib.suppress(OSError, RuntimeError, ValueError):  # no name, or links that lead in a circle
        file = (root / path).resolve()
        if file.is_relative_to(root) and file.is_file():
            return FileResponse(file)
    return PlainTextResponse("no such file\n", status_code=404)


def _rules(content: bytes) -> list[Fault]:
    rules = parse(content)
    if not (is_list(rules) and all(is_object(rule) for rule in rules)):
        raise FaultMisspelt("faults are a list of rules")
    return [fault_from(rule) for rule in rules]


async def _too_large(_: Request, _error: Exception) -> Response:
    return JSONResponse({"message": f"a body has at most {MOST:,} bytes"}, status_code=413)


async def _misspelt(_: Request, error: Exception) -> Response:
    return JSONResponse({"message": str(error) or repr(error)}, status_code=400)
