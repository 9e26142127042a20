"""Writes to a destination as it is told, a word at a time, and may be killed, or kill itself, at any of them.

    writer.py '{"store": ..., "root": ..., "configuration": ..., "limit": ...}' target={...} open write=3 flush kill

What it raises it prints, having given up. *limit* is how long a file may get, in bytes.
"""

from __future__ import annotations

import errno
import importlib
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from airbyte_local.connectors.protocol import Sink, Surroundings, Target

CLASSES = {
    "json": ("files", "LocalJson"),
    "csv": ("files", "LocalCsv"),
    "sqlite": ("sqlite", "Sqlite"),
    "duckdb": ("duckdb", "DuckDB"),
    "postgres": ("postgres", "Postgres"),
}
SCHEMA = {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}
DEFAULTS = {
    "namespace": None,
    "json_schema": SCHEMA,
    "mode": "append",
    "replaces": False,
    "checkpoints": False,
    "sync_id": 3,
}


class Writer:
    """Each method is a word."""

    def __init__(self, store: str, root: str, configuration: dict[str, Any], limit: int | None) -> None:
        module, name = CLASSES[store]
        self.destination = getattr(
            importlib.import_module(f"airbyte_local.connectors.destinations.{module}"), name
        )()
        self.root = Path(root)
        self.configuration = configuration
        self.limit = limit
        self.targets: list[Target] = []
        self.sink: Sink | None = None

    def target(self, asked: str) -> None:
        given = {**DEFAULTS, **json.loads(asked)}
        key = tuple(tuple(path) for path in given.pop("primary_key", ()))
        self.targets.append(Target(**given, primary_key=key))

    def open(self, _: str) -> None:
        around = Surroundings(local_root=self.root)
        self.sink = self.destination.open(self.configuration, self.targets, around)
        if self.limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.limit, self.limit))

    def write(self, rows: str) -> None:
        for position in range(len(self.targets)):
            for number in range(int(rows)):
                self.sink.write(position, {"id": 1000 + number, "name": "x" * 50}, 1)

    def flush(self, _: str) -> None:
        self.sink.flush()

    def finish(self, _: str) -> None:
        self.sink.finish()

    def abort(self, _: str) -> None:
        self.sink.abort()

    def say(self, what: str) -> None:
        print(what, flush=True)

    def wait(self, _: str) -> None:
        sys.stdin.readline()

    def peak(self, _: str) -> None:
        """The most memory this process has had, in MB."""
        status = Path("/proc/self/status").read_text()
        print(int(status.partition("VmHWM:")[2].split()[0]) // 1024, flush=True)

    def kill(self, _: str) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def die_at_rename(self, number: str) -> None:
        at_rename(int(number), lambda: self.kill(""))

    def fail_at_rename(self, number: str) -> None:
        at_rename(int(number), fail)


def at_rename(number: int, act: Callable[[], None]) -> None:
    """*act* in place of the rename of that number; of a negative number, and of all that follow."""
    left = [abs(number)]

    def hook(event: str, _arguments: object) -> None:
        if event == "os.rename":
            left[0] -= 1
            if left[0] == 0 or (left[0] < 0 and number < 0):
                act()

    sys.addaudithook(hook)


def fail() -> None:
    raise OSError(errno.EIO, "The disk is broken")


if __name__ == "__main__":
    writer = Writer(**json.loads(sys.argv[1]))
    try:
        for word in sys.argv[2:]:
            name, _, argument = word.partition("=")
            getattr(writer, name)(argument)
    except Exception as error:  # noqa: BLE001
        if writer.sink is not None:
            writer.sink.abort()
        print(f"{type(error).__name__}: {error}", flush=True)
        sys.exit(3)
