"""What every page is made with: the store, a thread to read it in, the frame around it, templates, what went wrong.

Everything that comes from a store or a connector is escaped, by default and everywhere.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import logging
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context as Given
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from airbyte_local.jobs.world import World
from airbyte_local.model.errors import Broken, Known, NotFound, Problem, Refusal
from airbyte_local.pages import wording
from airbyte_local.pages.listings import Outlook

LOGGER = logging.getLogger(__name__)
Context = dict[str, Any]
Find = Callable[[], Context]
T = TypeVar("T")
THREADS = 8
TYPES = {"STANDARD_SYNC": "connection", "SOURCE_CONNECTION": "source", "DESTINATION_CONNECTION": "destination"}
ASSETS = {
    "pages.css": "text/css; charset=utf-8",
    "pages.js": "text/javascript; charset=utf-8",
    "mark.svg": "image/svg+xml",
}
TICKING = re.compile(r"(<time[^>]*>)[^<]*")
"""What an element of time says is known from its attributes, and changes by itself."""
PACKAGE_VERSION = importlib.metadata.version("airbyte-local")
NOWHERE = Outlook(workspaces=(), chosen=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a page that is sent again when its *digest* has become another."""

    id: str
    html: str
    digest: str


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
            return page(name, {**self.frame(request.url.path), **found})

        return HTMLResponse(await self.thread(work), status)

    def found(self, find: Callable[..., Context], *named: Any) -> Find:
        """What *find* makes of the world, one read of its store, and what is *named*."""

        def read() -> Context:
            with self.world.store.transaction() as session:
                return find(self.world, session, *named)

        return read

    def frame(self, path: str) -> Context:
        """What every page needs; `outlook` is for the page to say."""
        return {
            "now": self.world.now(),
            "version": self.world.profile.version,
            "package_version": PACKAGE_VERSION,
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


def page(name: str, context: Mapping[str, Any]) -> str:
    return _templates().get_template(name).render(context)


def part(name: str, context: Mapping[str, Any]) -> Part:
    """The template of that name. `digests` of *context* has those parts whose HTML does not decide what is news."""
    html = page(f"parts/{name}.html", context)
    told = context.get("digests", {}).get(name) or TICKING.sub(r"\1", html)
    return Part(id=name, html=html, digest=hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16])


@functools.cache
def asset(name: str) -> bytes:
    """One of ASSETS."""
    return (files("airbyte_local.pages") / "assets" / name).read_bytes()


@functools.cache
def asset_url(name: str) -> str:
    """Another one for other content, so that browsers may keep what they have."""
    return f"/assets/{name}?{hashlib.sha256(asset(name)).hexdigest()[:12]}"


@functools.cache
def _templates() -> Environment:
    @pass_context
    def live(context: Given, name: str, role: str | None = None) -> Markup:
        """The part of that name where it is renewed. *role*: `status` has its news read out."""
        found = part(name, context.get_all())
        said = Markup(' role="{}"').format(role) if role else ""
        return Markup('<div id="{}" class="live" data-digest="{}" tabindex="-1"{}>{}</div>').format(
            found.id,
            found.digest,
            said,
            Markup(found.html),  # noqa: S704 - escaped when it was made
        )

    found: Any = Environment(
        loader=PackageLoader("airbyte_local.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        name: getattr(wording, name) for name in ("ago", "exact", "machine", "clock", "number", "size", "duration")
    }
    found.filters["status_words"] = wording.STATUSES.get
    found.globals |= {"asset_url": asset_url, "counting": wording.counting, "live": live}
    return found
