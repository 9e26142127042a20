"""Two sources side by side: ours, which is built in, and the vendor's connector from the package index."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from airbyte_local.connectors.external.pins import find_pin
from airbyte_local.connectors.external.workshop import Workshop
from airbyte_local.connectors.imitated import Imitated
from airbyte_local.connectors.protocol import Candidate, ConnectorCrashed, ConnectorFailed, Source, Surroundings

from testing import real_connectors


@dataclass(frozen=True)
class Told:
    """What a source says of one configuration. `failed` in whichever words."""

    streams: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    failed: bool = False

    @property
    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """By stream, without what is null, which the vendor's leaves out as a rule."""
        found: dict[str, list[dict[str, Any]]] = {stream["name"]: [] for stream in self.streams}
        for message in self.messages:
            if message["type"] == "RECORD":
                data = message["record"]["data"]
                found[message["record"]["stream"]].append({k: v for k, v in data.items() if v is not None})
        return found

    @property
    def statuses(self) -> list[tuple[str, str]]:
        traces = [message["trace"] for message in self.messages if message["type"] == "TRACE"]
        told = [trace["stream_status"] for trace in traces if trace["type"] == "STREAM_STATUS"]
        return [(each["stream_descriptor"]["name"], each["status"]) for each in told]

    @property
    def states(self) -> list[dict[str, Any]]:
        """The last of each stream."""
        states = [message["state"] for message in self.messages if message["type"] == "STATE"]
        last = {state["stream"]["stream_descriptor"]["name"]: state for state in states}
        return [{"type": "STREAM", "stream": each["stream"]} for each in last.values()]


def ask(
    source: Source, configuration: Any, around: Surroundings, mode: str = "full_refresh", state: Any = ()
) -> Told:
    try:
        streams = source.discover(configuration, around)
    except (ConnectorFailed, ConnectorCrashed):
        return Told([], [], failed=True)
    catalog = {
        "streams": [
            {
                "stream": {
                    "name": stream["name"],
                    "json_schema": stream["jsonSchema"],
                    "supported_sync_modes": stream["supportedSyncModes"],
                },
                "sync_mode": mode,
                "destination_sync_mode": "append",
                "cursor_field": stream["defaultCursorField"],
            }
            for stream in streams
        ]
    }
    messages: list[dict[str, Any]] = []
    failed = False
    try:
        messages.extend(source.read(configuration, catalog, list(state), around))
    except (ConnectorFailed, ConnectorCrashed):
        failed = True
    errors = (message for message in messages if message["type"] == "TRACE" and message["trace"]["type"] == "ERROR")
    return Told(streams, messages, failed or any(errors))


def typed(value: Any) -> Any:
    """*value* with its types, for 1, 1.0 and True are equal to Python. Floats are compared to 15 digits."""
    if isinstance(value, dict):
        return {name: typed(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [typed(inner) for inner in value]
    if isinstance(value, float) and math.isfinite(value):
        return ("float", f"{value:.14e}")
    return (type(value).__name__, value)


@pytest.fixture(scope="session")
def real() -> Iterator[Callable[[str], Any]]:
    """`real("file")`: the vendor's connector, whose process is shared by the tests."""
    with contextlib.closing(Workshop(real_connectors.FOLDER)) as workshop:

        def real(name: str) -> Any:
            real_connectors.installed(name)
            pin = find_pin(name)
            assert pin is not None
            stand_in = Imitated(specification={})
            return workshop.connector(
                Candidate(kind="source", repository=pin.image, custom=True, stand_in=stand_in)
            )

        yield real


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    return Surroundings(local_root=tmp_path)
