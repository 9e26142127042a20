"""E2E Testing: a source whose rows come out of thin air and a destination that keeps none, with failures on demand.

Streams are as the configuration spells them out, rows follow from schema and seed. The modes are the vendor's:
https://docs.airbyte.com/integrations/sources/e2e-test. The destination is slow, or fails, where it is told to; its
LOGGING keeps quiet, other than the vendor's: rows may be private, and a log is not.
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.connectors.imitated import Imitated
from airbyte_local.connectors.messages import now_ms, record, stream_state, stream_status
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed, Destination, Surroundings, Target
from airbyte_local.connectors.specifications import DRAFT, Specified, specification, stream
from airbyte_local.model.json_values import Json, is_list, is_object

EPOCH = datetime(2020, 1, 1, tzinfo=timezone.utc)
STATE_EVERY = 10
"""Rows between two checkpoints of the modes that count; one more is behind the last row."""
COUNTED = '{"type": "object", "properties": {"column1": {"type": "string"}}}'


@dataclass(frozen=True, slots=True, kw_only=True)
class EndToEnd(Imitated):
    specification: Json = field(default_factory=lambda: specification("source-e2e-test"))
    streams: Callable[[Json], list[Json]] = field(default_factory=lambda: _mock_catalog)

    def read(
        self, configuration: Json, catalog: Json, state: list[Json], around: Surroundings, /
    ) -> Generator[Json]:
        has = {stream["name"] for stream in self.discover(configuration, around)}
        pause = configuration.get("message_interval_ms") or configuration.get("message_interval")
        for entry in catalog["streams"]:
            name: str = entry["stream"]["name"]
            if name not in has:
                raise ConnectorFailed(f"There is no stream {name}")
            yield stream_status(name, "STARTED")
            rows = (
                _made_up(configuration, entry["stream"])
                if configuration["type"] == "CONTINUOUS_FEED"
                else _counted(configuration, _start(state), around.cancellation)
            )
            yield stream_status(name, "RUNNING")
            last = None
            for number, row in rows:
                last = number
                yield record(name, row, now_ms())
                if number is not None and not number % STATE_EVERY:
                    yield stream_state(name, {"column1": str(number)})
                if pause:
                    around.cancellation.wait(pause / 1000)
                around.cancellation.raise_if_requested()
            if last is not None and last % STATE_EVERY:
                yield stream_state(name, {"column1": str(last)})
            yield stream_status(name, "COMPLETE")


def _made_up(configuration: Json, stream: Json) -> Iterator[tuple[None, Json]]:
    chance = random.Random(f"{configuration.get('seed', 0)} {stream['name']}")  # noqa: S311 - test data
    for _ in range(configuration["max_messages"]):
        yield None, _value({**stream["json_schema"], "type": "object"}, chance)


def _counted(configuration: Json, start: int, cancellation: Cancellation) -> Iterator[tuple[int, Json]]:
    """The modes without a catalog: numbers as texts, on from the state, without an end or to an exception."""
    fails_after: int | None = configuration.get("throw_after_n_records")
    last: int | None = configuration.get("max_records")
    number = start
    while last is None or number < last:
        if fails_after is not None and number - start >= fails_after:
            raise ConnectorCrashed(f"The configuration asks for an exception after {fails_after} records.")
        number += 1
        yield number, {"column1": str(number)}
        cancellation.raise_if_requested()


def _start(state: list[Json]) -> int:
    for message in state:
        found: Json = message.get("stream", {}).get("stream_state") or {}
        if "column1" in found:
            return int(found["column1"])
    return 0


def _value(schema: Any, chance: random.Random) -> Any:
    kinds = schema.get("type", "string") if is_object(schema) else "string"
    kind = next((name for name in kinds if name != "null"), "null") if is_list(kinds) else kinds
    match kind:
        case "integer":
            return chance.randrange(1_000_000)
        case "number":
            return round(chance.uniform(0, 1_000), 3)
        case "boolean":
            return chance.random() < 0.5
        case "object":
            properties: Json = schema.get("properties") or {}
            return {name: _value(inner, chance) for name, inner in properties.items()}
        case "array":
            return [_value(schema.get("items", {}), chance) for _ in range(chance.randrange(4))]
        case _:
            return None if kind == "null" else _text(schema, chance)


def _text(schema: Json, chance: random.Random) -> str:
    at = EPOCH + timedelta(seconds=chance.randrange(100_000_000))
    form = {"date": "%Y-%m-%d", "date-time": "%Y-%m-%dT%H:%M:%SZ"}.get(str(schema.get("format")))
    return f"{at:{form}}" if form else "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=12))


def _mock_catalog(configuration: Json) -> list[Json]:
    """The streams the configuration itself spells out."""
    mock: Any = configuration.get("mock_catalog", {})
    try:
        if mock.get("type") == "MULTI_STREAM":
            schemas = json.loads(mock["stream_schemas"])
        else:
            schemas = {mock.get("stream_name", "data"): json.loads(mock.get("stream_schema", COUNTED))}
    except ValueError as error:
        raise ConnectorFailed(f"mock_catalog is no JSON: {error}") from error
    if not is_object(schemas):
        raise ConnectorFailed("mock_catalog must be an object of streams")
    return [
        {
            **stream(name, {}),
            "jsonSchema": {"$schema": DRAFT, **schema},
            "supportedSyncModes": ["full_refresh", "incremental"],
        }
        for name, schema in schemas.items()
    ]


class NullSink:
    def __init__(self, *, seconds_per_row: float, rows: int | None, cancellation: Cancellation) -> None:
        self._seconds = seconds_per_row
        self._rows = rows
        self._cancellation = cancellation

    def write(self, _target: int, _data: Json, _emitted_at: int, /) -> None:
        if self._rows is not None:
            if self._rows <= 0:
                raise ConnectorCrashed("The configuration asks for a failure after so many rows.")
            self._rows -= 1
        if self._seconds > 0:
            woken = threading.Event()
            with self._cancellation.calling(woken.set):
                woken.wait(self._seconds)
            self._cancellation.raise_if_requested()

    def flush(self) -> bool:
        return True

    def finish(self) -> None:
        """There is nothing to make visible."""

    def abort(self) -> None:
        """There is nothing to remove."""


class DevNull(Specified, Destination):
    image = "destination-dev-null"

    def check(self, configuration: Json, around: Surroundings, /) -> None:
        """Nothing can be wrong that the specification does not already refuse."""

    def open(self, configuration: Json, _targets: Sequence[Target], around: Surroundings, /) -> NullSink:
        test: Json = configuration["test_destination"]
        failing = test["test_destination_type"] == "FAILING"
        throttled = test["test_destination_type"] == "THROTTLED"
        return NullSink(
            seconds_per_row=test["millis_per_record"] / 1000 if throttled else 0.0,
            rows=test["num_messages"] if failing else None,
            cancellation=around.cancellation,
        )
