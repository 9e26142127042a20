"""Where the road is walked: reconcilers grouped by place, surveyed, guarded, carried out.

`check` is `apply` stopped before the first write: both show the same plan. One failing place hides no other.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import anyio

from dagster_managed_elements.engine.changes import Memory
from dagster_managed_elements.engine.diffing import Kinds
from dagster_managed_elements.engine.elements import Element
from dagster_managed_elements.engine.errors import DeclarationError, ManagedElementsError
from dagster_managed_elements.engine.execution import OnOutcome, Ways, execute
from dagster_managed_elements.engine.guarding import Policy, guard
from dagster_managed_elements.engine.kinds import Instance, Session, Settings
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.engine.reports import Report
from dagster_managed_elements.engine.running import concurrently, sync
from dagster_managed_elements.engine.surveying import Picture, Wish, survey
from dagster_managed_elements.types import ManagedElementDiff, ManagedElementReconciler, to_diff


class Reconciler(ManagedElementReconciler):
    """Elements that are to exist at an instance: what a module exposes and the command line finds.

    With *delete_unmentioned_resources* everything at that place that no reconciler of the run declares is
    deleted; without it, what is not declared is left alone.
    """

    def __init__(
        self,
        instance: Instance,
        elements: Sequence[Element],
        *,
        delete_unmentioned_resources: bool = False,
    ) -> None:
        self.instance = instance
        self.elements = tuple(elements)
        self.delete_unmentioned_resources = delete_unmentioned_resources

    def check(self, *, include_all_secrets: bool = False, **_: object) -> ManagedElementDiff:
        """What an apply would change. Raises ManagedElementsError where that cannot be said."""
        options = Options(force=include_all_secrets)
        (result,) = sync(lambda _stop: check([self], options), winds_up=False)
        return to_diff(_plan_of(result).entries)

    def apply(
        self, *, include_all_secrets: bool = False, allow_destructive: bool = False, **_: object
    ) -> ManagedElementDiff:
        """Apply and return what was changed. Raises ApplyFailed with a report where not everything was done,
        PlanRefused where the plan deletes, replaces or loses state and *allow_destructive* is not given.
        """
        policy = Policy(allow_all=allow_destructive)
        options = Options(force=include_all_secrets, decide=partial(_decided, policy))
        (result,) = sync(partial(_apply_until, [self], options))
        plan = _plan_of(result)
        if result.report is not None and not result.report.ok:
            raise ApplyFailed(result.report) from next(_faults(result.report), None)
        return to_diff(plan.entries)


class ApplyFailed(ManagedElementsError):  # noqa: N818 - what became of the apply; the report says of what
    """Some operation was not done; *report* has the outcome of each."""

    def __init__(self, report: Report) -> None:
        self.report = report
        lines = [
            f"  {each.step}: {each.status}: {each.reason}" for each in report.outcomes if each.status != "done"
        ]
        super().__init__("Not everything was applied:\n" + "\n".join(lines))


def _faults(report: Report) -> Iterator[Exception]:
    """What no operation should have raised: the cause of a failure, with its traceback, for who can mend it."""
    return (each.error for each in report.outcomes if each.error is not None)


async def _refuse_what_destroys(_plan: Plan) -> Policy:
    return Policy()


async def _decided(policy: Policy, _plan: Plan) -> Policy:
    return policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a run is made. *decide* is asked once a place, when the plan is known and nothing is written yet, for
    what is allowed; by default nothing destructive is. *force* re-sends every secret.
    """

    force: bool = False
    settings: Settings = field(default_factory=Settings)
    decide: Callable[[Plan], Awaitable[Policy]] = _refuse_what_destroys
    on_outcome: OnOutcome = lambda _outcome: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one place: a plan, and a report where it was applied, or the error that stood in the way.

    *of* are the numbers of the reconcilers it answers for, in the order they were given. An *error* that is no
    ManagedElementsError is a fault of this library or of an integration: it is for the caller to raise or show
    with its traceback, once what became of the other places is told.
    """

    of: tuple[int, ...]
    place: str = ""
    plan: Plan | None = None
    report: Report | None = None
    error: Exception | None = None


async def check(of: Sequence[Reconciler], options: Options) -> list[Result]:
    """One Result a place. Nothing is written."""
    return await _each_place(of, options, partial(_check_place, options=options))


async def apply(of: Sequence[Reconciler], options: Options, stop: anyio.Event) -> list[Result]:
    """One Result a place. Once *stop* is set nothing new is begun, and the reports say what was not."""
    limiters: dict[str, anyio.CapacityLimiter] = {}
    return await _each_place(of, options, partial(_apply_place, options=options, stop=stop, limiters=limiters))


async def _apply_until(of: Sequence[Reconciler], options: Options, stop: anyio.Event) -> list[Result]:
    return await apply(of, options, stop)


def _plan_of(result: Result) -> Plan:
    if result.error is not None:
        raise result.error
    if result.plan is None:
        raise DeclarationError("nothing is declared")
    return result.plan


@dataclass(frozen=True, slots=True)
class _Place:
    """A connected session and all the reconcilers that speak of it."""

    session: Session
    members: list[tuple[int, Reconciler]]

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(number for number, _ in self.members)

    @property
    def wishes(self) -> list[Wish]:
        return [
            Wish(
                owner=str(number),
                elements=each.elements,
                delete_unmentioned=each.delete_unmentioned_resources,
            )
            for number, each in self.members
        ]


async def _each_place(
    of: Sequence[Reconciler], options: Options, act: Callable[[_Place], Awaitable[Result]]
) -> list[Result]:
    results: list[Result] = []
    async with _connected(of, options.settings, results) as places:

        async def run(place: _Place) -> None:
            try:
                results.append(await act(place))
            except Exception as error:  # noqa: BLE001 - other places may be writing: none may end for this one
                results.append(Result(of=place.numbers, place=place.session.place, error=error))

        await concurrently(*(partial(run, place) for place in places))
    return sorted(results, key=lambda result: result.of)


@asynccontextmanager
async def _connected(
    of: Sequence[Reconciler], settings: Settings, failed: list[Result]
) -> AsyncGenerator[list[_Place]]:
    """Every distinct instance connected once; what cannot be connected is a Result, not the end of the run."""
    async with AsyncExitStack() as stack:
        sessions: dict[Instance, Session | Exception] = {}
        places: dict[str, _Place] = {}
        for number, reconciler in enumerate(of):
            if reconciler.instance not in sessions:
                try:
                    session = await stack.enter_async_context(reconciler.instance.connect(settings))
                except Exception as error:  # noqa: BLE001 - as above
                    session = error
                sessions[reconciler.instance] = session
            match sessions[reconciler.instance]:
                case Session() as session:
                    place = places.setdefault(session.place, _Place(session, []))
                    place.members.append((number, reconciler))
                case error:
                    failed.append(Result(of=(number,), error=error))
        yield list(places.values())


async def _survey(place: _Place, options: Options) -> Picture:
    return await survey(place.session, place.wishes, Memory(), force=options.force)


async def _check_place(place: _Place, *, options: Options) -> Result:
    picture = await _survey(place, options)
    return Result(of=place.numbers, place=place.session.place, plan=picture.plan)


async def _apply_place(
    place: _Place,
    *,
    options: Options,
    stop: anyio.Event,
    limiters: dict[str, anyio.CapacityLimiter],
) -> Result:
    picture = await _survey(place, options)
    result = partial(Result, of=place.numbers, place=place.session.place, plan=picture.plan)
    if picture.plan.is_empty:
        return result(report=Report(place=place.session.place))
    try:
        if not stop.is_set():
            guard(picture.plan, await options.decide(picture.plan))
    except ManagedElementsError as error:
        return result(error=error)
    host = place.session.host
    limiter = limiters.setdefault(host, anyio.CapacityLimiter(options.settings.concurrency))
    ways = Ways(limiter=limiter, stop=stop, on_outcome=options.on_outcome, patience=options.settings.patience)
    kinds: Kinds = {kind.name: kind for kind in place.session.kinds}
    return result(report=await execute(picture.plan, kinds, picture.ids, picture.seen, ways))
