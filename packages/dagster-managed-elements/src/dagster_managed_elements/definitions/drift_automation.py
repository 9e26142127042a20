"""When drift is looked for: a schedule that runs the drift checks, a sensor that runs them where something changed.

Dagster reads the annotations of what it calls, so they are not put off here.
"""

import json
from collections.abc import Iterable
from typing import Any

from dagster import (
    AssetChecksDefinition,
    AssetSelection,
    DefaultScheduleStatus,
    DefaultSensorStatus,
    RunRequest,
    ScheduleDefinition,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    define_asset_job,  # pyright: ignore[reportUnknownVariableType]
    sensor,  # pyright: ignore[reportUnknownVariableType]
)

from dagster_managed_elements.definitions.drift import Drift, Reconcilers, Unknown, find_drift, named
from dagster_managed_elements.definitions.drift_checks import DriftUnknown

_NIGHTLY = "0 6 * * *"
_EVERY = 600


def build_drift_schedule(
    checks: Iterable[AssetChecksDefinition],
    *,
    name: str = "drift",
    cron_schedule: str = _NIGHTLY,
    execution_timezone: str | None = None,
    default_status: DefaultScheduleStatus = DefaultScheduleStatus.STOPPED,
) -> ScheduleDefinition:
    """A schedule that runs the drift checks, and materialises nothing: what drifts shows within its interval.

    Args:
        checks: What `build_drift_checks` made.
        name: Of the schedule; its job is called `<name>_checks`.
        cron_schedule: When, as Dagster takes it; by itself once a day.
        execution_timezone: Of *cron_schedule*.
        default_status: Whether it runs without being turned on.
    """
    job = define_asset_job(f"{name}_checks", selection=AssetSelection.checks(*checks))
    return ScheduleDefinition(
        name=name,
        job=job,
        cron_schedule=cron_schedule,
        execution_timezone=execution_timezone,
        default_status=default_status,
        description="Looks for drift by the drift checks.",
    )


def build_drift_sensor(
    reconcilers: Reconcilers,
    checks: Iterable[AssetChecksDefinition],
    *,
    name: str = "drift_sensor",
    minimum_interval_seconds: int = _EVERY,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
) -> SensorDefinition:
    """A sensor that looks at each place, and runs the drift checks where what differs is not what it was at the
    last read: once as something drifts, once as it is mended, and not in between.

    A tick in which nothing else changed fails where a place cannot be looked at; where something did, that is
    logged. It has to end within the time that Dagster gives it, 60 seconds by itself
    (`DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS`).

    Args:
        reconcilers: Whose declarations; as given to `build_drift_checks`.
        checks: What that made of them.
        name: Of the sensor; its job is called `<name>_checks`.
        minimum_interval_seconds: Between two reads.
        default_status: Whether it runs without being turned on.

    Raises:
        DeclarationError: Where a reconciler has no name or one that is taken.
    """
    given = named(reconcilers)
    job = define_asset_job(f"{name}_checks", selection=AssetSelection.checks(*checks))

    @sensor(
        name=name,
        job=job,
        minimum_interval_seconds=minimum_interval_seconds,
        default_status=default_status,
        description="Looks for drift, and runs the drift checks where something changed.",
    )
    def watch(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        before: dict[str, Any] = json.loads(context.cursor or "{}")
        found = find_drift(given)
        now = {name: drift.fingerprint for name, drift in found.items() if isinstance(drift, Drift)}
        unknown = [f"{name}: {place.error}" for name, place in found.items() if isinstance(place, Unknown)]
        changed = sorted(name for name, print_ in now.items() if print_ != before.get(name, ""))
        if unknown and not changed:
            raise DriftUnknown(f"Whether there is drift is not known: {'; '.join(unknown)}")
        if not changed:
            return SkipReason("Nothing differs from what differed at the last read.")
        for each in unknown:
            context.log.error(f"Whether there is drift is not known: {each}")
        context.log.info(f"Not as at the last read: {', '.join(changed)}.")
        return SensorResult(run_requests=[RunRequest()], cursor=json.dumps({**before, **now}, sort_keys=True))

    return watch
