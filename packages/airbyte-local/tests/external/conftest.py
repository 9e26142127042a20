"""Small programs that speak Airbyte's protocol, each as well or as badly as a test wants."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from airbyte_local.connectors.external.commands import Limits
from airbyte_local.connectors.external.sources import ExternalSource, Program
from airbyte_local.connectors.external.workers import Worker
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
