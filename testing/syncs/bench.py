"""One local Airbyte that connections are made in and synced, spoken to as any client would: through its APIs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx
from airbyte_local.connectors.external.workshop import Workshop

from testing.syncs.raw_landings import Landing
from testing.syncs.streams import Mode, Row, Stream, in_order

SECONDS = 100.0  # of a sync, real connectors starting among other tests
OVER = frozenset({"succeeded", "failed", "cancelled"})


class Server(Protocol):
    """Where one is, in whatever process."""

    url: str
    public_url: str
    workspace_id: str
    local: Path


class Bench:
    def __init__(self, server: Server, client: httpx.Client, workshop: Workshop) -> None:
        self.server = server
        self.client = client
        self.workshop = workshop

    def public(self, method: str, path: str, **body: Any) -> httpx.Response:
        return self.client.request(method, f"{self.server.public_url}/{path}", json=body)

    def made(self, path: str, **body: Any) -> Any:
        answer = self.public("POST", path, **body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def config(self, path: str, **body: Any) -> Any:
        """What the Config API answers."""
        answer = self.client.post(f"{self.server.url}/api/v1/{path}", json=body)
        assert answer.status_code in {200, 204}, answer.text
        return answer.json() if answer.content else None

    def source(self, configuration: dict[str, Any], definition_id: str | None = None) -> str:
        """Its id. Without *definition_id*, `sourceType` in the configuration says what it is."""
        more = {} if definition_id is None else {"definitionId": definition_id}
        here = {"name": "source", "workspaceId": self.server.workspace_id}
        return self.made("sources", **here, configuration=configuration, **more)["sourceId"]

    def reconfigure(self, source_id: str, configuration: dict[str, Any]) -> None:
        answer = self.public("PATCH", f"sources/{source_id}", configuration=configuration)
        assert answer.status_code == 200, answer.text

    def definition(self, image: str) -> str:
        """A custom definition of *image*; its id."""
        definition = {
            "name": image,
            "dockerRepository": image,
            "dockerImageTag": "1",
            "documentationUrl": "https://example.com",
        }
        here = {"workspaceId": self.server.workspace_id}
        made = self.config("source_definitions/create_custom", **here, sourceDefinition=definition)
        return made["sourceDefinitionId"]

    def program(self, image: str, *command: str | Path) -> str:
        """A definition that runs a command, as `airbyte-local install --image --command` makes one; its id."""
        self.workshop.register(image, tuple(map(str, command)))
        return self.definition(image)

    def asked_for(self, source_id: str, landing: Landing, streams: list[dict[str, Any]], **more: Any) -> Any:
        """The answer to a request for a connection."""
        configuration = {"destinationType": landing.type_name, **landing.configuration}
        here = {"name": "destination", "workspaceId": self.server.workspace_id}
        made = self.made("destinations", **here, configuration=configuration)
        ends = {"sourceId": source_id, "destinationId": made["destinationId"]}
        return self.public("POST", "connections", **ends, configurations={"streams": streams}, **more)

    def connect(self, source_id: str, landing: Landing, streams: list[dict[str, Any]], **more: Any) -> Flow:
        """*streams* as the Public API has them, *more* of a connection."""
        answer = self.asked_for(source_id, landing, streams, **more)
        assert answer.status_code == 200, answer.text
        return Flow(bench=self, landing=landing, id=answer.json()["connectionId"], source_id=source_id)


@dataclass
class Flow:
    """A connection, and what it has left at its destination."""

    bench: Bench
    landing: Landing
    id: str
    source_id: str
    jobs: list[int] = field(default_factory=list)  # those that `start` began

    def sync(self) -> Any:
        """The job with its attempts, which has succeeded."""
        return self.succeeded(self.bench.config("connections/sync", connectionId=self.id))

    def clear(self) -> Any:
        return self.succeeded(self.bench.config("connections/clear", connectionId=self.id))

    def refresh(self, mode: str = "Truncate") -> Any:
        return self.succeeded(self.bench.config("connections/refresh", connectionId=self.id, refreshMode=mode))

    def start(self) -> int:
        self.jobs.append(self.bench.config("connections/sync", connectionId=self.id)["job"]["id"])
        return self.jobs[-1]

    def log(self, job: Any) -> list[dict[str, Any]]:
        """Of the last attempt of *job*."""
        return self.bench.config("jobs/get", id=job["job"]["id"])["attempts"][-1]["logs"]["events"]

    def fail(self) -> str:
        """What the sync says that fails."""
        found = self.ended(self.start())
        assert found["job"]["status"] == "failed", found
        return failure(found)

    def ended(self, job_id: int) -> Any:
        return wait_until(lambda: self._over(job_id))

    def _over(self, job_id: int) -> Any:
        found = self.bench.config("jobs/get_without_logs", id=job_id)
        return found if found["job"]["status"] in OVER else None

    def succeeded(self, started: Any) -> Any:
        found = self.ended(started["job"]["id"])
        assert found["job"]["status"] == "succeeded", failure(found)
        return found

    def states(self) -> dict[str, Any]:
        """By stream; empty where none is kept."""
        found = self.bench.config("state/get", connectionId=self.id)
        if found["stateType"] == "not_set":
            return {}
        assert found["stateType"] == "stream", found
        return {each["streamDescriptor"]["name"]: each["streamState"] for each in found["streamState"]}

    def holds(self, stream: Stream, rows: list[Row], schema: str | None = None) -> None:
        """Assert that the destination has these rows of *stream*, each value of them, and no others."""
        found = self.landing.rows(stream, schema)
        assert found is not None, f"nothing of {stream.name}"
        wanted = self.landing.wanted(rows, stream)
        assert in_order(stream.settled(found)) == in_order(stream.settled(wanted))


def wait_until(there: Callable[[], Any]) -> Any:
    """The first thing that *there* gives and that is one."""
    deadline = time.monotonic() + SECONDS
    while not (found := there()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def failure(found: Any) -> str:
    return found["attempts"][-1]["attempt"]["failureSummary"]["failures"][0]["externalMessage"]


def chosen(stream: Stream, mode: Mode) -> dict[str, Any]:
    """The stream as a connection of the Public API has it; key and cursor where the mode asks for them."""
    found: dict[str, Any] = {"name": stream.name, "syncMode": mode.name}
    if stream.namespace is not None:
        found["namespace"] = stream.namespace
    if mode.dedups and stream.key is not None:
        found["primaryKey"] = [[stream.key]]
    if mode.incremental and stream.cursor is not None:
        found["cursorField"] = [stream.cursor]
    return found
