"""The processes that start connectors' commands, seen from the server; `worker` is what they run."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airbyte_local.connectors.external.commands import Command, Limits
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed

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


def connector_environment(outer: Mapping[str, str] | None = None) -> dict[str, str]:
    """*outer*: what to take from; absent: this process' own. Its temporary files go to its private folder."""
    given = os.environ if outer is None else outer
    kept = {name: value for name, value in given.items() if name.upper() in PASSED or name.startswith("LC_")}
    # PYTHONUTF8: in its image a connector has a locale of UTF-8, whatever there is here.
    return {**kept, "DO_NOT_TRACK": "true", "PYTHONUTF8": "1"}


def installer_environment(outer: Mapping[str, str] | None = None) -> dict[str, str]:
    """The user's own, indexes and all, but for what steers another Python or was meant for the server."""
    given = os.environ if outer is None else outer
    return {name: value for name, value in given.items() if not name.startswith((OURS, *STEERING))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preload:
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
        if self._orders is None:
            self._orders = self._spawn()
        socket.send_fds(self._orders, [b"!"], descriptors)

    def _spawn(self) -> socket.socket:
        loaded = self._preload
        program = [sys.executable, "-I", "-S"] if loaded is None else [str(loaded.python), "-I", "-X", "utf8"]
        with contextlib.ExitStack() as undo:
            ours, theirs = (undo.enter_context(end) for end in socket.socketpair())
            program += [str(PROGRAM), str(theirs.fileno()), str(self._idle)]
            self._process = subprocess.Popen(  # noqa: S603 - our own program, run by a Python we chose
                program if loaded is None else [*program, loaded.distribution, loaded.script],
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
