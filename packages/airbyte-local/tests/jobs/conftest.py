"""Connections that really move rows, made in a line; and the pump alone, with a sink that only remembers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from airbyte_local.connectors.cancelling import Cancellation, Cancelled
from airbyte_local.jobs.failures import AttemptFailed
from airbyte_local.jobs.logs import Journal, read_log
from airbyte_local.jobs.replication import Replication
from airbyte_local.jobs.streams import JobStream, job_stream
from airbyte_local.model.records import Connection, StreamStates

USERS = {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": ["null", "string"]}}}
COUNTED = {"type": "EXCEPTION_AFTER_N"}
SECONDS = 30.0


class Flow:
    """One connection of one local Airbyte, from an E2E Testing source to a destination."""

    def __init__(self, api: Any, configuration: dict[str, Any], destination: tuple[str, Any], config: Any) -> None:
        self.api = api
        self.source_id = api.source(type_name="E2E Testing", **configuration)["sourceId"]
        type_name, settings = destination
        made = api.destination(type_name=type_name, **settings)
        found = api.ok("sources/discover_schema", sourceId=self.source_id)
        wanted = {"selected": True, "syncMode": "full_refresh", "destinationSyncMode": "overwrite", **config}
        streams = [{**entry, "config": {**entry["config"], **wanted}} for entry in found["catalog"]["streams"]]
        self.id = api.ok(
            "connections/create",
            sourceId=self.source_id,
            destinationId=made["destinationId"],
            status="active",
            syncCatalog={"streams": streams},
            sourceCatalogId=found["catalogId"],
        )["connectionId"]

    def start(self) -> int:
        return self.api.ok("connections/sync", connectionId=self.id)["job"]["id"]

    def job(self, job_id: int) -> dict[str, Any]:
        return self.api.ok("jobs/get", id=job_id)

    def ended(self, job_id: int) -> dict[str, Any]:
        """The job with its attempts, once it is over."""
        return self.until(job_id, lambda job: job["status"] in {"succeeded", "failed", "cancelled"})

    def until(self, job_id: int, there: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + SECONDS
        while not there((found := self.job(job_id))["job"]):
            assert time.monotonic() < deadline, found
            time.sleep(0.01)
        return found

    def sync(self) -> dict[str, Any]:
        return self.ended(self.start())

    def failure(self, found: dict[str, Any]) -> str:
        assert found["job"]["status"] == "failed", found
        return found["attempts"][-1]["attempt"]["failureSummary"]["failures"][0]["externalMessage"]

    def rows(self, stream: str = "users") -> list[Any] | None:
        """What Local JSON holds; None where there is no file."""
        file: Path = self.api.server.local / "out" / f"_airbyte_raw_{stream}.jsonl"
        if not file.exists():
            return None
        return [json.loads(line)["_airbyte_data"] for line in file.read_text("utf-8").splitlines()]


@pytest.fixture
def flow(api) -> Callable[..., Flow]:
    """`flow(count)`: so many users into Local JSON, a pause between two of them where *interval* says so."""

    def make(
        count: int = 5,
        *,
        on: Any = api,
        interval: int = 0,
        destination: tuple[str, Any] = ("Local JSON", {}),
        configuration: dict[str, Any] | None = None,
        **config: Any,
    ) -> Flow:
        mock = {"type": "SINGLE_STREAM", "stream_name": "users", "stream_schema": json.dumps(USERS)}
        feed = {
            "type": "CONTINUOUS_FEED",
            "max_messages": count,
            "message_interval_ms": interval,
            "mock_catalog": mock,
        }
        return Flow(on, configuration or feed, destination, config)

    return make


@dataclass
class MemorySink:
    durable_at_flush: bool = True
    breaks_at: int | None = None
    rows: list[tuple[int, Any]] = field(default_factory=list)
    moments: list[int] = field(default_factory=list)
    durable: int = 0

    def write(self, target: int, data: Any, emitted_at: int, /) -> None:
        if self.breaks_at == len(self.rows):
            raise OSError(28, "No space left on device")
        self.rows.append((target, data))
        self.moments.append(emitted_at)

    def flush(self) -> bool:
        if self.durable_at_flush:
            self.durable = len(self.rows)
        return self.durable_at_flush

    def finish(self) -> None:
        self.durable = len(self.rows)

    def abort(self) -> None:
        self.rows = self.rows[: self.durable]


@dataclass
class Ran:
    """What became of one reading."""

    replication: Replication
    kept: list[Any]
    log: list[str]
    error: Exception | None


def _entry(
    name: str = "users",
    mode: str = "incremental",
    writing: str = "append",
    namespace: str | None = None,
    **config: Any,
) -> dict[str, Any]:
    stream = {"name": name, "jsonSchema": {"properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}}
    if namespace is not None:
        stream["namespace"] = namespace
    return {"stream": stream, "config": {"syncMode": mode, "destinationSyncMode": writing, **config}}


def _stream(
    chosen: dict[str, Any] | None = None, states: StreamStates | None = None, empties: bool = False, **details: Any
) -> JobStream:
    connection = Connection(
        id="c",
        workspace_id="w",
        source_id="s",
        destination_id="d",
        name="n",
        status="active",
        created_at=0,
        details={"namespaceDefinition": "source", **details},
    )
    states = states or StreamStates(connection_id="c")
    return job_stream(connection, chosen or _entry(), states, job_id=1, empties=empties)


@pytest.fixture
def memory_sink() -> type[MemorySink]:
    return MemorySink


@pytest.fixture
def entry() -> Callable[..., dict[str, Any]]:
    """`entry(name, mode, writing, namespace)`: a stream with its configuration, as a connection keeps it."""
    return _entry


@pytest.fixture
def stream() -> Callable[..., JobStream]:
    """`stream(entry, states)`: as a job takes it."""
    return _stream


@pytest.fixture
def pump(tmp_path: Path) -> Callable[..., Ran]:
    """`pump(streams, messages, sink)`: what became of it."""

    def run(streams: Any, messages: Any, sink: Any = None, cancellation: Cancellation | None = None) -> Ran:
        kept: list[Any] = []
        with Journal(tmp_path, 1, 0) as journal:
            replication = Replication(
                streams=streams,
                sink=sink or MemorySink(),
                journal=journal,
                cancellation=cancellation or Cancellation(),
                keep=lambda held: kept.append((dict(held.streams), held.shared)),
                report=lambda _: None,
            )
            error: Exception | None = None
            try:
                replication.pump(messages)
            except (AttemptFailed, Cancelled) as raised:
                error = raised
            except Exception as raised:  # noqa: BLE001 - as an attempt takes it
                error = replication.explained(raised)
        return Ran(replication, kept, [line.message for line in read_log(tmp_path, 1, 0)[0]], error)

    return run
