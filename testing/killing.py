"""Applies in a process of their own, which is killed at a chosen instant: `kill -9`, no goodbye.

An instant is a request, before it reaches the server or after it was carried out and before that is answered; or an
act on the file of a state, right before it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
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


@dataclass
class Dying:
    """`dagster-me` in *folder*, speaking to a server through *proxy*."""

    proxy: Proxy
    folder: Path
    environment: Mapping[str, str]

    def run(self, arguments: Sequence[str], instant: Instant) -> Ended:
        """To its end, or to *instant*."""
        counts = self.folder / "counted"
        counts.unlink(missing_ok=True)
        watched = _Watched(instant)
        self.proxy.asked, self.proxy.spoil = watched, watched.answered
        kept = {name: value for name, value in os.environ.items() if name not in SLOWING}
        number = instant.number if instant.kind == "file" else 0
        running = subprocess.Popen(
            [sys.executable, str(CHILD), str(number), str(counts), *arguments],
            cwd=self.folder,
            env={**kept, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        watched.process = running
        with running:
            said, _ = running.communicate(timeout=100)
        self.proxy.asked = []
        self.proxy.spoil = lambda _path, answer: answer
        return Ended(running.returncode, said, watched.number, int(counts.read_text()) if counts.exists() else 0)


class _Watched(list[str]):
    """The paths that were asked for; one request ends the process that asks."""

    process: subprocess.Popen[str]

    def __init__(self, instant: Instant) -> None:
        super().__init__()
        self.instant, self.number, self.carried_out = instant, 0, 0

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
        self.process.kill()
        self.process.wait()
