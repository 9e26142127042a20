"""A code location with two connections that their server starts every hour, as an enabled schedule does. One of
them is there, the other is to be made.
"""

from collections.abc import Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

from dagster import (
    AssetSpec,
    DefaultScheduleStatus,
    Definitions,
    MaterializeResult,
    ScheduleDefinition,
    asset,
    define_asset_job,
    in_process_executor,
    multi_asset,
)
from dagster_managed_elements import Reconciler, Session
from dagster_managed_elements.definitions.component import ManagedElementsComponent
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
        yield Session(place=self.place, kinds=(NodeKind(self.server), HourlyKind(self.server)))


@asset(metadata={"memory/connection_name": "leaf"})
def table() -> None: ...


LATE = [AssetSpec(key, metadata={"memory/connection_name": "late"}) for key in ("late_table", "late_log")]


@multi_asset(specs=LATE, can_subset=True)
def late_tables() -> Iterator[MaterializeResult]:
    for spec in LATE:
        yield MaterializeResult(asset_key=spec.key)


here = HourlyInstance(Server(), "here")
leaf = Leaf("leaf", root=Node("root"))
Reconciler(here, [leaf]).apply()
reconciler = Reconciler(here, [leaf, Leaf("late", root=leaf.root)], name="world")
alike = SimpleNamespace(
    here=Reconciler(here, [leaf], name="here"),
    there=Reconciler(HourlyInstance(Server(), "there"), [leaf], name="there"),
)
alike.there.apply()
nightly = ScheduleDefinition(
    name="nightly",
    job=define_asset_job("night", selection=["table", "late_table"]),
    cron_schedule="0 0 * * *",
    default_status=DefaultScheduleStatus.RUNNING,
)


def checked(*assets: Any) -> Definitions:
    return Definitions(
        executor=in_process_executor,
        assets=[table, late_tables],
        asset_checks=build_drift_checks(reconciler, assets=assets),
        jobs=[build_reconcile_job(reconciler)],
        schedules=[nightly],
    )


def checked_by_itself() -> Definitions:
    return checked()


def checked_in_part() -> Definitions:
    """One table of a connection, and none of the other."""
    return checked(LATE[1])


def checked_by_component() -> Definitions:
    """It makes no assets, and the name of a connection does not tell whose it is."""
    component = ManagedElementsComponent(module="started_twice:alike.here,alike.there", assets=False)
    context: Any = SimpleNamespace(path=Path(__file__).parent)
    beside = Definitions(executor=in_process_executor, assets=[table, late_tables], schedules=[nightly])
    return Definitions.merge(component.build_defs(context), beside)


defs = checked(table, LATE[0])
