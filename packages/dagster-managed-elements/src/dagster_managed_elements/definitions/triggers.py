"""Who starts what: the enabled schedules and automation conditions of Dagster that materialise an asset."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, cast

from dagster import (
    AssetKey,
    DagsterInstance,
    Definitions,
    RepositoryDefinition,
    ScheduleDefinition,
    SensorDefinition,
)
from dagster._core.definitions.sensor_definition import SensorType
from dagster._core.remote_origin import RemoteRepositoryOrigin

from dagster_managed_elements.definitions.drift import Drift, Finding
from dagster_managed_elements.engine.values import Key

Assets = Mapping[Key, Collection[AssetKey]]


def double_triggers(
    drift: Drift,
    assets: Assets,
    repository: RepositoryDefinition,
    instance: DagsterInstance | None = None,
    origin: RemoteRepositoryOrigin | None = None,
) -> Iterator[Finding]:
    """Of what *drift* found to be started by its server, what Dagster starts too.

    Whether a schedule or a sensor is enabled *instance* tells, where it has been turned on or off there and
    *origin* says as whose; else its default status does.
    """
    for key, timetable in drift.timetables.items():
        if starters := list(_starters(frozenset(assets.get(key, ())), repository, instance, origin)):
            text = (
                f"{key} is started twice: by its server ({timetable}), and in Dagster by {' and '.join(starters)}"
            )
            yield Finding(sort="double trigger", key=key, text=text)


def repository_of(defs: Definitions | RepositoryDefinition) -> RepositoryDefinition:
    return defs if isinstance(defs, RepositoryDefinition) else defs.get_repository_def()


def _starters(
    wanted: frozenset[AssetKey],
    repository: RepositoryDefinition,
    instance: DagsterInstance | None,
    origin: RemoteRepositoryOrigin | None,
) -> Iterator[str]:
    if not wanted:
        return
    for schedule in repository.schedule_defs:
        if _is_enabled(schedule, instance, origin):
            chosen = repository.get_job(schedule.job_name).asset_layer.selected_asset_keys
            if wanted & frozenset(chosen):
                yield f"the schedule {schedule.name}"
    graph = cast("Any", repository.asset_graph)
    conditioned = {key for key in wanted if graph.has(key) and graph.get(key).automation_condition is not None}
    for sensor in repository.sensor_defs if conditioned else ():
        if sensor.sensor_type in _AUTOMATIONS and _is_enabled(sensor, instance, origin):
            selection: Any = sensor.asset_selection
            if selection is not None and conditioned & frozenset(selection.resolve(graph)):
                yield f"automation conditions (the sensor {sensor.name})"


_AUTOMATIONS = frozenset({SensorType.AUTOMATION, SensorType.AUTO_MATERIALIZE})


def _is_enabled(
    instigator: ScheduleDefinition | SensorDefinition,
    instance: DagsterInstance | None,
    origin: RemoteRepositoryOrigin | None,
) -> bool:
    """As it was left in Dagster's UI; where nobody touched it there, as it is in code."""
    by_default = instigator.default_status.value == "RUNNING"
    if instance is None or origin is None:
        return by_default
    own: Any = origin.get_instigator_origin(instigator.name)
    state = cast("Any", instance).get_instigator_state(own.get_id(), own.get_selector().get_id())
    if state is None or state.status.value == "DECLARED_IN_CODE":
        return by_default
    return state.status.value in {"RUNNING", "AUTOMATICALLY_RUNNING"}
