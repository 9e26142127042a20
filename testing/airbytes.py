"""Every Airbyte people run: each version, each API, each way in; and work done in one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import airbyte_local
import anyio
import pytest
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteInstance,
    AirbyteManagedElementReconciler,
)
from dagster_managed_elements.applying import apply
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.reconciling import Options, Result, check


@dataclass(frozen=True)
class Cell:
    version: str
    api: str
    auth: str

    def __str__(self) -> str:
        return f"{self.version}-{self.api}-{self.auth}"

    @property
    def contract(self) -> str:
        return {"0.50": "0.50", "cloud": "2.0.0"}.get(self.version, f"{self.version}.0")

    def instance(self, server: airbyte_local.LocalAirbyte) -> AirbyteInstance:
        credentials = {
            "none": {},
            "basic": {"username": "airbyte", "password": "password"},
            "client": {"client_id": server.client_id, "client_secret": server.client_secret},
        }
        url = f"{server.url}/v1" if self.version == "cloud" else server.url
        return AirbyteInstance(url=url, api=self.api, **credentials[self.auth])


CELLS = [
    Cell(version, api, auth)
    for version, ways in {
        "0.50": ("none", "basic"),
        "1.5": ("none", "basic", "client"),
        "1.6": ("none", "basic", "client"),
        "1.8": ("none", "basic", "client"),
        "2.0": ("none", "basic", "client"),
    }.items()
    for api in ("config", "public")
    for auth in ways
] + [Cell("cloud", "public", "client")]

SOON = {"0.50-config-basic", "1.8-public-client"}
"""The oldest and one with everything, an API and a way in each; the others are among the slow tests."""

PARAMETERS = [
    pytest.param(cell, marks=() if str(cell) in SOON else pytest.mark.slow, id=str(cell)) for cell in CELLS
]


class Workload:
    def __init__(self, cell: Cell, server: airbyte_local.LocalAirbyte) -> None:
        self.cell, self.instance, self.server = cell, cell.instance(server), server

    def reconciler(self, elements: Sequence[Any]) -> AirbyteManagedElementReconciler:
        connections = [element for element in elements if isinstance(element, AirbyteConnection)]
        others = [element for element in elements if not isinstance(element, AirbyteConnection)]
        return AirbyteManagedElementReconciler(self.instance, connections, elements=others)

    def plan(self, connections: Sequence[Any]) -> Plan:
        (result,) = anyio.run(check, [self.reconciler(connections)], Options())
        assert result.error is None, result.error
        return result.plan

    def converge(self, connections: Sequence[Any]) -> Plan:
        """Apply, then see that nothing is left; the plan that was carried out."""

        async def agree(_plan: Plan) -> Policy:
            return Policy(allow_all=True)

        async def go() -> list[Result]:
            return await apply([self.reconciler(connections)], Options(decide=agree), anyio.Event())

        (result,) = anyio.run(go)
        assert result.error is None, result.error
        assert result.report.ok, result.report
        assert self.plan(connections).entries == ()
        return result.plan
