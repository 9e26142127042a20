"""Applies in a process of their own, which is killed at a chosen instant: `kill -9`, no goodbye.

An instant is a request, before it reaches the server or after it was carried out and before that is answered; or an
act on the file of a state, right before it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from testing.proxies import Proxy

CHILD = Path(__file__).with_name("children") / "dying.py"
SLOWING = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONPATH"}


@dataclass(frozen=True)
class Instant:
    """The request, or the act on a file, of this *number*, counted from 1."""

    kind: Literal["before", "after", "file"]
    number: int

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


NEVER = Instant("before", 0)


@dataclass(frozen=True)
class Ended:
    """How it ended, and how many requests and acts on files there had been by then."""

    code: int
    said: str
    requests: int
    files: int

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


class Dying:
    """`dagster-me` in *folder*, speaking to a server through *proxy*."""

    def __init__(self, proxy: Proxy, folder: Path) -> None:
        self.proxy, self.folder, self.environment = proxy, folder, dict[str, str]()
        kept = {name: value for name, value in os.environ.items() if name not in SLOWING}
        self._forking = subprocess.Popen(
            [sys.executable, str(CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env=kept,
        )

    def __enter__(self) -> Dying:  # noqa: PYI034 - Python 3.10 has no Self
        return self

    def __exit__(self, *_: object) -> None:
        with self._forking as forking:
            forking.communicate(timeout=10)  # the end of its input is its own

    def run(self, arguments: Sequence[str], instant: Instant) -> Ended:
        """To its end, or to *instant*."""
        counts = self.folder / "counted"
        counts.unlink(missing_ok=True)
        kept = {name: value for name, value in os.environ.items() if name not in SLOWING}
        asked = {
            "arguments": list(arguments),
            "environment": {**kept, **self.environment},
            "folder": str(self.folder),
            "number": instant.number if instant.kind == "file" else 0,
        }
        watched = _Watched(instant, process=int(self._ask(json.dumps(asked))))
        self.proxy.asked, self.proxy.spoil = watched, watched.answered
        code = int(self._ask("begin"))
        self.proxy.asked = []
        self.proxy.spoil = lambda _path, answer: answer
        said = (self.folder / "said").read_text(errors="replace") if (self.folder / "said").exists() else ""
        return Ended(code, said, watched.number, int(counts.read_text()) if counts.exists() else 0)

    def _ask(self, line: str) -> str:
        forking = self._forking
        assert forking.stdin is not None
        assert forking.stdout is not None
        forking.stdin.write(f"{line}\n")
        return forking.stdout.readline()


class _Watched(list[str]):
    """The paths that were asked for; one request ends the process that asks."""

    def __init__(self, instant: Instant, process: int) -> None:
        super().__init__()
        self.instant, self.process, self.number, self.carried_out = instant, process, 0, 0

    def append(self, path: str) -> None:
        super().append(path)
        self.number += 1
        if self.instant == Instant("before", self.number):
            self._kill()
            raise ConnectionResetError  # it did not get there

    def answered(self, _path: str, answer: bytes) -> bytes:
        self.carried_out += 1
        if self.instant == Instant("after", self.carried_out):
            self._kill()
        return answer

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.process, signal.SIGKILL)
