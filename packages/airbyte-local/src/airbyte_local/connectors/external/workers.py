"""The processes that start connectors' commands, seen from the server; `worker` is what they run."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed

CHUNK = 1 << 18
LONGEST_COMPLAINT = 10_000  # bytes of one line on stderr; the rest of it is dropped
MARGIN_SECONDS = 10.0  # beyond the grace, for a supervisor to clear up
Channel = Literal["out", "err"]
PROGRAM = Path(__file__).with_name("worker.py")
IDLE_SECONDS = 300.0
PASSED = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ"}
    | {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}
    | {"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE"}
    | {"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"}
    | {"AIRBYTE_ENABLE_UNSAFE_CODE"}  # the vendor's own switch: only who starts the server can set it
)
OURS = "AIRBYTE_LOCAL_"
STEERING = ("PYTHON", "VIRTUAL_ENV", "CONDA_PREFIX")
FOLDER = "{folder}"
"""In an argument: the private folder of the command, as `worker` calls it."""


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
        self._begun = bytearray()

    def feed(self, chunk: bytes) -> list[bytes]:
        self._begun += chunk
        lines = self._begun.split(b"\n") if b"\n" in chunk else [self._begun]
        if self._cuts:
            lines = [line[: self._longest] for line in lines]
        elif max(map(len, lines)) > self._longest:
            raise ConnectorCrashed(f"The connector wrote a line of more than {self._longest:,} bytes.")
        *ended, self._begun = lines
        return [bytes(line) for line in ended]

    def rest(self) -> list[bytes]:
        return [bytes(self._begun)] if self._begun else []


def _wait_for(descriptors: set[int], seconds: float) -> list[int]:
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return [descriptor for descriptor, _ in poll.poll(seconds * 1000)]


def connector_environment() -> dict[str, str]:
    """Of this process' own; its temporary files go to its private folder."""
    kept = {name: value for name, value in os.environ.items() if name.upper() in PASSED or name.startswith("LC_")}
    # PYTHONUTF8: in its image a connector has a locale of UTF-8, whatever there is here.
    return {**kept, "DO_NOT_TRACK": "true", "PYTHONUTF8": "1"}


def installer_environment() -> dict[str, str]:
    """The user's own, indexes and all, but for what steers another Python or was meant for the server."""
    return {name: value for name, value in os.environ.items() if not name.startswith((OURS, *STEERING))}


class Preload(NamedTuple):
    """A console script that a worker loads once, so that a command is a fork in place of a start."""

    python: Path
    distribution: str
    script: str


class Worker:
    """Started with its first command, and again where it has ended for want of them. Threads may share it."""

    def __init__(self, preload: Preload | None = None, *, idle: float = IDLE_SECONDS) -> None:
        self._preload = preload
        self._idle = idle
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._orders: socket.socket | None = None
        self._commands: weakref.WeakSet[Command] = weakref.WeakSet()

    def start(
        self,
        arguments: Sequence[str],
        files: Mapping[str, Any],
        limits: Limits,
        *,
        environment: Mapping[str, str] | None = None,
    ) -> Command:
        """Run *arguments* in a private folder with *files*, which is gone when the command is.

        *files*: name -> JSON. *environment*: absent, what a connector gets, whose files nobody else may read.

        Raises:
            ConnectorCrashed: no process can be started.
            ConnectorFailed: not on this system.
        """
        if os.name != "posix":
            raise ConnectorFailed("Only on Linux and macOS can connectors run that are not built in.")
        order = {
            "arguments": list(arguments),
            "files": {name: json.dumps(content) for name, content in files.items()},
            "environment": dict(connector_environment() if environment is None else environment),
            "private": environment is None,
            "grace": limits.grace,
        }
        try:
            with tempfile.TemporaryFile() as file:  # it has no name: nothing is left of it, whatever happens
                file.write(json.dumps(order).encode())
                file.flush()
                file.seek(0)
                return self._send(file.fileno(), limits)
        except OSError as error:
            raise ConnectorCrashed(f"The connector cannot be started: {error.strerror}") from error

    def close(self) -> None:
        """End it, and stop all that it has started."""
        with self._lock:
            for command in self._commands:
                command.stop()
            if self._process is not None:
                self._process.kill()
            self._forget()

    def _send(self, order: int, limits: Limits) -> Command:
        with self._lock, contextlib.ExitStack() as undo, contextlib.ExitStack() as given:
            ours, theirs = socket.socketpair()
            undo.callback(ours.close)
            given.callback(theirs.close)
            pipes = [os.pipe() for _ in range(2)]
            for kept, sent in pipes:
                undo.callback(os.close, kept)
                given.callback(os.close, sent)
            self._deliver([order, theirs.fileno(), *(sent for _, sent in pipes)])
            undo.pop_all()
            command = Command(ours, pipes[0][0], pipes[1][0], limits)
            self._commands.add(command)
        return command

    def _deliver(self, descriptors: list[int]) -> None:
        try:
            self._post(descriptors)
        except OSError:  # it has ended, and did not take the order: another worker does
            self._forget()
            self._post(descriptors)

    def _post(self, descriptors: list[int]) -> None:
        self._orders = self._orders or self._spawn()
        socket.send_fds(self._orders, [b"!"], descriptors)

    def _spawn(self) -> socket.socket:
        python, *script = self._preload or (sys.executable,)
        options = ["-I", "-X", "utf8"] if script else ["-I", "-S"]
        with contextlib.ExitStack() as undo:
            ours, theirs = (undo.enter_context(end) for end in socket.socketpair())
            self._process = subprocess.Popen(  # noqa: S603 - our own program, run by a Python we chose
                [str(python), *options, str(PROGRAM), str(theirs.fileno()), str(self._idle), *map(str, script)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**connector_environment(), "TMPDIR": tempfile.gettempdir()},
                start_new_session=True,
            )
            undo.pop_all()
        theirs.close()
        return ours

    def _forget(self) -> None:
        if self._orders is not None:
            self._orders.close()
            self._orders = None
        if self._process is not None:
            self._process.wait()
            self._process = None
