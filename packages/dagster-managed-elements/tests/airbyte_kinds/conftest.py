"""A workspace of the local Airbyte, seen through check and apply, and what was written to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import anyio
import httpx
import pytest
from airbyte_local import LocalAirbyte
from dagster_managed_elements.airbyte import AirbyteInstance
from dagster_managed_elements.applying import apply
from dagster_managed_elements.engine.elements import Element
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.engine.kinds import Settings
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.engine.secrets import Resent
from dagster_managed_elements.reconciler import Reconciler
from dagster_managed_elements.reconciling import Options, Result, check

READS = ("/list", "/get", "discover_schema", "instance_configuration", "/list_")


@dataclass
class Workspace:
    server: LocalAirbyte

    def check(self, *elements: Element, force: bool = False, delete: bool = False) -> Result:
        reconciler = self._reconciler(elements, delete=delete)
        (result,) = anyio.run(check, [reconciler], Options(resent=Resent(every=force)))
        return result

    def plan(self, *elements: Element, **more: bool) -> Plan:
        result = self.check(*elements, **more)
        assert result.error is None, result.error
        assert result.plan is not None
        return result.plan

    def problems(self, *elements: Element) -> list[str]:
        """What the check says against the declaration, a line each."""
        return str(self.check(*elements).error).splitlines()

    def apply(
        self,
        *elements: Element,
        force: bool = False,
        delete: bool = False,
        patience: float = 5.0,
        agree: bool = True,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> Result:
        async def decide(_plan: Plan) -> Policy:
            await anyio.to_thread.run_sync(meanwhile)
            return Policy(allow_all=agree)

        async def go() -> list[Result]:
            options = Options(
                resent=Resent(every=force), decide=decide, settings=Settings(patience=patience, timeout=10)
            )
            return await apply([self._reconciler(elements, delete=delete)], options, anyio.Event())

        self.server.forget_requests()
        (result,) = anyio.run(go)
        return result

    def applied(self, *elements: Element, **more: Any) -> None:
        """Apply, and the check that follows is empty."""
        result = self.apply(*elements, **more)
        assert result.error is None, result.error
        assert result.report is not None
        assert result.report.ok, result.report
        wrote = self.writes()
        assert self.plan(*elements, delete=more.get("delete", False)).entries == ()
        self.written = wrote

    def writes(self) -> list[tuple[str, Any]]:
        """The writes since the last apply began: endpoint and body."""
        return [
            (request.path.removeprefix("/api/v1/"), request.request)
            for request in self.server.requests
            if not any(read in request.path for read in READS)
        ]

    def asked(self, endpoint: str) -> int:
        return sum(request.path.endswith(endpoint) for request in self.server.requests)

    def call(self, endpoint: str, **body: Any) -> Any:
        answer = httpx.post(f"{self.server.url}/api/v1/{endpoint}", json=body, verify=False)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def actors(self, side: str) -> list[dict[str, Any]]:
        body = {"workspaceIds": [self.server.workspace_id], "pagination": {"pageSize": 500, "rowOffset": 0}}
        return self.call(f"{side}s/list_paginated", **body)[f"{side}s"]

    def connections(self) -> list[dict[str, Any]]:
        return self.call("connections/list", workspaceId=self.server.workspace_id)["connections"]

    def _reconciler(self, elements: Sequence[Element], *, delete: bool) -> Reconciler:
        instance = AirbyteInstance(url=self.server.url)
        return Reconciler(instance, elements, delete_unmentioned_resources=delete)


@pytest.fixture
def workspace(airbyte_local: LocalAirbyte) -> Workspace:
    return Workspace(airbyte_local)
