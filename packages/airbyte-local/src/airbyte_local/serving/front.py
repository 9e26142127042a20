"""The front door: ASGI in, both of Airbyte's APIs behind it with faults and the request log, and the pages."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from airbyte_local.config_api import api as config_api
from airbyte_local.http import diffs
from airbyte_local.http.answers import Answer, Request, crash_answer, json_answer, unknown_route
from airbyte_local.http.auth import Auth
from airbyte_local.http.door import Guard, OpenConnections, is_from_here
from airbyte_local.http.faults import Fault, Faults
from airbyte_local.http.request_log import Exchange, RequestLog
from airbyte_local.jobs.running import begin
from airbyte_local.jobs.world import World, make_default_workspace
from airbyte_local.model import paging
from airbyte_local.model.json_values import is_list, is_object
from airbyte_local.public_api import api as public_api

if TYPE_CHECKING:
    from airbyte_local.pages.site import Pages

LOGGER = logging.getLogger(__name__)
ADMIN = "/_local"
NOT_ADMITTED = Answer(
    status=403,
    content=b"This answers to this machine only; see --allow-host\n",
    headers={"content-type": "text/plain; charset=utf-8"},
)
APIS = ("/api", "/v1")
"""What begins so is asked of an API, on whatever version, and answered as that answers what it does not know."""
MAX_BODY = 10 * 1024 * 1024
THREADS = 64
LATE = {"lost-before-late-commit"}
PAGES: dict[str, paging.Unstable] = {"pages-shuffled": "shuffled", "pages-repeat-skip": "repeat-skip"}

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class Front:
    """The ASGI application, and what of a running server can be steered from outside."""

    world: World
    auth: Auth
    faults: Faults
    log: RequestLog
    open_connections: OpenConnections
    admin: App
    die: Callable[[], None]
    guard: Guard = field(default_factory=Guard)
    in_threads: bool = True
    """False where the asker shares this event loop, and would be no faster for waiting."""
    _pages: Pages | None = None
    # Not the default limiter: a handler may wait for a file that this server hands out by a thread of that one.
    _threads: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(THREADS))
    _late: dict[asyncio.Task[None], asyncio.Event] = field(
        default_factory=dict["asyncio.Task[None]", asyncio.Event]
    )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        for_admin = path == ADMIN or path.startswith(f"{ADMIN}/")
        if not self.guard.admits(scope["headers"]) or (for_admin and not is_from_here(scope)):
            await _send_answer(send, NOT_ADMITTED)
            return
        if for_admin:
            await self.admin(scope, receive, send)
            return
        if not path.startswith(APIS) and (pages := self._with_pages()).wants(scope):
            await pages(scope, receive, send)
            return
        request = await _read_request(scope, receive)
        if isinstance(request, Answer):
            await _send_answer(send, request)
            return
        number, started = self.log.number(), time.perf_counter()
        faults = self.faults.hitting(request.method, path)
        try:
            answer = await self._work(request, faults)
        except asyncio.CancelledError:  # the server ends, and has waited for this one long enough
            answer = json_answer(503, {"message": "The server was stopped."})
        delivered = not any(f.action in {"die", "lost-after-commit", *LATE} for f in faults)
        exchange = Exchange(
            number=number,
            method=request.method,
            path=path,
            query=request.query,
            status=answer.status if answer else None,
            delivered=delivered,
            fault=", ".join(fault.action for fault in faults) or None,
            began=started,
            seconds=time.perf_counter() - started,
            request_bytes=request.content,
            response_bytes=answer.content if answer else b"",
        )
        self.log.record(exchange)
        await self._deliver(scope, receive, send, answer, faults)

    def reset(self) -> None:
        """Forget objects, faults and requests. Blocking."""
        self.faults.put([])
        self.world.workers.stop()
        self.world.store.erase()
        diffs.forget(self.world.data)
        make_default_workspace(self.world)
        begin(self.world)
        self.log.clear()

    def _with_pages(self) -> Pages:
        if self._pages is None:
            # Imported here: most servers are asked for their APIs alone, and start the sooner.
            from airbyte_local.pages.site import Pages

            self._pages = Pages(lambda: self.world, auth=self.auth, open_connections=self.open_connections)
        return self._pages

    async def _work(self, request: Request, faults: list[Fault]) -> Answer | None:
        """Do what was asked, as far as the faults let it come to that. None: nothing was done (yet)."""
        for fault in faults:
            if fault.action == "lost-before-late-commit":
                self._work_later(request, fault.seconds)
                return None
        replaced = next((f for f in faults if f.action == "status"), None)
        died = next((f for f in faults if f.action == "die"), None)
        answer = None
        if (replaced is None or replaced.commit) and (died is None or died.commit):
            answer = await self._handled(request, faults)
        if replaced is not None:
            answer = replaced.answer()
        await _delay(faults, answer)
        return answer

    async def _handled(self, request: Request, faults: Iterable[Fault] = ()) -> Answer:
        spent = next((f.token_requests for f in faults if f.action == "tokens-expire"), None)
        if answer := self.auth.answer(request, token_requests=spent):
            return answer
        unstable = paging.unstable.set(next((PAGES[f.action] for f in faults if f.action in PAGES), None))
        largest = paging.largest.set(next((f.size for f in faults if f.action == "pages-capped"), None))
        try:
            if not self.in_threads:
                return answered(self.world, request)
            return await anyio.to_thread.run_sync(answered, self.world, request, limiter=self._threads)
        except Exception:
            LOGGER.exception("%s %s", request.method, request.path)  # a bug of ours, answered as the vendor's are
            return crash_answer(self.world.profile)
        finally:
            paging.unstable.reset(unstable)
            paging.largest.reset(largest)

    def _work_later(self, request: Request, seconds: float) -> None:
        awaited = asyncio.Event()

        async def work() -> None:
            with anyio.move_on_after(seconds):
                await awaited.wait()
            await self._handled(request)

        task = asyncio.get_running_loop().create_task(work())
        self._late[task] = awaited
        task.add_done_callback(self._late.pop)

    async def settle(self) -> None:
        """Do now what was to be done late."""
        for awaited in self._late.values():
            awaited.set()
        await asyncio.gather(*self._late)

    async def _deliver(
        self, scope: Scope, receive: Receive, send: Send, answer: Answer | None, faults: list[Fault]
    ) -> None:
        actions = {fault.action for fault in faults}
        if "die" in actions:
            self.die()
            await _until_disconnected(receive)
        elif answer is None or "lost-after-commit" in actions:
            self.open_connections.close(scope["client"])
            await _until_disconnected(receive)
        elif "cut-body" in actions:
            await _send_answer(send, answer, cut=True)
            self.open_connections.close(scope["client"])
            await _until_disconnected(receive)
        else:
            await _send_answer(send, answer)


async def _read_request(scope: Scope, receive: Receive) -> Request | Answer:
    """The whole request; a refusal where its body is larger than the vendor's server takes, or ends half way."""
    content = bytearray()
    while True:
        message = await receive()
        content += message.get("body", b"")
        if len(content) > MAX_BODY:
            return Answer(status=413)
        if message["type"] == "http.disconnect":
            return Answer(status=400)
        if not message.get("more_body", False):
            break
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        content=bytes(content),
    )


async def _send_answer(send: Send, answer: Answer, *, cut: bool = False) -> None:
    content = answer.content
    headers = {**answer.headers, "content-length": str(len(content))}
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    if cut:
        await send({"type": "http.response.body", "body": content[: len(content) // 2], "more_body": True})
    else:
        await send({"type": "http.response.body", "body": content})


async def _until_disconnected(receive: Receive) -> None:
    # Returning earlier would make the HTTP layer send a 500 on its own.
    while (await receive())["type"] != "http.disconnect":
        pass


async def _delay(faults: Iterable[Fault], answer: Answer | None) -> None:
    slow = [fault for fault in faults if fault.action == "latency"]
    if not slow:
        return
    items = 0
    if answer and answer.content[:1] in {b"{", b"["} and any(fault.per_item_ms for fault in slow):
        value = json.loads(answer.content)
        lists: list[Any] = list(value.values()) if is_object(value) else [value]
        items = max((len(rows) for rows in lists if is_list(rows)), default=0)  # of the longest list
    await anyio.sleep(sum(fault.base_ms + fault.per_item_ms * items for fault in slow) / 1000)


def answered(world: World, request: Request) -> Answer:
    """By the API that *request* is for. Blocking: it runs in a thread."""
    if request.path.startswith(world.profile.public_prefix):
        return public_api.answer(world, request)
    if request.path.startswith(config_api.PREFIX):
        route = request.path.removeprefix(config_api.PREFIX)
        if world.profile.config_api or route in world.profile.unpromised:
            return config_api.answer(world, request)
    return unknown_route()
