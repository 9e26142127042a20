"""What was said during an attempt: one file an attempt, a JSON object a line, no secret in it."""

from __future__ import annotations

import json
import logging
import os
import shutil
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from io import FileIO
from pathlib import Path

from airbyte_local.connectors.external.masking import Masking
from airbyte_local.connectors.messages import now_ms
from airbyte_local.model.json_values import Json, dumps

LOGGER = logging.getLogger(__name__)
LIMIT = 5_000_000
"""Bytes that one attempt may say; what comes after is left out, and that is said."""
LINE_LIMIT = 20_000
KEPT_JOBS = 500
SECRETS: Json = {"properties": {"secrets": {"airbyte_secret": True}}}
"""The specification of a configuration that is nothing but secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    at: int  # milliseconds since 1970
    level: str  # error, warn, info, debug, trace
    source: str  # source, destination, platform
    message: str


class Journal:
    """Writes the log of one attempt; threads may share it. Where it cannot be written, the job goes on without."""

    def __init__(self, data: Path, job_id: int, attempt: int) -> None:
        self._lock = threading.Lock()
        self._written = 0
        self._masking = Masking({}, {})
        self._file = _opened(_path(data, job_id, attempt))

    def __enter__(self) -> Journal:  # noqa: PYI034 - Self is not in Python 3.10
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._close()

    def hide(self, secrets: Iterable[object]) -> None:
        """From here on the mask is written in the place of these."""
        self._masking = Masking(SECRETS, {"secrets": list(secrets)})

    def say(self, message: str, *, level: str = "info", source: str = "platform") -> None:
        line = LogLine(at=now_ms(), level=level, source=source, message=self.masked(message)[:LINE_LIMIT])
        with self._lock:
            if self._written > LIMIT:
                return
            text = _line(line)
            self._written += len(text)
            if self._written > LIMIT:
                text = _line(LogLine(at=line.at, level="warn", source="platform", message="The log is full."))
            self._write(text)

    def masked(self, text: str) -> str:
        return self._masking.text(text)

    def _write(self, text: bytes) -> None:
        """Half a line is the last one: whoever reads takes whole lines alone."""
        try:
            if self._file is not None and self._file.write(text) != len(text):
                self._close()
        except OSError as error:
            LOGGER.warning("the log of a job cannot be written: %s", error.strerror)
            self._close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def read_log(data: Path, job_id: int, attempt: int, *, after: int = 0) -> tuple[list[LogLine], int]:
    """The whole lines from byte offset *after* on, and the offset to go on from. No log: no lines."""
    try:
        with _path(data, job_id, attempt).open("rb") as file:
            file.seek(after)
            content = file.read()
    except FileNotFoundError:
        return [], after
    whole = content[: content.rfind(b"\n") + 1]
    return [LogLine(**json.loads(line)) for line in whole.splitlines()], after + len(whole)


def forget_logs(data: Path, *, newest: int) -> None:
    """Keep the logs of the last jobs before job *newest* alone."""
    folder = data / "jobs"
    for kept in folder.iterdir() if folder.is_dir() else ():
        if kept.name.isdecimal() and int(kept.name) <= newest - KEPT_JOBS:
            shutil.rmtree(kept, ignore_errors=True)


def _path(data: Path, job_id: int, attempt: int) -> Path:
    return data / "jobs" / str(job_id) / f"{attempt}.jsonl"


def _opened(path: Path) -> FileIO | None:
    """Unbuffered: a line is in the file when it was said. None: it cannot be made."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return FileIO(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w")
    except OSError as error:
        LOGGER.warning("the log of a job cannot be made: %s", error.strerror)
        return None


def _line(line: LogLine) -> bytes:
    return dumps(asdict(line)).encode("utf-8", "replace") + b"\n"
