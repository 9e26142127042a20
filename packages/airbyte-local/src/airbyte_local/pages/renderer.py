"""What every page is made with: the store, a thread to read it in, the frame around it, and what went wrong."""

from __future__ import annotations

import importlib.metadata
import logging
import secrets
from collections.abc import Callable
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from airbyte_local.jobs.world import World
from airbyte_local.model.errors import Broken, Known, NotFound, Problem, Refusal
from airbyte_local.pages import rendering
from airbyte_local.pages.listings import Outlook

LOGGER = logging.getLogger(__name__)
Context = dict[str, Any]
Find = Callable[[], Context]
T = TypeVar("T")
THREADS = 8
TYPES = {
    "STANDARD_SYNC": "connection",
    "SOURCE_CONNECTION": "source",
    "DESTINATION_CONNECTION": "destination",
}
NOWHERE = Outlook(workspaces=(), chosen=None)


class Renderer:
    def __init__(self, world: Callable[[], World]) -> None:
        self._world = world
        self.token = secrets.token_urlsafe(24)  # of this run, in each form: only who can read a page can send one
        # Of its own: pages must not take the threads that answer the APIs.
        self._threads: anyio.CapacityLimiter | None = None

    @property
    def world(self) -> World:
        return self._world()

    async def thread(self, work: Callable[[], T]) -> T:
        if self._threads is None:
            self._threads = anyio.CapacityLimiter(THREADS)
        return await anyio.to_thread.run_sync(work, limiter=self._threads)

    async def show(self, request: Request, name: str, find: Find, *, status: int = 200) -> Response:
        """The page *name* with what *find* finds, which may block."""

        def work() -> str:
            found = find()
            return rendering.page(name, {**self.frame(request.url.path), **found})

        return HTMLResponse(await self.thread(work), status)

    def frame(self, path: str) -> Context:
        """What every page needs; `outlook` is for the page to say."""
        return {
            "now": self.world.now(),
            "version": self.world.profile.version,
            "package_version": _version(),
            "path": path,
            "outlook": NOWHERE,
            "form_token": self.token,
        }

    async def message(self, request: Request, status: int, title: str, text: str) -> Response:
        return await self.show(request, "message.html", lambda: {"title": title, "text": text}, status=status)

    async def missing(self, request: Request, error: Exception) -> Response:
        what = TYPES.get(error.type, "object") if isinstance(error, NotFound) else "page"
        text = "It may have been deleted, or the address is not quite right."
        return await self.message(request, 404, f"There is no such {what}", text)

    async def broken(self, request: Request, error: Exception) -> Response:
        LOGGER.error("%s %s", request.method, request.url.path, exc_info=error)
        return await self.message(request, 500, "This page is broken", "That is a bug: the server's log has more.")


def said(refusal: Refusal) -> str:
    """What a refusal says to a person."""
    match refusal:
        case Problem():
            return str((refusal.data or {}).get("message") or refusal.detail)
        case Known():
            return refusal.message
        case Broken():
            return refusal.text
        case NotFound():
            return f"There is no such {TYPES.get(refusal.type, 'object')} any more."
        case _:
            return str(refusal) or type(refusal).__name__


def _version() -> str:
    try:
        return importlib.metadata.version("airbyte-local")
    except importlib.metadata.PackageNotFoundError:
        return ""
