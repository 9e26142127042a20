"""Connections that really move rows, made in a line."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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
