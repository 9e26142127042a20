"""An Airbyte of any version that answers as little as its description allows, and notes what it is asked."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from testing.contracts import Contract, check_exchange

NIL = str(UUID(int=0))
ORGANIZATION = str(UUID(int=7))
ROWS = {
    "workspaces": "WorkspaceRead",
    "sources": "SourceRead",
    "destinations": "DestinationRead",
    "connections": "ConnectionRead",
}
CURSOR_PAGES = 20


def identity(number: int) -> str:
    return str(UUID(int=1000 + number))


@dataclass
class StandIn:
    """*version* is said where it is described that it can be. Endpoints in *absent* are not there.

    There are *count* sources, destinations and connections each. *extra* is added to each of these, and to those
    of one kind what *only* has for it.
    """

    contract: Contract
    version: str | None = None
    absent: frozenset[str] = frozenset()
    count: int = 1
    workspaces: int = 1
    extra: dict[str, Any] = field(default_factory=dict)
    only: dict[str, dict[str, Any]] = field(default_factory=dict)
    failing: dict[str, int] = field(default_factory=dict)
    exchanges: list[tuple[str, Any, int, Any]] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        asked = json.loads(request.content) if request.content else None
        status, body = self._answer(path.removeprefix("/api/v1/"), asked)
        self.exchanges.append((path, asked, status, body))
        return httpx.Response(status) if body is None else httpx.Response(status, json=body)

    @property
    def violations(self) -> list[str]:
        """What of all that was asked and answered is against the description, refusals aside."""
        answered = [exchange for exchange in self.exchanges if exchange[2] < 400]
        return [text for each in answered for text in check_exchange(self.contract, *each)]

    def asked(self, endpoint: str) -> list[Any]:
        return [asked for path, asked, _, _ in self.exchanges if path == f"/api/v1/{endpoint}"]

    def _answer(self, endpoint: str, asked: Any) -> tuple[int, Any]:
        operation = self.contract.paths.get(f"/v1/{endpoint}")
        if operation is None or endpoint in self.absent:
            return 404, "Object not found."
        if self.failing.get(endpoint, 0) > 0:
            self.failing[endpoint] -= 1
            return 503, None
        ((status, declared),) = [
            (int(status), each)
            for status, each in next(iter(operation.values()))["responses"].items()
            if status[0] == "2"
        ]
        schema = declared.get("content", {}).get("application/json", {}).get("schema")
        body = None if schema is None else self._least(schema)
        return status, self._filled(endpoint, asked, body)

    def _least(self, schema: Any) -> Any:
        """The least that a schema allows."""
        if "$ref" in schema:
            return self._least(self.contract.schemas[schema["$ref"].rpartition("/")[2]])
        for choice in ("oneOf", "anyOf", "allOf"):
            if choice in schema:
                return self._least(schema[choice][0])
        if "enum" in schema:
            return schema["enum"][0]
        kind = schema.get("type", "object")
        if kind == "object":
            return {name: self._least(schema["properties"][name]) for name in schema.get("required", [])}
        if kind == "string":
            return NIL if str(schema.get("format")).lower() == "uuid" else "text"
        return {"array": [], "integer": 0, "number": 0, "boolean": True}[kind]

    def _filled(self, endpoint: str, asked: Any, body: Any) -> Any:
        folder, _, verb = endpoint.partition("/")
        if endpoint == "instance_configuration":
            described = self.contract.schemas["InstanceConfigurationResponse"]["properties"]
            said = {"version": self.version} if self.version and "version" in described else {}
            return {**body, "defaultOrganizationId": ORGANIZATION, **said}
        if folder in ROWS and verb.startswith("list"):
            return {**body, folder: self._page(folder, verb, asked), **self._counts(folder, verb)}
        if folder in ROWS and verb == "get":
            return self._row(folder, 0)
        if verb == "list_for_workspace":
            kind = "SourceDefinitionRead" if folder.startswith("source") else "DestinationDefinitionRead"
            rows = "sourceDefinitions" if folder.startswith("source") else "destinationDefinitions"
            return {**body, rows: [{**self._least({"$ref": kind}), **self.extra}]}
        if folder in ROWS and verb in {"update", "partial_update"}:
            named = f"{folder.removesuffix('s')}Id"
            return {**body, named: asked[named]}
        if verb == "discover_schema":
            return {**body, "catalog": {"streams": []}, "catalogId": NIL}
        return body

    def _row(self, folder: str, number: int) -> Any:
        name = folder.removesuffix("s")
        there = {
            f"{name}Id": identity(number),
            "name": f"{name} {number}",
            **self.extra,
            **self.only.get(folder, {}),
        }
        return {**self._least({"$ref": ROWS[folder]}), **there}

    def _page(self, folder: str, verb: str, asked: Any) -> list[Any]:
        count = self.workspaces if folder == "workspaces" else self.count
        rows = [self._row(folder, number) for number in range(count)]
        page = asked.get("pagination") if asked else None
        if page:
            return rows[page["rowOffset"] :][: page["pageSize"]]
        if self._is_chain(folder, verb):
            ids = [row[f"{folder.removesuffix('s')}Id"] for row in rows]
            start = ids.index(asked["cursor"]) + 1 if "cursor" in asked else 0
            return rows[start:][: asked.get("pageSize", CURSOR_PAGES)]
        return rows

    def _counts(self, folder: str, verb: str) -> dict[str, int]:
        return {"num_connections": self.count} if self._is_chain(folder, verb) else {}

    def _is_chain(self, folder: str, verb: str) -> bool:
        schema = next(iter(self.contract.paths.get(f"/v1/{folder}/{verb}", {"": {}}).values()))
        return verb == "list" and "Cursor" in json.dumps(schema.get("requestBody", {}))
