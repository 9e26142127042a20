"""Runs asynchronous work from wherever the caller is: a script, a thread, Jupyter or Dagster's running loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from typing import TypeVar

import anyio
import anyio.from_thread

T = TypeVar("T")


async def concurrently(*calls: Callable[[], Awaitable[object]]) -> None:
    """All *calls* at once. The first failure ends the others and is raised as itself, never as a group."""
    failures: list[Exception] = []

    async with anyio.create_task_group() as group:

        async def run(call: Callable[[], Awaitable[object]]) -> None:
            try:
                await call()
            except Exception as error:  # noqa: BLE001 - raised again below, out of the task group
                failures.append(error)
                group.cancel_scope.cancel()

        for call in calls:
            group.start_soon(run, call)
    if failures:
        raise failures[0]


def sync(call: Callable[[anyio.Event], Awaitable[T]]) -> T:
    """Run *call* to its end and return what it returns, also where a loop is already running in this thread.

    *call* is given an event; it is set when the user interrupts, and *call* is expected to wind up then: what
    is in flight is finished, never cut off. KeyboardInterrupt is raised once it has.
    """
    if not _in_a_loop():
        return anyio.run(_with_event, call)
    return copy_context().run(_in_a_thread, call)


def _in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _with_event(call: Callable[[anyio.Event], Awaitable[T]]) -> T:
    return await call(anyio.Event())


def _in_a_thread(call: Callable[[anyio.Event], Awaitable[T]]) -> T:
    with anyio.from_thread.start_blocking_portal() as portal:
        stop = portal.call(anyio.Event)
        future = portal.start_task_soon(call, stop)
        try:
            return future.result()
        except KeyboardInterrupt:
            portal.call(stop.set)
            future.result()
            raise
