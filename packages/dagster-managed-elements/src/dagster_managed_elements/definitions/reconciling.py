"""Jobs that fan out, a step for each instance: one fails where something drifted, one applies what the guard lets
pass. Any executor of Dagster spreads the steps. Dagster reads the annotations of what it calls, so they are not put
off here.
"""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeAlias

from dagster import (
    AssetCheckSeverity,
    DynamicOut,
    DynamicOutput,
    ExecutorDefinition,
    Failure,
    In,
    JobDefinition,
    MetadataValue,
    Nothing,
    OpDefinition,
    OpExecutionContext,
    RetryPolicy,
    job,  # pyright: ignore[reportUnknownVariableType]
    op,
)
from dagster._core.errors import DagsterExecutionInterruptedError

from dagster_managed_elements.applying import apply
from dagster_managed_elements.definitions.drift import (
    INSTANCE,
    Reconcilers,
    Severities,
    Unknown,
    find_drift,
    named,
    of_one_instance,
    pool_of,
    weights,
)
from dagster_managed_elements.definitions.drift_checks import unknown_drift
from dagster_managed_elements.definitions.ended_runs import RunWatch, over, refuse_what_is_over
from dagster_managed_elements.definitions.filling import ConnectionOf, connection_of
from dagster_managed_elements.definitions.triggers import filled_in, location_of, starters
from dagster_managed_elements.engine.concurrency import WoundUp, run_blocking
from dagster_managed_elements.engine.errors import DeclarationError, PlanRefused
from dagster_managed_elements.engine.guarding import MOST_CHANGED, Policy, policy_of
from dagster_managed_elements.engine.kinds import Settings
from dagster_managed_elements.engine.planning import Starters
from dagster_managed_elements.reconciler import Reconciler, SecretsFrom, versions_of
from dagster_managed_elements.reconciling import Options, Result, Versions
from dagster_managed_elements.rendering.markdown import diff_block, list_block
from dagster_managed_elements.rendering.sections import Section
from dagster_managed_elements.rendering.text import outcomes, totals

Group: TypeAlias = "Mapping[str, Reconciler]"
Metadata: TypeAlias = "dict[str, MetadataValue]"
_INTERRUPTS: Final = (KeyboardInterrupt, DagsterExecutionInterruptedError)
LOOK_SECONDS: Final = 5.0
"""How long a step that writes goes on at most before it sees that its run is over."""


class DriftFound(Failure):
    """Something is not as declared, and grave enough to fail a run."""


def build_drift_job(
    reconcilers: Reconcilers,
    *,
    name: str = "watch_drift",
    severities: Severities | None = None,
    secrets: SecretsFrom = "server",
    connection_of: ConnectionOf = connection_of,
    executor_def: ExecutorDefinition | None = None,
    pool: str | None = None,
    concurrency: int = Settings().concurrency,
    retry_policy: RetryPolicy | None = None,
    tags: Mapping[str, str] | None = None,
) -> JobDefinition:
    """A job that fails where something drifted, so that whatever tells of failed runs tells of it. Writes nothing.

    It has a step for each instance, of however many reconcilers. A finding that is only a warning is logged as
    one, and fails nothing.

    Args:
        reconcilers: Whose declarations; several by their names, or as a mapping of names.
        name: Of the job.
        severities: What other than the default a sort of finding is.
        secrets: "server" finds those too that somebody else changed there, by a read for each element of which the
            state knows a version; "local" does without.
        connection_of: The name of the connection that fills an asset of the code location, to know what Dagster
            starts too; by itself its metadata tells.
        executor_def: What runs the steps; by itself that of the code location.
        pool: The concurrency pool of the steps, of which Dagster limits how many are at work at once; with
            `{instance}` in it, each instance has a pool, and an op, of its own.
        concurrency: How many requests a step has in flight at most.
        retry_policy: Of the steps; drift itself is not tried again.
        tags: Of its runs.

    Raises:
        DeclarationError: Where a reconciler has no name or one that is taken, *severities* has another sort,
            or *secrets* is another word.
    """
    weighed, given = weights(severities), named(reconcilers)
    versions = versions_of(secrets, "where recorded")
    return _fan_out(
        given,
        _watching(given, weighed, versions, connection_of, Settings(concurrency=concurrency)),
        name=name,
        description=_WATCHES,
        executor_def=executor_def,
        pool=pool,
        retry_policy=retry_policy,
        tags=tags,
    )


def build_drift_op(
    reconcilers: Reconcilers,
    *,
    name: str = "find_drift",
    severities: Severities | None = None,
    secrets: SecretsFrom = "server",
    connection_of: ConnectionOf = connection_of,
    pool: str | None = None,
    concurrency: int = Settings().concurrency,
    retry_policy: RetryPolicy | None = None,
) -> OpDefinition:
    """What a step of the drift job does, as an op for a graph or a job of your own: it fails where something
    drifted. Writes nothing.

    It looks at each place once, however many there are, and one that cannot be looked at hides no drift of another.
    It may be wired behind other ops by its input *start*, which hands nothing over, and others behind it.

    Args:
        reconcilers: Whose declarations; several by their names, or as a mapping of names.
        name: Of the op. One that is used in several jobs is made once: Dagster takes no two of one name.
        severities: What other than the default a sort of finding is.
        secrets: "server" finds those too that somebody else changed there, by a read for each element of which the
            state knows a version; "local" does without.
        connection_of: The name of the connection that fills an asset of the code location, to know what Dagster
            starts too; by itself its metadata tells.
        pool: The concurrency pool of the op, one for all instances.
        concurrency: How many requests it has in flight at most, at each instance: it looks at all of them at once.
        retry_policy: Of the op; drift itself is not tried again.

    Raises:
        DeclarationError: Where a reconciler has no name or one that is taken, *severities* has another sort,
            *secrets* is another word, or *pool* has `{instance}` in it.
    """
    if INSTANCE in (pool or ""):
        raise DeclarationError(f"the op looks at all instances: its pool can be none of {INSTANCE}.")
    weighed, given = weights(severities), named(reconcilers)
    versions = versions_of(secrets, "where recorded")
    watch = _watching(given, weighed, versions, connection_of, Settings(concurrency=concurrency))

    @op(name=name, ins={"start": In(_NOTHING)}, pool=pool, retry_policy=retry_policy, description=_WATCHES)
    def drift(context: OpExecutionContext) -> None:
        context.add_output_metadata(watch(context, given))

    return drift


_NOTHING: Any = Nothing


def build_reconcile_job(
    reconcilers: Reconcilers,
    *,
    name: str = "reconcile",
    guard: Policy | None = None,
    secrets: SecretsFrom = "server",
    connection_of: ConnectionOf = connection_of,
    lock_timeout: float = 0.0,
    executor_def: ExecutorDefinition | None = None,
    pool: str | None = None,
    concurrency: int = Settings().concurrency,
    retry_policy: RetryPolicy | None = None,
    tags: Mapping[str, str] | None = None,
) -> JobDefinition:
    """A job that applies what is declared, where the *guard* lets the whole plan of a place pass, and reports.

    It has a step for each instance: its reconcilers are planned together. A step fails where its plan is refused,
    with nothing written, and where an operation was not done; its metadata has the outcome of each. A step that is
    terminated, or whose run is over, finishes what is in flight and begins nothing new; a later run goes on from
    what is there.

    Args:
        reconcilers: Whose declarations; several by their names, or as a mapping of names.
        name: Of the job.
        guard: Which destruction passes with nobody there to ask; by itself none. What the reconcilers' own policies
            allow does not count here: they speak for a run that somebody looks at. Of its *max_changes*, 0.3 if it
            has none, and theirs the least holds.
        secrets: "server" sends those too that somebody else changed there, by a read for each element of which the
            state knows a version; "local" does without.
        connection_of: The name of the connection that fills an asset of the code location, to know what Dagster
            starts too; by itself its metadata tells.
        lock_timeout: How many seconds to wait for the lock of the state, where somebody else applies.
        executor_def: What runs the steps; by itself that of the code location.
        pool: The concurrency pool of the steps, of which Dagster limits how many are at work at once; with
            `{instance}` in it, each instance has a pool, and an op, of its own.
        concurrency: How many requests a step has in flight at most.
        retry_policy: Of the steps; a plan that is refused is not tried again.
        tags: Of its runs.

    Raises:
        DeclarationError: Where a reconciler has no name or one that is taken, *guard* is no policy, or *secrets* is
            another word.
    """
    guard, given = policy_of(guard, "guard"), named(reconcilers)
    settings = Settings(concurrency=concurrency)
    versions = versions_of(secrets, "where recorded")

    def reconcile(context: OpExecutionContext, group: Group) -> Metadata:
        started = _started(context, given, connection_of)
        options = Options(
            policy=replace(guard, max_changes=None),  # which each reconciler has already
            lock_timeout=lock_timeout,
            tell=context.log.info,
            versions=versions,
            starters=[started[name] for name in group] if started is not None else (),
            settings=settings,
        )
        run = RunWatch(over=partial(over, context), every=LOOK_SECONDS)
        try:
            applied = partial(run.during, partial(apply, _unattended(group, guard), options))
            results = run_blocking(applied, interrupts=_INTERRUPTS)
        except WoundUp as interrupt:
            _tell(context, interrupt.result)
            raise DagsterExecutionInterruptedError from None
        _tell(context, results)
        metadata = _report(results)
        if run.ended is not None:
            said = f"The run is over ({run.ended.value}): what was in flight was finished, nothing more was begun."
            raise Failure(said, metadata=metadata, allow_retries=False)
        for result in results:
            if isinstance(result.error, PlanRefused):
                raise Failure(str(result.error), metadata=metadata, allow_retries=False) from result.error
            if result.error is not None:
                raise Failure(str(result.error), metadata=metadata) from result.error
        if any(result.report is not None and not result.report.ok for result in results):
            raise Failure("Not everything was applied.", metadata=metadata)
        return metadata

    return _fan_out(
        given,
        reconcile,
        name=name,
        description=_RECONCILES,
        executor_def=executor_def,
        pool=pool,
        retry_policy=retry_policy,
        tags=tags,
    )


_WATCHES: Final = "Fails where something is not as declared. Writes nothing."
_RECONCILES: Final = "Makes what is there what is declared, as far as the guard lets it."


def _watching(
    given: Group, severities: Severities, versions: Versions, connection_of: ConnectionOf, settings: Settings
) -> Callable[[OpExecutionContext, Group], Metadata]:
    def watch(context: OpExecutionContext, group: Group) -> Metadata:
        metadata: Metadata = {}
        failed: list[str] = []
        unknown: list[Unknown] = []
        started = _started(context, given, connection_of)
        for name, drift in find_drift(group, started, versions=versions, settings=settings).items():
            if isinstance(drift, Unknown):
                unknown.append(drift)
                continue
            metadata |= {f"{name}: {label}": value for label, value in drift.metadata().items()}
            severity = drift.severity(severities)
            if severity is not None:
                context.log.warning(f"{name}: {drift.summary}")
            if severity is AssetCheckSeverity.ERROR:
                failed.append(f"{name}: {drift.summary}")
        lack = unknown_drift(unknown) if unknown else None
        if failed:
            said = "; ".join([*failed, *([str(lack)] if lack else ())])
            raise DriftFound(said, metadata=metadata, allow_retries=lack is not None) from lack
        if lack is not None:
            raise lack from unknown[0].error
        return metadata

    return watch


def _fan_out(
    reconcilers: Group,
    act: Callable[[OpExecutionContext, Group], Metadata],
    *,
    name: str,
    description: str,
    executor_def: ExecutorDefinition | None,
    pool: str | None,
    retry_policy: RetryPolicy | None,
    tags: Mapping[str, str] | None,
) -> JobDefinition:
    """A job with a step for each instance, named for the reconcilers it has."""
    groups = of_one_instance(reconcilers)

    # Nothing is handed on: where steps run on machines of their own, no storage has to be shared.
    @op(name=f"{name}_places", out=DynamicOut(_NOTHING), description="A step for each instance.")
    def places() -> Iterator[DynamicOutput[None]]:
        for key in groups:
            yield DynamicOutput(None, mapping_key=key)

    def step_of(place: str | None = None) -> Callable[[OpExecutionContext], None]:
        def step(context: OpExecutionContext) -> None:
            refuse_what_is_over(context)
            context.add_output_metadata(act(context, groups[place or context.get_mapping_key() or ""]))

        return step

    of_steps = partial(op, description=description, retry_policy=retry_policy)

    @job(name=name, description=description, executor_def=executor_def, tags=dict(tags or {}))
    def built() -> None:
        if INSTANCE in (pool or ""):  # a pool is a property of an op
            for key in groups:
                of_steps(name=f"{name}_place_{key}", pool=pool_of(pool, key))(step_of(key))()
        else:
            step = of_steps(name=f"{name}_place", ins={"place": In(_NOTHING)}, pool=pool)(step_of())
            places().map(partial(_begun_by_name, step))

    return built


def _begun_by_name(step: Any, place: Any) -> Any:
    """What hands nothing on is told to Dagster by its name, and not by its position."""
    return step(place=place)


def _started(
    context: OpExecutionContext, reconcilers: Group, connection_of: ConnectionOf
) -> dict[str, Starters] | None:
    """What the code location of the job starts; None where nobody can say. All *reconcilers* of the job are asked
    for: by its name a connection may be that of another instance.
    """
    if (location := location_of(context)) is None:
        return None
    return starters(location, reconcilers, lambda: filled_in(location.repository, reconcilers, connection_of))


def _unattended(group: Group, guard: Policy) -> list[Reconciler]:
    """The reconcilers without what their policies let pass beyond the *guard*, which was agreed to for runs that
    somebody looks at.
    """
    found: list[Reconciler] = []
    bound = MOST_CHANGED if guard.max_changes is None else guard.max_changes
    for reconciler in group.values():
        own = reconciler.policy.max_changes
        bare = copy.copy(reconciler)
        bare.policy = Policy(max_changes=bound if own is None else min(bound, own))
        found.append(bare)
    return found


def _report(results: Iterable[Result]) -> Metadata:
    metadata: Metadata = {}
    for result in results:
        place = result.place or "a place"
        if result.plan is not None and result.plan.entries:
            metadata[f"{place}: diff"] = MetadataValue.md(diff_block([Section(of=(), plan=result.plan)]))
        if result.plan is not None and result.plan.consequences:
            texts = (consequence.text for consequence in result.plan.consequences)
            metadata[f"{place}: consequences"] = MetadataValue.md(list_block(texts))
        if result.report is not None:
            metadata[f"{place}: report"] = MetadataValue.md(
                list_block([*outcomes(result.report, done=True), totals([result.report])])
            )
        if result.error is not None:
            metadata[f"{place}: error"] = MetadataValue.text(str(result.error))
    return metadata


def _tell(context: OpExecutionContext, results: Iterable[Result]) -> None:
    for result in results:
        if result.error is not None:
            context.log.error(f"{result.place}: {result.error}")
        elif result.report is None or not result.report.outcomes:
            context.log.info(f"{result.place}: in sync; nothing was written.")
        else:
            for line in outcomes(result.report, done=True):
                context.log.info(line)
            context.log.info(f"{result.place}: {totals([result.report])}")
