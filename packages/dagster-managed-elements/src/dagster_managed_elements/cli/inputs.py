"""What comes from outside while an apply runs: the user's answer, Ctrl-C, SIGTERM."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from types import FrameType
from typing import Any, Final

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


class Interruptions:
    """Ctrl-C and SIGTERM, from before the first write of an apply to its last word: none falls between two hands.

    Until somebody listens in the loop they end the run (KeyboardInterrupt). Once he has ended, the report is
    printed: finished within *grace* seconds of the first, or cut off (KeyboardInterrupt) then or at the next.
    """

    def __init__(self, *, grace: float = 5.0) -> None:
        self._grace = grace
        self._meant: Callable[[], None] = _end
        self._before: dict[signal.Signals, Any] = {}

    @contextmanager
    def received(self) -> Generator[None]:
        """For the length of the block; nowhere but in the main thread, where alone they come."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        for number in _RECEIVED:
            self._take(number)
        try:
            yield
        finally:
            if hasattr(signal, "setitimer"):
                signal.setitimer(signal.ITIMER_REAL, 0)
            for number, handler in self._before.items():
                signal.signal(number, handler or signal.SIG_DFL)

    @asynccontextmanager
    async def listened(self) -> AsyncGenerator[AsyncIterator[object]]:
        """Each one, in the loop; none where the loop cannot be told, and Python's own KeyboardInterrupt stands."""
        if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
            yield _none()
            return
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.settimeout(0)
            theirs.settimeout(0)
            before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
            self._meant = _pass
            try:
                yield _arrivals(ours)
            finally:
                self._meant = self._finish
                signal.set_wakeup_fd(before)

    @contextmanager
    def raised(self) -> Generator[None]:
        """While the loop waits for something that is no part of it: KeyboardInterrupt comes out of that."""
        before, self._meant = self._meant, _end
        try:
            yield
        finally:
            self._meant = before

    def _take(self, number: signal.Signals) -> None:
        self._before[number] = signal.signal(number, self._hear)

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        self._meant()

    def _finish(self) -> None:
        self._meant = self._cut_off
        said = f"note: interrupted: the report is cut off in {self._grace:g} seconds, or at the next\n"
        with suppress(OSError):  # past the stream, which may be half way through a write of its own
            os.write(sys.stderr.fileno(), said.encode())
        if hasattr(signal, "setitimer"):
            self._take(signal.SIGALRM)
            signal.setitimer(signal.ITIMER_REAL, self._grace)

    def _cut_off(self) -> None:
        for number in self._before:
            signal.signal(number, signal.SIG_DFL)  # whatever is left to say may find nobody to take it either
        raise KeyboardInterrupt


_RECEIVED: Final = (signal.SIGINT, signal.SIGTERM)


def _end() -> None:
    raise KeyboardInterrupt


def _pass() -> None:
    """Somebody listens."""


async def _arrivals(wakened: socket.socket) -> AsyncIterator[object]:
    while True:
        await anyio.wait_readable(wakened)
        for number in wakened.recv(1):
            if number in _RECEIVED:
                yield number


async def _none() -> AsyncIterator[object]:
    for nothing in ():
        yield nothing
