"""Small programs that speak Airbyte's protocol, each as well or as badly as a test wants."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from airbyte_local.connectors.external.pins import PINS
from airbyte_local.connectors.external.sources import ExternalSource, Program
from airbyte_local.connectors.external.workers import Limits, Worker
from airbyte_local.connectors.protocol import Surroundings

PROLOGUE = """
import json, os, signal, subprocess, sys, time

def say(kind, **inner):
    key = {"CONNECTION_STATUS": "connectionStatus"}.get(kind, kind.lower())
    print(json.dumps({"type": kind, key: inner}), flush=True)

def record(**data):
    say("RECORD", stream="things", data=data, emitted_at=1)

def given(name):
    with open(sys.argv[sys.argv.index("--" + name) + 1]) as file:
        return json.load(file)

def hold(path):
    '''Keep the other end of a named pipe open for as long as anything of this runs.'''
    os.set_inheritable(os.open(path, os.O_WRONLY), True)

command = sys.argv[1]
"""
SECRETIVE = {
    "type": "object",
    "properties": {"password": {"type": "string", "airbyte_secret": True}, "name": {"type": "string"}},
}
CATALOG = {"streams": [{"stream": {"name": "things", "json_schema": {}}, "sync_mode": "full_refresh"}]}


class Fakes:
    """Sources made of a few lines of Python."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.worker = Worker()

    def script(self, body: str, name: str = "source-fake") -> Path:
        path = self.folder / name
        path.write_text(f"#!{sys.executable} -IS\n{PROLOGUE}\n{textwrap.dedent(body)}")
        path.chmod(0o755)
        return path

    def source(self, body: str, **limits: Any) -> ExternalSource:
        program = Program(
            arguments=[str(self.script(body))], worker=self.worker, limits=Limits(**{"grace": 5.0, **limits})
        )
        return ExternalSource(title="fake", specification=SECRETIVE, program=program)


class Lifeline:
    """A named pipe that a program and all that comes of it hold open: its end is the end of them all."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)
        self._end = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        os.set_blocking(self._end, True)

    def wait_for_the_end(self) -> None:
        """Blocks while anybody holds it; the limit of the test is the limit of this."""
        assert os.read(self._end, 1) == b""

    def close(self) -> None:
        os.close(self._end)


@pytest.fixture
def prologue() -> str:
    """What the programs begin with."""
    return PROLOGUE


@pytest.fixture
def fakes(tmp_path: Path) -> Iterator[Fakes]:
    made = Fakes(tmp_path)
    yield made
    made.worker.close()


@pytest.fixture
def fake(fakes: Fakes) -> Callable[..., ExternalSource]:
    """`fake(body, **limits)`: a source whose program has that body, with the names of the prologue."""
    return fakes.source


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    return Surroundings(local_root=tmp_path / "local")


@pytest.fixture
def catalog() -> dict[str, Any]:
    return CATALOG


@pytest.fixture
def lifeline(tmp_path: Path) -> Iterator[Lifeline]:
    made = Lifeline(tmp_path / "lifeline")
    yield made
    made.close()


UV = """
import json, os, signal, sys, time
arguments = sys.argv[1:]
with open({asked!r}, "a") as file:
    file.write(json.dumps({{"arguments": arguments, "environment": dict(os.environ)}}) + "\\n")
if "venv" in arguments:
    folder = arguments[-1]
    os.makedirs(folder + "/bin")
    os.symlink({python!r}, folder + "/bin/python")
else:
    folder = os.path.dirname(os.path.dirname(arguments[arguments.index("--python") + 1]))
{body}
for name in {scripts!r}:
    os.symlink({script!r}, folder + "/bin/" + name) if "pip" in arguments else None
"""
CONNECTOR = """
    if command == "spec":
        say("SPEC", connectionSpecification={"type": "object", "title": "the real one"})
    elif command == "check":
        say("CONNECTION_STATUS", status="SUCCEEDED")
    elif command == "discover":
        say("CATALOG", streams=[{"name": "things", "json_schema": {"properties": {"name": {}}}}])
    else:
        record(real=True)
        say("TRACE", type="STREAM_STATUS", emitted_at=1,
            stream_status={"stream_descriptor": {"name": "things"}, "status": "COMPLETE"})
"""


class Index:
    """A uv that installs from nowhere: the same small connector, whatever is asked for."""

    def __init__(self, folder: Path, fakes: Fakes) -> None:
        self.asked_file = folder / "asked.jsonl"
        self._fakes = fakes
        self.connect(CONNECTOR)
        self.behave("")

    def connect(self, body: str) -> None:
        """What is installed from now on."""
        self._script = self._fakes.script(body, "source-installed")

    def behave(self, body: str) -> None:
        """What it does beside its work, in Python."""
        content = UV.format(
            asked=str(self.asked_file),
            python=sys.executable,
            body=textwrap.dedent(body),
            scripts=[pin.script for pin in PINS],
            script=str(self._script),
        )
        self.path = self._fakes.folder / "uv"
        self.path.write_text(f"#!{sys.executable} -IS\n{content}")
        self.path.chmod(0o755)

    def find(self) -> str:
        return str(self.path)

    @property
    def asked(self) -> list[dict[str, Any]]:
        if not self.asked_file.exists():
            return []
        return [json.loads(line) for line in self.asked_file.read_text().splitlines()]


@pytest.fixture
def index(tmp_path: Path, fakes: Fakes) -> Index:
    return Index(tmp_path, fakes)
