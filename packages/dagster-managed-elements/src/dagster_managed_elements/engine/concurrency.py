"""Runs asynchronous work from wherever the caller is: a script, a thread, Jupyter or Dagster's running loop."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import Future, wait
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any, Final, TypeVar

import anyio
import anyio.from_thread
import anyio.lowlevel

T = TypeVar("T")
U = TypeVar("U")
V = TypeVar("V")

_AT_ONCE: Final = 100
"""Tasks, many times the requests that are in flight: most of a thousand calls need none, and a task costs more."""

_HEARTBEAT: Final = 0.1
"""Seconds. A signal that comes just before a thread goes to sleep does not wake it: Python hears of it at the next
instruction, so there has to be one.
"""


class WoundUp(KeyboardInterrupt):
    """The interrupt of a user, after what was in flight came to its end: *result* is what the call returned."""

    def __init__(self, result: Any) -> None:
        self.result = result
        super().__init__()


async def concurrently(*calls: Callable[[], Awaitable[object]]) -> None:
    """All *calls* at once, which do not wait for each other. The first failure ends the others and is raised as
    itself, never as a group.
    """
    if len(calls) == 1:
        await calls[0]()
        return
    failures: list[Exception] = []
    ahead = iter(calls)

    async with anyio.create_task_group() as group:

        async def work() -> None:
            try:
                for call in ahead:
                    await call()
            except Exception as error:  # noqa: BLE001 - raised again below, out of the task group
                failures.append(error)
                group.cancel_scope.cancel()

        for _ in calls[:_AT_ONCE]:
            group.start_soon(work)
    if failures:
        raise failures[0]


async def both(one: Callable[[], Awaitable[T]], other: Callable[[], Awaitable[U]]) -> tuple[T, U]:
    """What *one* and *other* come to, at once, and *one* has the first turn; as `concurrently`."""
    found: list[T] = []
    beside: list[U] = []
    failures: list[Exception] = []

    async with anyio.create_task_group() as group:

        async def tried(call: Callable[[], Awaitable[V]], into: list[V]) -> None:
            try:
                into.append(await call())
            except Exception as error:  # noqa: BLE001 - raised again below, out of the task group
                failures.append(error)
                group.cancel_scope.cancel()

        group.start_soon(tried, other, beside)
        await tried(one, found)
    if failures:
        raise failures[0]
    return found[0], beside[0]


async def paced(items: Iterable[T], at_a_time: int = 16) -> AsyncIterator[T]:
    """*items*, between which whatever else there is to do has its turn: an answer that came, a request to send."""
    ahead = iter(items)
    while some := list(islice(ahead, at_a_time)):
        for item in some:
            yield item
        await anyio.lowlevel.checkpoint()


@asynccontextmanager
async def meanwhile(*works: Callable[[], Awaitable[object]]) -> AsyncGenerator[None]:
    """*works* done while the block waits, given up where it ends before. What either raises is raised as itself."""
    failures: list[Exception] = []

    async def tried(work: Callable[[], Awaitable[object]]) -> None:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - raised again below, out of the task group
            failures.append(error)
            group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        for work in works:
            group.start_soon(tried, work)
        try:
            yield
        except Exception as error:  # noqa: BLE001 - raised again below, out of the task group
            failures.append(error)
        group.cancel_scope.cancel()
    if failures:
        raise failures[0]


def run_blocking(
    call: Callable[[anyio.Event], Awaitable[T]],
    *,
    winds_up: bool = True,
    interrupts: tuple[type[BaseException], ...] = (KeyboardInterrupt,),
) -> T:
    """Run *call* to its end and return what it returns, whether or not a loop is running in this thread.

    *call* is given an event that is set when the user interrupts; it is expected to wind up then, and what is in
    flight is finished before WoundUp, a KeyboardInterrupt, is raised. One that never *winds_up* is cut off instead.
    *interrupts* are what an interruption is raised as, where somebody other than Python handles signals.
    """
    # A loop of its own thread: an interrupt reaches this one, and never tears through the middle of a write.
    with anyio.from_thread.start_blocking_portal() as portal:
        stop = portal.call(anyio.Event)
        done: Future[T] = Future()

        async def run() -> None:
            if not done.set_running_or_notify_cancel():
                return
            try:
                done.set_result(await call(stop))
            except BaseException as error:
                done.set_exception(error)
                raise

        try:
            portal.start_task_soon(run)
            return _awaited(done)
        except interrupts:
            # An interrupt may come while the task is being started: what has not begun by now never does.
            if not winds_up or done.cancel():
                raise
            portal.call(stop.set)
            wound_up = WoundUp(_awaited(done))
        raise wound_up


def _awaited(done: Future[T]) -> T:
    while not wait([done], timeout=_HEARTBEAT).done:
        pass
    return done.result()
