"""A workspace of the local Airbyte, seen through check and apply over either API, and changed by request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import airbyte_local
import anyio
import httpx
import pytest
from dagster_managed_elements.airbyte import AirbyteInstance
from dagster_managed_elements.applying import apply
from dagster_managed_elements.engine.elements import Element
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.reconciler import Reconciler
from dagster_managed_elements.reconciling import Options, Result, check
from dagster_managed_elements.rendering.trees import flattened, of_plan


@dataclass
class Workspace:
    server: airbyte_local.LocalAirbyte
    api: str

    def result(self, *elements: Element, delete: bool = False) -> Result:
        self.server.forget_requests()
        (result,) = anyio.run(check, [self._reconciler(elements, delete=delete)], Options())
        return result

    def plan(self, *elements: Element, delete: bool = False) -> Plan:
        result = self.result(*elements, delete=delete)
        assert result.error is None, result.error
        assert result.plan is not None
        return result.plan

    def lines(self, *elements: Element, delete: bool = False) -> list[str]:
        """What a check shows, a line each."""
        plan = self.plan(*elements, delete=delete)
        return [f"{'  ' * line.depth}{line.sign} {line.text}" for line in flattened(of_plan(plan))]

    def problems(self, *elements: Element) -> list[str]:
        return str(self.result(*elements).error).splitlines()

    def apply(self, *elements: Element, delete: bool = False) -> Result:
        async def agree(_plan: Plan) -> Policy:
            return Policy(allow_all=True)

        async def go() -> list[Result]:
            return await apply([self._reconciler(elements, delete=delete)], Options(decide=agree), anyio.Event())

        self.server.forget_requests()
        (result,) = anyio.run(go)
        return result

    def applied(self, *elements: Element, delete: bool = False) -> list[str]:
        """The steps of an apply after which nothing is left to be done."""
        result = self.apply(*elements, delete=delete)
        assert result.error is None, result.error
        assert result.report is not None
        assert result.report.ok, result.report
        assert self.lines(*elements, delete=delete) == []
        return [str(outcome.step) for outcome in result.report.outcomes]

    def asked(self) -> list[str]:
        """What was asked of the server since the last check or apply began, without ids."""
        found = (request.path.replace(self.server.workspace_id, "W") for request in self.server.requests)
        return sorted(path.removeprefix("/api/v1/").removeprefix("/api/public/v1/") for path in found)

    def call(self, endpoint: str, **body: Any) -> Any:
        """By the Config API, whatever is looked through."""
        answer = httpx.post(f"{self.server.url}/api/v1/{endpoint}", json=body, verify=False)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def definitions(self, side: str) -> dict[str, dict[str, Any]]:
        """Those that are not Airbyte's own, by name."""
        rows = self.call(f"{side}_definitions/list_for_workspace", workspaceId=self.server.workspace_id)
        return {row["name"]: row for row in rows[f"{side}Definitions"] if row["custom"]}

    def actors(self, side: str) -> dict[str, dict[str, Any]]:
        body = {"workspaceIds": [self.server.workspace_id], "pagination": {"pageSize": 100, "rowOffset": 0}}
        return {row["name"]: row for row in self.call(f"{side}s/list_paginated", **body)[f"{side}s"]}

    def _reconciler(self, elements: tuple[Element, ...], *, delete: bool) -> Reconciler:
        instance = AirbyteInstance(url=self.server.url, api=self.api)  # pyright: ignore[reportArgumentType]
        return Reconciler(instance, elements, delete_unmentioned_resources=delete)


@pytest.fixture
def serve() -> Iterator[Callable[..., Workspace]]:
    """Starts one at a version; all are ended with the test."""
    servers: list[Any] = []

    def start(api: str, version: str = "2.0") -> Workspace:
        context = airbyte_local.server(airbyte_version=version, auth="none")
        servers.append(context)
        return Workspace(context.__enter__(), api)

    yield start
    for context in servers:
        context.__exit__(None, None, None)


@pytest.fixture(params=["config", "public"])
def workspace(request: pytest.FixtureRequest, airbyte_local: airbyte_local.LocalAirbyte) -> Workspace:
    return Workspace(airbyte_local, request.param)
