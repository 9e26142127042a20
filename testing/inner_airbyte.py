"""A local Airbyte within the event loop of who asks it, and a loop whose seconds cost no time.

No socket and no thread lies in between: a request is a call, so that thousands of applies take minutes, and the
same seed gives the same run. Faults answer as they do over a socket: cut off, late, not at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import selectors
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio
import httpx
from airbyte_local import Exchange
from airbyte_local.http.auth import choose_auth
from airbyte_local.http.faults import Faults, fault_from
from airbyte_local.http.request_log import RequestLog
from airbyte_local.jobs.world import World, deployment_of, open_world
from airbyte_local.serving.lifecycle import Life
from dagster_managed_elements.airbyte import AirbyteInstance

from testing.airbytes import Cell

URL = "http://127.0.0.1:8000"


class _Selector(selectors.DefaultSelector):
    passed = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("everybody waits for something that nobody will do")
        self.passed += max(timeout, 0.0)
        return super().select(0)


class TimelessLoop(asyncio.SelectorEventLoop):
    """An event loop that is at the next moment at once, where nothing is left to do in this one."""

    def __init__(self) -> None:
        self._moments = _Selector()
        super().__init__(self._moments)

    def time(self) -> float:
        return self._moments.passed


def at_once(go: Callable[[], Awaitable[Any]]) -> Any:
    """What *go* comes to, in a loop of its own."""
    return anyio.run(go, backend_options={"loop_factory": TimelessLoop})


class Killed(BaseException):
    """The process is no more: as after kill -9 nothing it would have done afterwards happens."""


@dataclass
class Asker:
    """A process that asks. *draws* how long its requests are under way; *dies_at* the number of a request, and
    *heard* whether that one still arrives.
    """

    draws: random.Random | None = None
    dies_at: int | None = None
    heard: bool = False
    sent: int = field(default=0, init=False)

    async def asks(self, answer: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
        self.sent += 1
        if self.dies_at is not None and self.sent >= self.dies_at:
            if self.sent == self.dies_at and self.heard:
                with contextlib.suppress(httpx.HTTPError):
                    await answer()
            raise Killed
        await self._is_under_way()
        try:
            return await answer()
        finally:
            await self._is_under_way()

    async def _is_under_way(self) -> None:
        if self.draws is not None:
            await anyio.sleep(self.draws.random() / 10)


@dataclass(frozen=True)
class InnerInstance(AirbyteInstance):
    """Of an Airbyte that is asked through *wire*."""

    wire: httpx.AsyncBaseTransport | None = field(default=None, repr=False, compare=False)

    def _options(self, *args: Any) -> Any:
        return replace(super()._options(*args), transport=self.wire)


class InnerAirbyte:
    """What `airbyte_local.LocalAirbyte` is, as far as a campaign needs it."""

    def __init__(self, cell: Cell, data: Path) -> None:
        self.api, deployment = cell.api, deployment_of(cell.version, cell.auth)
        self.client_id, self.client_secret = deployment.client_id, deployment.client_secret
        self.world: World = open_world(data, deployment, url=URL)
        self._faults, self._log = Faults(), RequestLog(bodies=True)
        self._life = Life(
            self.world, faults=self._faults, log=self._log, auth=choose_auth(deployment), die=lambda: None
        )
        self._life.front.in_threads = False

    @property
    def workspace_id(self) -> str:
        with self.world.store.transaction() as session:
            return next(workspace.id for workspace in session.workspaces.all() if not workspace.tombstone)

    @property
    def requests(self) -> list[Exchange]:
        return self._log.all()

    def forget_requests(self) -> None:
        self._log.clear()

    def faults(self, *rules: Mapping[str, Any]) -> None:
        self._faults.put(map(fault_from, rules))

    def reset(self) -> None:
        self._life.front.reset()

    async def settle(self) -> None:
        await self._life.front.settle()

    def end(self) -> None:
        self._life.end()

    def instance(self, cell: Cell, asker: Asker) -> AirbyteInstance:
        who = {"client_id": self.client_id, "client_secret": self.client_secret} if cell.auth == "client" else {}
        url = f"{URL}/v1" if cell.version == "cloud" else URL
        api: Any = cell.api
        return InnerInstance(url=url, api=api, wire=_Wire(self._life.front, asker), **who)


@contextlib.contextmanager
def inner_airbyte(cell: Cell) -> Iterator[InnerAirbyte]:
    with tempfile.TemporaryDirectory() as folder:
        airbyte = InnerAirbyte(cell, Path(folder))
        try:
            yield airbyte
        finally:
            airbyte.end()


class _Wire(httpx.AsyncBaseTransport):
    def __init__(self, app: Any, asker: Asker) -> None:
        self._app, self._asker = app, asker

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        content = await request.aread()
        return await self._asker.asks(lambda: _answer(self._app, request, content))


async def _answer(app: Any, request: httpx.Request, content: bytes) -> httpx.Response:
    """As a server's connection does: what is not answered in the end has been cut off."""
    heard = [{"type": "http.request", "body": content}]
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return heard.pop() if heard else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    scope = {
        "type": "http",
        "method": request.method,
        "path": request.url.path,
        "query_string": request.url.query,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
    }
    await app(scope, receive, send)
    if not said:
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)
    start, *parts = said
    body = b"".join(part.get("body", b"") for part in parts)
    is_cut = any(part.get("more_body") for part in parts[-1:])
    stream = _Cut(body, request) if is_cut else httpx.ByteStream(body)
    return httpx.Response(start["status"], headers=start["headers"], stream=stream, request=request)


class _Cut(httpx.AsyncByteStream):
    def __init__(self, body: bytes, request: httpx.Request) -> None:
        self._body, self._request = body, request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body
        raise httpx.RemoteProtocolError("peer closed connection without a whole body", request=self._request)
