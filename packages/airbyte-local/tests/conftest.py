"""A client for the tests, and the check that makes every test one of the contract too."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from airbyte_local import LocalAirbyte, server
from airbyte_local.http.auth import Auth
from airbyte_local.http.door import Guard, OpenConnections
from airbyte_local.http.faults import Faults
from airbyte_local.http.request_log import RequestLog
from airbyte_local.serving.admin import admin_app
from airbyte_local.serving.front import Front

from testing import contracts

NIL_ID = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Reply:
    status: int
    json: Any
    text: str


class Api:
    """Asks one local Airbyte; `ok` wants success, `refused` wants the status it names."""

    def __init__(self, server: LocalAirbyte, client: httpx.Client) -> None:
        self.server = server
        self.client = client

    def ask(self, path: str, body: Any = None, **properties: Any) -> Reply:
        response = self.client.post(f"/api/v1/{path}", json=body if body is not None else properties)
        is_json = response.content[:1] in {b"{", b"["}
        return Reply(response.status_code, response.json() if is_json else None, response.text)

    def ok(self, path: str, body: Any = None, **properties: Any) -> Any:
        reply = self.ask(path, body, **properties)
        assert reply.status in {200, 204}, reply
        return reply.json

    def refused(self, status: int, path: str, body: Any = None, **properties: Any) -> Any:
        reply = self.ask(path, body, **properties)
        assert reply.status == status, reply
        return reply.json

    def public(self, method: str, path: str, body: Any = None, **query: Any) -> Reply:
        """One request to the Public API of this version."""
        url = f"{self.server.public_url}/{path}"
        response = self.client.request(method, url, json=body, params=query)
        is_json = response.content[:1] in {b"{", b"["}
        return Reply(response.status_code, response.json() if is_json else None, response.text)

    def made(self, path: str, /, method: str = "POST", **body: Any) -> Any:
        """What the Public API answers to a write that succeeds."""
        reply = self.public(method, path, body)
        assert reply.status in {200, 204}, reply
        return reply.json

    def log_in(self) -> None:
        """Buy a token, and use it from now on."""
        mine = {"client_id": self.server.client_id, "client_secret": self.server.client_secret}
        bought = self.client.post(f"{self.server.public_url}/applications/token", json=mine).json()
        self.client.headers["authorization"] = f"Bearer {bought['access_token']}"

    @property
    def workspace(self) -> str:
        return self.server.workspace_id

    def definition(self, kind: str, name: str) -> str:
        listed = self.ok(f"{kind}_definitions/list")[f"{kind}Definitions"]
        return next(each[f"{kind}DefinitionId"] for each in listed if each["name"].startswith(name))

    def source(self, name: str = "s", type_name: str = "Sample Data", **configuration: Any) -> dict[str, Any]:
        return self.ok(
            "sources/create",
            name=name,
            workspaceId=self.workspace,
            sourceDefinitionId=self.definition("source", type_name),
            connectionConfiguration=configuration,
        )

    def destination(self, name: str = "d", type_name: str = "Local JSON", **configuration: Any) -> dict[str, Any]:
        return self.ok(
            "destinations/create",
            name=name,
            workspaceId=self.workspace,
            destinationDefinitionId=self.definition("destination", type_name),
            connectionConfiguration=configuration or {"destination_path": "/local/out"},
        )

    def connection(self, source_id: str | None = None, **properties: Any) -> dict[str, Any]:
        """A connection that selects every stream of its source, in full refresh."""
        source_id = source_id or self.source()["sourceId"]
        found = self.ok("sources/discover_schema", sourceId=source_id)
        catalog = {"streams": [select(entry) for entry in found["catalog"]["streams"]]}
        return self.ok(
            "connections/create",
            {
                "sourceId": source_id,
                "destinationId": self.destination()["destinationId"],
                "status": "active",
                "syncCatalog": catalog,
                "sourceCatalogId": found["catalogId"],
                **properties,
            },
        )

    def names(self, kind: str, **more: Any) -> list[str]:
        body = {"workspaceIds": [self.workspace], "pagination": {"pageSize": 1000}, **more}
        return [each["name"] for each in self.ok(f"{kind}/list_paginated", body)[kind]]


def select(entry: dict[str, Any], **config: Any) -> dict[str, Any]:
    chosen = {"selected": True, "syncMode": "full_refresh", "destinationSyncMode": "overwrite", **config}
    return {**entry, "config": {**entry["config"], **chosen}}


class Pool:
    """Servers for the whole run, one a cell, as new whenever handed out: to stop one takes a tenth of a second."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._servers: dict[tuple[str, str | None], LocalAirbyte] = {}

    def take(self, version: str, auth: str | None) -> LocalAirbyte:
        if (version, auth) not in self._servers:
            folder = self._folder / f"{version}-{auth}"
            made = server(folder, airbyte_version=version, auth=auth, retry_seconds=())
            self._servers[version, auth] = self._stack.enter_context(made)
        running = self._servers[version, auth]
        running.start()  # a test may have killed it
        running.reset()
        for folder in (running.files, running.local):
            shutil.rmtree(folder)
            folder.mkdir()
        return running


@pytest.fixture(scope="session")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    with contextlib.ExitStack() as stack:
        yield Pool(tmp_path_factory.mktemp("pool"), stack)


@pytest.fixture
def api(pool: Pool) -> Iterator[Api]:
    running = pool.take("2.0", None)
    with httpx.Client(base_url=running.url, timeout=10, trust_env=False, verify=False) as client:
        yield Api(running, client)
    _hold_to_contract(running, "2.0")


@pytest.fixture
def front(api: Api) -> Any:
    """The application of `api`'s world alone, so that a request can come from anywhere."""

    def made(*, allowed_hosts: tuple[str, ...] = (), **more: Any) -> Front:
        faults, log = Faults(), RequestLog(bodies=True)
        parts: dict[str, Any] = {
            "world": api.server.world,
            "auth": Auth(),
            "faults": faults,
            "log": log,
            "open_connections": OpenConnections(),
            "admin": admin_app(lambda: made),
            "die": lambda: None,
            "guard": Guard(allowed_hosts),
        }
        made = Front(**{**parts, **more})
        return made

    return made


@pytest.fixture
def serve(pool: Pool, tmp_path: Path) -> Iterator[Any]:
    """Starts any Airbyte: `serve("1.5", auth="client")`. What it answers is held to that version's contract.

    What is asked, too, but with *odd_requests*.
    """
    with contextlib.ExitStack() as stack:
        started: list[tuple[LocalAirbyte, str, bool]] = []

        def start(version: str, *, log_in: bool = True, odd_requests: bool = False, **options: Any) -> Api:
            if set(options) <= {"auth"} and version not in {named for _, named, _ in started}:
                running = pool.take(version, options.get("auth"))
            else:
                folder = tmp_path / str(len(started))
                running = stack.enter_context(server(folder, airbyte_version=version, **options))
            client = stack.enter_context(
                httpx.Client(base_url=running.url, timeout=10, trust_env=False, verify=False)
            )
            started.append((running, version, odd_requests))
            api = Api(running, client)
            if log_in and (version == "cloud" or options.get("auth") == "client"):
                api.log_in()
            return api

        yield start
        for running, version, odd_requests in started:
            _hold_to_contract(running, version, requests=not odd_requests)


FIELDS = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "at": {"type": "object", "properties": {"x": {}}}},
}
DATABASE = {"host": "h", "port": 5432, "database": "d", "username": "u", "schemas": ["a", "b"]}
SOURCES = {
    # users and others, with a key and a cursor of their own
    "own": {"sourceType": "faker"},
    # free, whose fields are id, at and at.x, without key or cursor
    "free": {
        "sourceType": "e2e-test",
        "type": "CONTINUOUS_FEED",
        "max_messages": 1,
        "mock_catalog": {"type": "MULTI_STREAM", "stream_schemas": json.dumps({"free": FIELDS, "other": FIELDS})},
    },
    # orders and customers in two schemas each
    "twin": {"sourceType": "postgres", **DATABASE},
}
DESTINATIONS = {
    "deduping": {
        "destinationType": "dev-null",
        "test_destination": {"test_destination_type": "SILENT"},
    },
    "plain": {"destinationType": "local-json", "destination_path": "/local/x"},
}


class Ends:
    """A source and a destination of the Public API, and what it says of connections between them."""

    def __init__(self, api: Api, source: str = "own", destination: str = "deduping") -> None:
        self.api = api
        here = {"name": "n", "workspaceId": api.workspace}
        self.source = api.made("sources", **here, configuration=SOURCES[source])["sourceId"]
        self.destination = api.made("destinations", **here, configuration=DESTINATIONS[destination])[
            "destinationId"
        ]

    def connect(self, *streams: Any, **more: Any) -> Reply:
        body: dict[str, Any] = {"sourceId": self.source, "destinationId": self.destination, **more}
        if streams:
            body["configurations"] = {"streams": list(streams)}
        return self.api.public("POST", "connections", body)

    def made(self, *streams: Any, **more: Any) -> Any:
        reply = self.connect(*streams, **more)
        assert reply.status == 200, reply
        return reply.json

    def told(self, *streams: Any, **more: Any) -> str:
        """The text of a refusal."""
        refused = self.connect(*streams, **more)
        assert (refused.status, refused.json["title"]) == (400, "bad-request"), refused
        return refused.json["detail"] if self.api.server.version == "0.50.54" else refused.json["data"]["message"]


@pytest.fixture
def connect_ends() -> Any:
    """`Ends` for test modules, which share no import path with this one."""
    return Ends


@pytest.fixture
def choose() -> Any:
    """`select` for test modules, which share no import path with this one."""
    return select


def _hold_to_contract(server: LocalAirbyte, version: str, *, requests: bool = True) -> None:
    """What was answered must be what Airbyte's own description says; and the request, where it was a success."""
    file = contracts.FILES.get(version)
    if file is None or not (contracts.FOLDER / f"{file}.json").exists():
        return  # test_contract.py says so, visibly
    contract = contracts.require_contract(file)
    wrong = [
        text
        for exchange in server.requests
        if exchange.status is not None and exchange.fault is None
        for text in contracts.check_exchange(
            contract, exchange.path, exchange.request, exchange.status, exchange.response, exchange.method
        )
        if " request: " not in text or (requests and exchange.status < 400)
    ]
    assert wrong == []
