"""Who starts what: the enabled schedules and automation conditions of Dagster that materialise an asset."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, cast

from dagster import (
    AssetKey,
    DagsterInstance,
    Definitions,
    OpExecutionContext,
    RepositoryDefinition,
    ScheduleDefinition,
    SensorDefinition,
)
from dagster._check import CheckError
from dagster._core.definitions.sensor_definition import SensorType
from dagster._core.remote_origin import RemoteRepositoryOrigin

from dagster_managed_elements.definitions.filling import ConnectionOf, Filled, connection_of, filled
from dagster_managed_elements.engine.planning import Starters
from dagster_managed_elements.engine.values import Key
from dagster_managed_elements.reconciler import Reconciler


@dataclass(frozen=True, slots=True)
class Location:
    """A code location: what it defines. Whether a schedule or a sensor of it is enabled its *instance* tells, where
    it has been turned on or off there and *origin* says as whose; else its default status does.
    """

    repository: RepositoryDefinition
    instance: DagsterInstance | None = None
    origin: RemoteRepositoryOrigin | None = None

    def is_enabled(self, instigator: ScheduleDefinition | SensorDefinition) -> bool:
        """As it was left in Dagster's UI; where nobody touched it there, as it is in code."""
        by_default = instigator.default_status.value == "RUNNING"
        if self.instance is None or self.origin is None:
            return by_default
        own: Any = self.origin.get_instigator_origin(instigator.name)
        state = cast("Any", self.instance).get_instigator_state(own.get_id(), own.get_selector().get_id())
        if state is None or state.status.value == "DECLARED_IN_CODE":
            return by_default
        return state.status.value in {"RUNNING", "AUTOMATICALLY_RUNNING"}


def location_of(context: OpExecutionContext) -> Location | None:
    """Where an op runs; None where it runs by itself, and not in a code location."""
    try:
        repository = context.repository_def
    except CheckError:
        return None
    job = context.run.remote_job_origin
    return Location(repository, context.instance, job.repository_origin if job is not None else None)


def repository_of(defs: Definitions | RepositoryDefinition) -> RepositoryDefinition:
    return defs if isinstance(defs, RepositoryDefinition) else defs.get_repository_def()


def filled_in(
    repository: RepositoryDefinition,
    reconcilers: Mapping[str, Reconciler],
    connection_of: ConnectionOf = connection_of,
    *,
    remedy: str = "",
) -> Filled:
    """As `filled`, of all assets that are defined there."""
    specs = (spec for asset in repository.assets_defs_by_key.values() for spec in asset.specs)
    return filled(reconcilers, specs, connection_of, remedy=remedy)


def starters(location: Location, names: Collection[str], fills: Callable[[], Filled]) -> dict[str, Starters]:
    """Of each reconciler, by its name, who in Dagster starts what it declares: who materialises an asset that this
    fills. Nothing of the location is looked at before somebody asks.
    """

    @cache
    def assets() -> Mapping[tuple[str, Key], set[AssetKey]]:
        found: dict[tuple[str, Key], set[AssetKey]] = {}
        for asset, filler in fills().items():
            found.setdefault(filler, set()).add(asset)
        return found

    @cache
    def scheduled() -> list[tuple[str, frozenset[AssetKey]]]:
        return list(_scheduled(location))

    @cache
    def starter(name: str, key: Key) -> str:
        wanted = assets().get((name, key), set())
        found = [said for said, chosen in scheduled() if wanted & chosen] if wanted else []
        return f"in Dagster by {' and '.join(found)}" if found else ""

    return {name: partial(starter, name) for name in names}


def _scheduled(location: Location) -> Iterator[tuple[str, frozenset[AssetKey]]]:
    """What is enabled, and which assets it materialises."""
    repository = location.repository
    for schedule in repository.schedule_defs:
        if location.is_enabled(schedule):
            layer = repository.get_job(schedule.job_name).asset_layer
            yield f"the schedule {schedule.name}", frozenset(layer.selected_asset_keys)
    graph = cast("Any", repository.asset_graph)
    for sensor in repository.sensor_defs:
        if sensor.sensor_type in _AUTOMATIONS and location.is_enabled(sensor):
            selection: Any = sensor.asset_selection
            chosen = selection.resolve(graph) if selection is not None else ()
            conditioned = frozenset(key for key in chosen if graph.get(key).automation_condition is not None)
            yield f"automation conditions (the sensor {sensor.name})", conditioned


_AUTOMATIONS = frozenset({SensorType.AUTOMATION, SensorType.AUTO_MATERIALIZE})
