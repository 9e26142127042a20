"""A code location with two connections that their server starts every hour, as an enabled schedule does. One of
them is there, the other is to be made.
"""

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

from dagster import (
    DefaultScheduleStatus,
    Definitions,
    ScheduleDefinition,
    asset,
    define_asset_job,
    in_process_executor,
)
from dagster_managed_elements import Reconciler, Session
from dagster_managed_elements.definitions.drift_checks import build_drift_checks
from dagster_managed_elements.definitions.reconciling import build_reconcile_job
from dagster_managed_elements.engine.values import Fields

from testing.memory_world import Leaf, LeafKind, MemoryInstance, Node, NodeKind, Server


class HourlyKind(LeafKind):
    name: ClassVar[str] = "leaf"

    def timetable(self, fields: Fields) -> str:
        del fields
        return "every hour"


@dataclass(frozen=True, eq=False)
class HourlyInstance(MemoryInstance):
    @asynccontextmanager
    async def connect(self, settings: Any) -> Any:
        yield Session(place="here", kinds=(NodeKind(self.server), HourlyKind(self.server)))


@asset(metadata={"memory/connection_name": "leaf"})
def table() -> None: ...


@asset(metadata={"memory/connection_name": "late"})
def late_table() -> None: ...


here = HourlyInstance(Server())
leaf = Leaf("leaf", root=Node("root"))
Reconciler(here, [leaf]).apply()
reconciler = Reconciler(here, [leaf, Leaf("late", root=leaf.root)], name="world")
nightly = ScheduleDefinition(
    name="nightly",
    job=define_asset_job("night", selection=[table, late_table]),
    cron_schedule="0 0 * * *",
    default_status=DefaultScheduleStatus.RUNNING,
)
defs = Definitions(
    executor=in_process_executor,
    assets=[table, late_table],
    asset_checks=build_drift_checks(reconciler, assets=[table, late_table]),
    jobs=[build_reconcile_job(reconciler)],
    schedules=[nightly],
)
