"""When drift is looked for: a schedule that runs the drift checks, a sensor that runs them where something changed.

Dagster reads the annotations of what it calls, so they are not put off here.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, cast
from uuid import uuid4

from dagster import (
    AssetCheckKey,
    AssetChecksDefinition,
    AssetSelection,
    DagsterEventType,
    DagsterInstance,
    DefaultScheduleStatus,
    DefaultSensorStatus,
    RunRequest,
    RunsFilter,
    ScheduleDefinition,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    define_asset_job,  # pyright: ignore[reportUnknownVariableType]
    sensor,  # pyright: ignore[reportUnknownVariableType]
)

from dagster_managed_elements.definitions.drift import Drift, Reconcilers, Unknown, find_drift, named
from dagster_managed_elements.definitions.drift_checks import unknown_drift

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
    """A sensor that looks at each place, and runs the drift checks where what differs is not what they showed last:
    once as something drifts, once as it is mended, and not in between. A run that fails is asked for again.

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
    checks = list(checks)
    keys = frozenset(key for check in checks for key in check.check_keys)
    job = define_asset_job(f"{name}_checks", selection=AssetSelection.checks(*checks))

    @sensor(
        name=name,
        job=job,
        minimum_interval_seconds=minimum_interval_seconds,
        default_status=default_status,
        description="Looks for drift, and runs the drift checks where something changed.",
    )
    def watch(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        before = _read(context.cursor)
        known, failed = _settled(before, context.instance, keys) if before.request else (before, False)
        found = find_drift(given)
        now = {name: drift.fingerprint for name, drift in found.items() if isinstance(drift, Drift)}
        unknown = [place for place in found.values() if isinstance(place, Unknown)]
        changed = sorted(name for name, print_ in now.items() if print_ != known.expected.get(name, ""))
        if unknown and not changed:  # nor does a run that failed since fare better than this read
            raise unknown_drift(unknown)
        if not changed and not failed:
            skip = SkipReason("Nothing differs from what differed at the last read.")
            return skip if known == before else SensorResult(skip_reason=skip, cursor=known.text)
        if unknown:
            context.log.error(str(unknown_drift(unknown)))
        if changed:
            context.log.info(f"Not as at the last read: {', '.join(changed)}.")
        else:
            context.log.info("The run that was to show what was found at an earlier read did not; here is another.")
        asked = replace(known, asked={**known.asked, **now}, request=uuid4().hex)
        return SensorResult(run_requests=[RunRequest(tags={_REQUEST: asked.request})], cursor=asked.text)

    return watch


_REQUEST: Final = "managed_elements/drift_request"
"""The tag by which a run is known that the sensor asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cursor:
    """By the name of a reconciler, fingerprints of its drift: what the checks have *shown*, and what the run of the
    last *request* was *asked* to show, where nobody knows yet whether it did.
    """

    shown: Mapping[str, str] = field(default_factory=dict[str, str])
    asked: Mapping[str, str] = field(default_factory=dict[str, str])
    request: str = ""

    @property
    def expected(self) -> Mapping[str, str]:
        return {**self.shown, **self.asked}

    @property
    def text(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)


def _read(text: str | None) -> _Cursor:
    """None at all where somebody edited it: everything is shown once more."""
    try:
        told: Any = json.loads(text or "{}")
        return _Cursor(shown=_prints(told["shown"]), asked=_prints(told["asked"]), request=str(told["request"]))
    except (ValueError, TypeError, KeyError, AttributeError):
        return _Cursor()


def _prints(told: Any) -> Mapping[str, str]:
    return {str(name): str(print_) for name, print_ in cast("Mapping[Any, Any]", told).items()}


def _settled(cursor: _Cursor, instance: DagsterInstance, keys: Collection[AssetCheckKey]) -> tuple[_Cursor, bool]:
    """With what its run has shown, and whether that run failed to: one that nobody knows of did. A run that fails
    since checks are blocking has shown what it was to show.
    """
    run = next(iter(instance.get_runs(RunsFilter(tags={_REQUEST: cursor.request}), limit=1)), None)
    if run is None or not run.is_finished:
        return cursor, run is None
    told = instance.get_records_for_run(run.run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION).records
    events = (record.event_log_entry.dagster_event for record in told)
    evaluated = {event.asset_check_evaluation_data.asset_check_key for event in events if event is not None}
    return (_Cursor(shown=cursor.expected), False) if evaluated.issuperset(keys) else (cursor, True)
