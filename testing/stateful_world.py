"""Reconcilers at one server in memory, with one state beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
from dagster_managed_elements.applying import apply
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.reconciler import Reconciler
from dagster_managed_elements.reconciling import Options, Result, check

from testing.memory_world import MemoryInstance, Server


class Stateful:
    """What tests have that are checked and applied with the state at *url*. They are dataclasses of their own."""

    folder: Path
    url: str
    server: Server

    @property
    def instance(self) -> MemoryInstance:
        return MemoryInstance(self.server)

    def of(self, *elements: Any, **how: Any) -> Reconciler:
        return Reconciler(self.instance, elements, **how)

    def check(self, *of: Reconciler, **how: Any) -> Result:
        (result,) = anyio.run(check, of, Options(state=self.url, **how))
        return result

    def apply(self, *of: Reconciler, agrees: bool = True, **how: Any) -> Result:
        async def decide(_plan: Plan) -> Policy:
            return Policy(allow_all=agrees)

        async def go() -> list[Result]:
            options = Options(**{"state": self.url, "decide": decide, "folder": self.folder, **how})
            return await apply(of, options, anyio.Event())

        (result,) = anyio.run(go)
        return result

    def done(self, *of: Reconciler, **how: Any) -> Plan:
        result = self.apply(*of, **how)
        assert result.error is None, result.error
        assert result.report is not None
        assert result.report.ok, result.report
        assert result.plan is not None
        return result.plan
