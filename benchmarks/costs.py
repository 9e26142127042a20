"""What a run of a program cost: its own time and memory, and what a local Airbyte saw of it."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.served import Served, peak

SLICES: Final = 20
_WRITES: Final = ("/create", "/update", "/partial_update", "/delete")
_SLOWING: Final = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONPATH"}


class Failed(Exception):
    """A program that was to be measured ended with an error; the message is what it wrote."""


class TooLong(Exception):
    """It did not end within the time that it had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """*wall* and *cpu* in seconds and the peak of *memory* in MB, of the program alone, with the start of Python.

    *in_flight* is how many requests the server had at a time: the mean of each of so many equal slices of the time
    from the first to the last write, or request where nothing was written. *asked* are the requests themselves.
    """

    requests: int
    wall: float
    cpu: float
    memory: float
    in_flight: tuple[float, ...] = ()
    asked: Sequence[Mapping[str, Any]] = field(default=(), repr=False)


def measure(
    server: Served,
    command: Sequence[str | Path],
    *,
    seconds: float = 3600,
    environment: Mapping[str, str] | None = None,
) -> Cost:
    """*command* to its end.

    Raises:
        Failed: it did.
        TooLong: it was ended after *seconds*.
    """
    clean = {name: value for name, value in os.environ.items() if name not in _SLOWING}
    server.forget()
    began = time.perf_counter()
    with (server.data / "told").open("w+") as told:
        process = subprocess.Popen(
            list(map(str, command)), env={**clean, **(environment or {})}, stdout=told, stderr=told, cwd=server.data
        )
        status, used, memory = _waited_for(process, began + seconds)
        wall = time.perf_counter() - began
        told.seek(0)
        if status != 0:
            raise Failed(told.read()[-2000:])
    asked = server.asked()
    return Cost(
        requests=len(asked),
        wall=wall,
        cpu=used.ru_utime + used.ru_stime,
        memory=memory,
        in_flight=in_flight(asked),
        asked=asked,
    )


def _waited_for(process: subprocess.Popen[bytes], deadline: float) -> tuple[int, Any, float]:
    """Its exit code, what it used, which only who waits for it by itself is told, and the most memory it was seen
    to have: what it is said to have had in the end counts that of this process too, of which it began as a copy.
    """
    memory = 0.0
    while True:
        memory = peak(process.pid) or memory
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, used, memory
        if time.perf_counter() > deadline:
            process.kill()
            os.wait4(process.pid, 0)
            process.returncode = -9
            raise TooLong
        time.sleep(0.01)


def in_flight(asked: Sequence[Mapping[str, Any]], slices: int = SLICES) -> tuple[float, ...]:
    """The mean number of requests under way in each slice of the time that *asked* took."""
    counted = [each for each in asked if each["path"].endswith(_WRITES)] or asked
    if not counted:
        return ()
    began = min(each["began"] for each in counted)
    width = (max(each["began"] + each["seconds"] for each in counted) - began) / slices
    busy = [0.0] * slices
    for each in asked:
        start, end = each["began"] - began, each["began"] + each["seconds"] - began
        for number in range(max(0, int(start / width)), min(slices, int(end / width) + 1)):
            busy[number] += max(0.0, min(end, (number + 1) * width) - max(start, number * width))
    return tuple(round(seconds / width, 1) for seconds in busy)
