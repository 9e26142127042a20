"""What was said during an attempt: one file an attempt, a JSON object a line, no secret in it."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from airbyte_local.configurations import MASK
from airbyte_local.connectors.messages import now_ms
from airbyte_local.json_values import dumps

LIMIT = 5_000_000
"""Bytes that one attempt may say; what comes after is left out, and that is said."""
LINE_LIMIT = 20_000
KEPT_JOBS = 500
SHORTEST_SECRET = 4
"""A shorter one would mangle all text, and is no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    at: int  # milliseconds since 1970
    level: str  # error, warn, info, debug, trace
    source: str  # source, destination, platform
    message: str


class Journal:
    """Writes the log of one attempt; threads may share it."""

    def __init__(self, data: Path, job_id: int, attempt: int) -> None:
        path = _path(data, job_id, attempt)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = threading.Lock()
        self._written = 0
        self._secrets: list[str] = []
        descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        self._file: IO[str] = os.fdopen(descriptor, "w", 1, "utf-8")

    def __enter__(self) -> Journal:  # noqa: PYI034 - Self is not in Python 3.10
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._file.close()

    def hide(self, secrets: Iterable[str]) -> None:
        """From here on the mask is written in the place of these."""
        self._secrets = sorted({each for each in secrets if len(each) >= SHORTEST_SECRET}, key=len, reverse=True)

    def say(self, message: str, *, level: str = "info", source: str = "platform") -> None:
        line = LogLine(at=now_ms(), level=level, source=source, message=self.masked(message)[:LINE_LIMIT])
        with self._lock:
            if self._file.closed or self._written > LIMIT:
                return
            text = dumps(asdict(line)).encode("utf-8", "replace").decode()
            self._written += len(text)
            if self._written > LIMIT:
                full = LogLine(at=line.at, level="warn", source="platform", message="The log is full.")
                text = dumps(asdict(full))
            self._file.write(f"{text}\n")

    def masked(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text


def read_log(data: Path, job_id: int, attempt: int, *, after: int = 0) -> tuple[list[LogLine], int]:
    """The whole lines from byte offset *after* on, and the offset to go on from. No log: no lines."""
    try:
        with _path(data, job_id, attempt).open("rb") as file:
            file.seek(after)
            content = file.read()
    except FileNotFoundError:
        return [], after
    whole = content[: content.rfind(b"\n") + 1]
    return [LogLine(**_parsed(line)) for line in whole.splitlines()], after + len(whole)


def forget_logs(data: Path, *, newest: int) -> None:
    """Keep the logs of the last jobs before job *newest* alone."""
    old = data / "jobs" / str(newest - KEPT_JOBS)
    if old.is_dir():
        shutil.rmtree(old, ignore_errors=True)


def _path(data: Path, job_id: int, attempt: int) -> Path:
    return data / "jobs" / str(job_id) / f"{attempt}.jsonl"


def _parsed(line: bytes) -> dict[str, Any]:
    return json.loads(line)
