"""What comes from outside while an apply runs: the user's answer, Ctrl-C, SIGTERM."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.to_thread
import click


async def answer(question: str, stop: anyio.Event) -> str:
    """What the user types, up to the end of the line; nothing where *stop* is set first.

    A thread blocked in a read cannot be interrupted: the loop waits for the terminal instead.
    """
    click.echo(question, nl=False)
    try:
        return await _line(stop)
    except anyio.get_cancelled_exc_class():
        click.echo()
        raise


async def _line(stop: anyio.Event) -> str:
    if sys.platform == "win32":  # no loop can wait for a console there
        return await anyio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True)
    typed = ""
    terminal = sys.stdin.fileno()

    async def read() -> None:
        nonlocal typed
        await anyio.wait_readable(terminal)
        typed = os.read(terminal, 1024).decode(errors="replace")
        group.cancel_scope.cancel()

    async def leave() -> None:
        await stop.wait()
        group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(read)
        group.start_soon(leave)
    return typed


@asynccontextmanager
async def interruptions() -> AsyncGenerator[AsyncIterator[object]]:
    """Each Ctrl-C and SIGTERM; none where they cannot be received, and Python's own KeyboardInterrupt stands."""
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield _none()
        return
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        yield signals


async def _none() -> AsyncIterator[object]:
    for nothing in ():
        yield nothing
