"""A code location with a connection that its server starts every hour, and an enabled schedule that does too."""

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


reconciler = Reconciler(HourlyInstance(Server()), [Leaf("leaf", root=Node("root"))], name="world")
reconciler.apply()
nightly = ScheduleDefinition(
    name="nightly",
    job=define_asset_job("night", selection=[table]),
    cron_schedule="0 0 * * *",
    default_status=DefaultScheduleStatus.RUNNING,
)
defs = Definitions(
    executor=in_process_executor,
    assets=[table],
    asset_checks=build_drift_checks(reconciler, assets=[table]),
    schedules=[nightly],
)
