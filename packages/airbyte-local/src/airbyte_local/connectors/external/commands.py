"""One command of a connector under way: what it writes, line by line, until it ends or is ended."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal

from airbyte_local.connectors.protocol import ConnectorCrashed

CHUNK = 1 << 18
LONGEST_COMPLAINT = 10_000  # bytes of one line on stderr; the rest of it is dropped
MARGIN_SECONDS = 10.0  # beyond the grace, for a supervisor to clear up
Channel = Literal["out", "err"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """All in seconds, but `line`, in bytes. What a reading may take has no limit, only its silence has."""

    spec: float = 60.0
    check: float = 300.0
    discover: float = 300.0
    silence: float = 3600.0
    grace: float = 5.0
    line: int = 50_000_000


class Command:
    """What a worker's supervisor answers for. It belongs to one thread; only `stop` may be called from another."""

    def __init__(self, control: socket.socket, out: int, err: int, limits: Limits) -> None:
        self.code: int | None = None  # negative: the signal that ended it; None: nobody could say
        self._pid: int | None = None
        self._folder: str | None = None  # which its supervisor removes, and this where that was killed
        self._failure: str | None = None
        self._control = control
        self._closing = threading.Lock()
        self._limits = limits
        self._told = b""
        self._pipes = {out: _Lines("out", limits.line), err: _Lines("err", LONGEST_COMPLAINT, cuts=True)}
        self._open = {control.fileno(), out, err}

    def lines(self, limit: float, *, renews: bool = False) -> Generator[tuple[Channel, bytes]]:
        """What it writes until it has ended; `code` is known then.

        *limit* is for all of it, or, where it *renews*, for the time in which nothing at all is heard; what the
        caller takes for itself between two lines does not count then.

        Raises:
            ConnectorCrashed: the limit is reached, or a line on stdout has no end.
        """
        deadline = time.monotonic() + limit
        while self._open:
            left = limit if renews else max(0.0, deadline - time.monotonic())
            heard = _wait_for(self._open, min(left, MARGIN_SECONDS) if self._abandoned else left)
            if self._abandoned and not heard:
                return
            if not heard:
                done = "wrote nothing for" if renews else "did not end within"
                raise ConnectorCrashed(f"The connector {done} {limit:g} seconds, and was stopped.")
            for descriptor in heard:
                yield from self._hear(descriptor)
        if self._failure is not None:
            raise ConnectorCrashed(f"The connector cannot be started: {self._failure}")

    def stop(self) -> None:
        """Ask its supervisor to end it. Returns at once; a second time is as good as the first."""
        with self._closing, contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Return when nothing of it runs any more."""
        self.stop()
        for descriptor in self._pipes:
            if descriptor in self._open:
                self._open.remove(descriptor)
                os.close(descriptor)
        deadline = time.monotonic() + self._limits.grace + MARGIN_SECONDS
        while self._open and _wait_for(self._open, max(0.0, deadline - time.monotonic())):
            self._listen()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        with self._closing:
            self._control.close()

    @property
    def _abandoned(self) -> bool:
        """Its supervisor was killed: whoever holds the pipes may hold them for ever."""
        return self.code is None and self._control.fileno() not in self._open

    def _hear(self, descriptor: int) -> Generator[tuple[Channel, bytes]]:
        if descriptor not in self._pipes:
            self._listen()
            return
        lines = self._pipes[descriptor]
        chunk = os.read(descriptor, CHUNK)
        if chunk:
            found = lines.feed(chunk)
        else:
            self._open.remove(descriptor)
            os.close(descriptor)
            found = lines.rest()
        for line in found:
            yield lines.channel, line

    def _listen(self) -> None:
        """To the supervisor: `started PID FOLDER`, `exit CODE` when nothing is left, or `failed REASON`."""
        try:
            part = self._control.recv(256)
        except OSError:
            part = b""
        if not part:
            self._open.remove(self._control.fileno())
            if self._abandoned and self._pid is not None:
                with contextlib.suppress(OSError):
                    os.killpg(self._pid, signal.SIGKILL)
            return
        *lines, self._told = (self._told + part).split(b"\n")
        for line in lines:
            word, _, rest = line.decode().partition(" ")
            if word == "started":
                number, _, self._folder = rest.partition(" ")
                self._pid = int(number)
            elif word == "exit":
                self.code = int(rest)
            elif word == "failed":
                self._failure = rest


class _Lines:
    """Cuts what a pipe gives into lines, and remembers no more than one that has not ended yet."""

    def __init__(self, channel: Channel, longest: int, *, cuts: bool = False) -> None:
        self.channel: Channel = channel
        self._longest = longest
        self._cuts = cuts
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        *ended, begun = chunk.split(b"\n")
        if ended:
            self._grow(ended[0])
            ended[0] = self._take()
        self._grow(begun)
        return [line[: self._longest] for line in ended] if self._cuts else ended

    def rest(self) -> list[bytes]:
        return [self._take()] if self._size else []

    def _grow(self, part: bytes) -> None:
        if self._cuts:
            part = part[: self._longest - self._size]
        self._parts.append(part)
        self._size += len(part)
        if self._size > self._longest:
            raise ConnectorCrashed(f"The connector wrote a line of more than {self._longest:,} bytes.")

    def _take(self) -> bytes:
        line = b"".join(self._parts)
        self._parts, self._size = [], 0
        return line


def _wait_for(descriptors: set[int], seconds: float) -> list[int]:
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return [descriptor for descriptor, _ in poll.poll(seconds * 1000)]
