"""Real connectors from the package index as sources: what they read by themselves is the truth."""

from __future__ import annotations

import functools
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any, ClassVar

from airbyte_local.connectors.external.pins import find_pin

from testing.real_connectors import FOLDER
from testing.syncs.bench import Bench
from testing.syncs.origins import Origin
from testing.syncs.streams import Row, Stream

SECONDS = 100


class Command:
    """A connector's command, run without anything of ours between it and the test."""

    def __init__(self, *arguments: str) -> None:
        self.arguments = arguments

    def say(self, word: str, **files: Any) -> list[dict[str, Any]]:
        """Its messages. *files*: its options, as the content of the file that each names."""
        with tempfile.TemporaryDirectory() as folder:
            options: list[str] = []
            for name, content in files.items():
                path = Path(folder) / name
                path.write_text(json.dumps(content), encoding="utf-8")
                options += [f"--{name}", str(path)]
            asked = [*self.arguments, word, *options]
            done = subprocess.run(asked, capture_output=True, text=True, timeout=SECONDS, check=True)
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def discover(self, config: dict[str, Any]) -> list[dict[str, Any]]:
        (found,) = (each["catalog"] for each in self.say("discover", config=config) if each["type"] == "CATALOG")
        return found["streams"]

    def read(self, config: dict[str, Any], streams: list[dict[str, Any]]) -> dict[str, list[Row]]:
        """All rows of each stream."""
        modes = {"sync_mode": "full_refresh", "destination_sync_mode": "overwrite"}
        catalog = {"streams": [{"stream": stream, **modes} for stream in streams]}
        rows: dict[str, list[Row]] = {stream["name"]: [] for stream in streams}
        for message in self.say("read", config=config, catalog=catalog):
            if message["type"] == "RECORD":
                rows[message["record"]["stream"]].append(message["record"]["data"])
        return rows


def stream_of(found: dict[str, Any], key: str | None = None, volatile: frozenset[str] = frozenset()) -> Stream:
    """A discovered stream. *key*: what to deduplicate by, where it has no key of its own."""
    own, cursor = found.get("source_defined_primary_key"), found.get("default_cursor_field")
    return Stream(
        name=found["name"],
        namespace=found.get("namespace"),
        properties=found["json_schema"]["properties"],
        key=own[0][0] if own else key,
        cursor=cursor[0] if cursor else None,
        volatile=volatile,
    )


class Pinned(Origin):
    """One of the connectors that `airbyte-local install` knows."""

    pin: ClassVar[str]
    keys: ClassVar[dict[str, str]] = {}
    volatile: ClassVar[frozenset[str]] = frozenset()
    today: ClassVar[dict[str, Any]]
    tomorrow: ClassVar[dict[str, Any]]

    def __init__(self, bench: Bench, folder: Path) -> None:
        super().__init__(bench, folder)
        self._now = self.today

    @property
    def streams(self) -> list[Stream]:
        return [stream_of(each, self.keys.get(each["name"]), self.volatile) for each in _discovered(type(self))]

    def create(self) -> str:
        pin = find_pin(self.pin)
        assert pin is not None
        self._id = self.bench.source(self.today, self.bench.definition(pin.image))
        return self._id

    def rows(self, stream: Stream) -> list[Row]:
        return _read(type(self), json.dumps(self._now))[stream.name]

    def change(self) -> None:
        self._now = self.tomorrow
        self.bench.reconfigure(self._id, self.tomorrow)


class Faker(Pinned):
    """Tomorrow there are more rows, and those of today are others."""

    pin = "faker"
    volatile = frozenset({"updated_at"})
    today: ClassVar = {"count": 12, "seed": 3, "records_per_slice": 5, "parallelism": 1}
    tomorrow: ClassVar = {**today, "count": 15, "seed": 4}

    def news(self, stream: Stream, known: list[Row]) -> list[Row]:
        """Everything, `updated_at` being new for all of it."""
        return self.rows(stream)

    def state(self, stream: Stream) -> dict[str, Any]:
        where = {} if stream.name == "products" else {"loop_offset": self._now["count"]}
        return {"seed": self._now["seed"], **where}


class HardcodedRecords(Pinned):
    """The same row over and over; it knows no key."""

    pin = "hardcoded-records"
    resumes = False
    keys: ClassVar = {"products": "id", "customers": "id", "dummy_fields": "field1"}
    today: ClassVar = {"count": 7}
    tomorrow: ClassVar = {"count": 4}


@functools.cache
def _discovered(kind: type[Pinned]) -> list[dict[str, Any]]:
    return _command(kind).discover(kind.today)


@functools.cache
def _read(kind: type[Pinned], config: str) -> dict[str, list[Row]]:
    return _command(kind).read(json.loads(config), _discovered(kind))


def _command(kind: type[Pinned]) -> Command:
    pin = find_pin(kind.pin)
    assert pin is not None
    return Command(str(FOLDER / pin.folder_name / "bin" / pin.script))
