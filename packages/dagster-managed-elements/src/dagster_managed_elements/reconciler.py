"""Where the road is walked: reconcilers grouped by place, surveyed, guarded, carried out.

`check` is `apply` stopped before the first write: both show the same plan. One failing place hides no other.
"""

from __future__ import annotations

import difflib
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, cast

import anyio

from dagster_managed_elements.engine.changes import Delete, Memory
from dagster_managed_elements.engine.concurrency import WoundUp, concurrently, run_blocking
from dagster_managed_elements.engine.elements import Element
from dagster_managed_elements.engine.errors import DeclarationError, ManagedElementsError, PlanMoved
from dagster_managed_elements.engine.execution import ExecutionSettings, OnOutcome, execute
from dagster_managed_elements.engine.findings import Notice
from dagster_managed_elements.engine.guarding import Policy, guard, strictest, weighed
from dagster_managed_elements.engine.kinds import Instance, Kinds, ResolveContext, Settings
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.engine.preflighting import preflight
from dagster_managed_elements.engine.reports import Report
from dagster_managed_elements.engine.saving import Picture, Promise, elsewhere, moved
from dagster_managed_elements.engine.secrets import NONE_RESENT, Resent
from dagster_managed_elements.engine.selecting import refuse_unknown
from dagster_managed_elements.engine.surveying import Declaration, Scope, Survey, survey
from dagster_managed_elements.places import Member, Place, connected
from dagster_managed_elements.types import ManagedElementDiff, ManagedElementReconciler, to_diff


class Reconciler(ManagedElementReconciler):
    """Elements that are to exist at an instance: what a module exposes and the command line finds.

    Args:
        instance: Where they are to exist.
        elements: What is to exist; the elements that these refer to are declared along with them.
        delete_unmentioned_resources: Whether everything at that place that no reconciler of the run declares is
            deleted; without it, what is not declared is left alone.
        policy: What may be destroyed without being asked about; of several reconcilers of a place the strictest
            holds.

    Raises:
        DeclarationError: Where one of these is of another type.
    """

    def __init__(
        self,
        instance: Instance,
        elements: Sequence[Element],
        *,
        delete_unmentioned_resources: bool = False,
        policy: Policy | None = None,
    ) -> None:
        if not isinstance(cast("object", instance), Instance):
            raise DeclarationError(f"A reconciler wants an Instance, not {type(instance).__name__}.")
        if not isinstance(cast("object", elements), Iterable):
            raise DeclarationError(f"A reconciler takes elements, not {type(elements).__name__}.")
        if not isinstance(cast("object", delete_unmentioned_resources), (bool, type(None))):
            given = type(delete_unmentioned_resources).__name__
            raise DeclarationError(f"delete_unmentioned_resources= wants True or False, not {given}.")
        self.instance = instance
        self.elements = tuple(elements)
        for each in cast("tuple[object, ...]", self.elements):
            if not isinstance(each, Element):
                raise DeclarationError(f"A reconciler takes elements, not {type(each).__name__}.")
        if not isinstance(cast("object", policy), (Policy, type(None))):
            raise DeclarationError(f"policy= wants a Policy, not {type(policy).__name__}.")
        self.delete_unmentioned_resources = bool(delete_unmentioned_resources)
        self.policy = policy or Policy()

    def check(
        self,
        *,
        include_all_secrets: bool = False,
        include_secrets: Iterable[str] = (),
        refresh_catalogs: bool = False,
        **unknown: object,
    ) -> ManagedElementDiff:
        """What an apply would change.

        Args:
            include_all_secrets: Whether every secret that the server holds is listed as changed.
            include_secrets: Paths, as a plan prints them (`shop.password`), of secrets that are listed as changed.
            refresh_catalogs: Whether sources are asked anew for what patterns and exclusions depend on.
            **unknown: Refused: a keyword that is not heeded could be one that was to keep a run from writing.

        Raises:
            ManagedElementsError: Where that cannot be said.
        """
        return check_together(
            [self],
            include_all_secrets=include_all_secrets,
            include_secrets=include_secrets,
            refresh_catalogs=refresh_catalogs,
            **unknown,
        )

    def apply(
        self,
        *,
        include_all_secrets: bool = False,
        include_secrets: Iterable[str] = (),
        refresh_catalogs: bool = False,
        allow_destructive: bool = False,
        **unknown: object,
    ) -> ManagedElementDiff:
        """Apply and return what was changed.

        Args:
            include_all_secrets: Whether every secret that the server holds is sent again.
            include_secrets: Paths, as a plan prints them (`shop.password`), of secrets that are sent again.
            allow_destructive: Whether a plan that deletes, replaces or loses sync state is carried out.
            refresh_catalogs: Whether sources are asked anew for what patterns and exclusions depend on.
            **unknown: Refused: a keyword that is not heeded could be one that was to keep a run from writing.

        Raises:
            ApplyFailed: With a report, where not everything was done.
            PlanRefused: Where the plan destroys something and *allow_destructive* is not given.
            ApplyInterrupted: A KeyboardInterrupt with the reports, once what was in flight has ended.
        """
        return apply_together(
            [self],
            include_all_secrets=include_all_secrets,
            include_secrets=include_secrets,
            refresh_catalogs=refresh_catalogs,
            allow_destructive=allow_destructive,
            **unknown,
        )


def check_together(
    of: Sequence[Reconciler],
    *,
    include_all_secrets: bool = False,
    include_secrets: Iterable[str] = (),
    refresh_catalogs: bool = False,
    **unknown: object,
) -> ManagedElementDiff:
    """As `Reconciler.check`, of several in one diff: those of one place are planned together."""
    _refuse("check", unknown)
    resent = _resent(include_secrets, every=include_all_secrets)
    options = Options(resent=resent, settings=Settings(refresh_catalogs=refresh_catalogs))
    return _joined(run_blocking(lambda _stop: check(of, options), winds_up=False))


def apply_together(
    of: Sequence[Reconciler],
    *,
    include_all_secrets: bool = False,
    include_secrets: Iterable[str] = (),
    refresh_catalogs: bool = False,
    allow_destructive: bool = False,
    **unknown: object,
) -> ManagedElementDiff:
    """As `Reconciler.apply`, of several: what one of a place declares, another that deletes what is not declared
    leaves alone.
    """
    _refuse("apply", unknown)
    policy = Policy(allow_all=allow_destructive)
    resent = _resent(include_secrets, every=include_all_secrets)
    settings = Settings(refresh_catalogs=refresh_catalogs)
    options = Options(resent=resent, settings=settings, decide=partial(_decided, policy))
    try:
        results = run_blocking(partial(apply, of, options))
    except WoundUp as interrupt:
        raise ApplyInterrupted(interrupt.result) from None
    for report in (result.report for result in results if result.error is None):
        if report is not None and not report.ok:
            raise ApplyFailed(report) from next(_faults(report), None)
    return _joined(results)


def _refuse(verb: str, unknown: Mapping[str, object]) -> None:
    """A keyword that is not heeded could be one that was to keep an apply from writing."""
    if unknown:
        raise DeclarationError(f"{verb} takes no {', '.join(f'{name}=' for name in unknown)}; nothing was written.")


def _resent(paths: Iterable[str], *, every: bool) -> Resent:
    return Resent(every=every, paths=frozenset([paths] if isinstance(paths, str) else paths))


def _joined(results: Sequence[Result]) -> ManagedElementDiff:
    diff = ManagedElementDiff()
    for result in results:
        diff = diff.join(to_diff(_plan_of(result).entries))
    return diff


class ApplyFailed(ManagedElementsError):
    """Some operation was not done.

    Args:
        report: Has the outcome of each operation.
    """

    def __init__(self, report: Report) -> None:
        self.report = report
        lines = [
            f"  {each.step}: {each.status}: {each.reason}" for each in report.outcomes if each.status != "done"
        ]
        super().__init__("Not everything was applied:\n" + "\n".join(lines))


class ApplyInterrupted(KeyboardInterrupt):
    """The user interrupted an apply; its `reports` have the outcome of each operation, one report a place.

    Args:
        results: What became of each place.
    """

    def __init__(self, results: Sequence[Result]) -> None:
        self.reports = tuple(result.report for result in results if result.report is not None)
        begun = [each for report in self.reports for each in report.outcomes if each.status != "skipped"]
        lines = [f"  {each.step}: {each.status}{f': {each.reason}' if each.reason else ''}" for each in begun]
        lines += [f"  {result.place}: {result.error}" for result in results if result.error is not None]
        super().__init__("\n".join(["Interrupted; this was done before:", *lines]) if lines else _NOTHING_WRITTEN)


_NOTHING_WRITTEN: Final = "Interrupted; nothing was written."


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
    what is allowed; by default nothing destructive is. *resent* are the secrets to send although they are there,
    *scope* is which differences are planned. *policy* widens for this run what the reconcilers' own lets pass. With
    a *promise* nothing is done unless all of it is what was saved. *preflight* is for how many seconds the plan is
    tried on the server before anything is written; None: it is not. Without *secrets_known* a check takes a secret
    that cannot be read here for the one that is there.
    """

    scope: Scope = field(default_factory=Scope)
    policy: Policy = field(default_factory=Policy)
    promise: Promise | None = None
    preflight: float | None = None
    resent: Resent = NONE_RESENT
    secrets_known: bool = True
    settings: Settings = field(default_factory=Settings)
    decide: Callable[[Plan], Awaitable[Policy]] = _refuse_what_destroys
    on_outcome: OnOutcome = lambda _outcome: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one place: a plan, and a report where it was applied, or the error that stood in the way.

    *of* are the numbers of the reconcilers it answers for, in the order they were given. A check has a *picture*,
    which can be saved. An *error* that is no ManagedElementsError is a fault of this library or of an integration:
    it is for the caller to raise or show with its traceback, once what became of the other places is told.
    """

    of: tuple[int, ...]
    place: str = ""
    plan: Plan | None = None
    report: Report | None = None
    error: Exception | None = None
    # What is declared stands in it as it was given: no secret of it is told from other values yet.
    picture: Picture | None = field(default=None, repr=False)


async def check(of: Sequence[Reconciler], options: Options) -> list[Result]:
    """One Result a place. Nothing is written."""
    async with _surveyed(of, options) as (surveyed, results):
        results += [replace(_result(place, plan=found.plan), picture=_picture(found)) for place, found in surveyed]
    return sorted(results, key=lambda result: result.of)


async def apply(of: Sequence[Reconciler], options: Options, stop: anyio.Event) -> list[Result]:
    """One Result a place. Once *stop* is set nothing new is begun, and the reports say what was not.

    Places are surveyed at once, decided on one after the other in the order given, and carried out at once.
    """
    limiters: dict[str, anyio.CapacityLimiter] = {}
    options = replace(options, secrets_known=True)
    async with _surveyed(of, options) as (surveyed, results):

        async def carry_out(place: Place, found: Survey) -> None:
            try:
                report = await _execute(place, found, options, stop, limiters)
                results.append(_result(place, plan=found.plan, report=report))
            except Exception as error:  # noqa: BLE001 - other places are writing: none may end for this one
                results.append(_result(place, plan=found.plan, error=error))

        agreed: list[Callable[[], Awaitable[None]]] = []
        broken = _broken(options.promise, [_picture(found) for _, found in surveyed], results)
        for place, found in surveyed:
            if broken is not None:
                results.append(_result(place, plan=found.plan, error=broken))
            elif (refusal := await _refusal(found.plan, options, stop)) is None:
                agreed.append(partial(carry_out, place, found))
            else:
                results.append(_result(place, plan=found.plan, error=refusal))
        await concurrently(*agreed)
    return sorted(results, key=lambda result: result.of)


def _picture(found: Survey) -> Picture:
    return Picture(plan=found.plan, declared=found.declared, pairs=found.pairs)


def _broken(promise: Promise | None, pictures: Sequence[Picture], results: Sequence[Result]) -> PlanMoved | None:
    """Why nothing is done of what was promised: all of it is, or none."""
    if promise is None:
        return None
    failed = [f"{result.place or 'a place'} cannot be looked at" for result in results if result.error is not None]
    reasons = failed or elsewhere(promise, pictures)
    promised = {each.place: each for each in promise.places}
    if not reasons:
        reasons = [reason for each in pictures for reason in moved(promised[each.plan.place], each)]
    return PlanMoved(reasons) if reasons else None


async def _refusal(plan: Plan, options: Options, stop: anyio.Event) -> Exception | None:
    """Why the plan is not to be carried out; nobody is asked about an empty one, or after an interruption."""
    if plan.is_empty or stop.is_set():
        return None
    try:
        guard(plan, await options.decide(plan))
    except ManagedElementsError as error:
        return error
    return None


async def _execute(
    place: Place,
    found: Survey,
    options: Options,
    stop: anyio.Event,
    limiters: dict[str, anyio.CapacityLimiter],
) -> Report:
    session, settings = place.session, options.settings
    limiter = limiters.setdefault(session.host, anyio.CapacityLimiter(settings.concurrency))
    execution = ExecutionSettings(
        limiter=limiter, stop=stop, on_outcome=options.on_outcome, patience=settings.patience, facts=found.facts
    )
    kinds: Kinds = {kind.name: kind for kind in session.kinds}
    return await execute(found.plan, kinds, found.ids, found.seen, execution)


def _result(
    place: Place, *, plan: Plan | None = None, report: Report | None = None, error: Exception | None = None
) -> Result:
    return Result(of=place.numbers, place=place.session.place, plan=plan, report=report, error=error)


def _plan_of(result: Result) -> Plan:
    if result.error is not None:
        raise result.error
    if result.plan is None:
        raise DeclarationError("nothing is declared")
    return result.plan


@asynccontextmanager
async def _surveyed(
    of: Sequence[Reconciler], options: Options
) -> AsyncGenerator[tuple[list[tuple[Place, Survey]], list[Result]]]:
    """Every place and its survey, in the order given; what could not be surveyed is a Result already."""
    members = [
        Member(instance=each.instance, declaration=_declaration(number, each)) for number, each in enumerate(of)
    ]
    async with connected(members, options.settings) as (places, failures):
        results = [Result(of=(number,), error=error) for number, error in failures]
        surveys: dict[str, Survey] = {}

        async def look_at(place: Place) -> None:
            try:
                found = await survey(
                    place.session,
                    place.declarations,
                    Memory(),
                    resent=options.resent,
                    scope=options.scope,
                    secrets_known=options.secrets_known,
                )
                policies = [of[number].policy for number in place.numbers]
                surveys[place.name] = replace(found, plan=_weighed(found.plan, policies, options))
            except Exception as error:  # noqa: BLE001 - one place that cannot be read hides no other
                results.append(_result(place, error=error))

        async def try_out(place: Place) -> None:
            found = surveys[place.name]
            try:
                notices = await _preflight(place, found, options)
                plan = replace(found.plan, notices=(*found.plan.notices, *notices))
                surveys[place.name] = replace(found, plan=plan)
            except Exception as error:  # noqa: BLE001 - what fails in one place is no failure of another
                results.append(_result(place, plan=surveys.pop(place.name).plan, error=error))

        await concurrently(*(partial(look_at, place) for place in places))
        if not any(result.error for result in results):
            _refuse_unknown(options.resent.paths, surveys.values())
            refuse_unknown(options.scope.selected, [key for found in surveys.values() for key in found.keys])
        if options.preflight is not None:
            await concurrently(*(partial(try_out, place) for place in places if place.name in surveys))
        yield [(place, surveys[place.name]) for place in places if place.name in surveys], results


async def _preflight(place: Place, found: Survey, options: Options) -> Sequence[Notice]:
    coming = {each.change.key: each.change for each in found.plan.operations if not isinstance(each.change, Delete)}
    context = ResolveContext(ids=found.ids, coming=coming, facts=found.facts)
    kinds: Kinds = {kind.name: kind for kind in place.session.kinds}
    limiter = anyio.CapacityLimiter(options.settings.concurrency)
    return await preflight(found.plan, kinds, context, seconds=options.preflight or 0, limiter=limiter)


def _weighed(plan: Plan, policies: Iterable[Policy], options: Options) -> Plan:
    """Whoever destroys all that is declared means all of it."""
    asked = replace(options.policy, max_changes=1) if options.scope.destroy else options.policy
    return weighed(plan, strictest(policies), asked)


def _refuse_unknown(wanted: Iterable[str], surveys: Iterable[Survey]) -> None:
    """A misspelt path would leave the old secret where it is, and say nothing. Raises DeclarationError."""
    declared = {where for found in surveys for where in found.secrets}
    for path in sorted(set(wanted) - declared):
        near = difflib.get_close_matches(path, sorted(declared), n=1)
        hint = f"did you mean {near[0]}?" if near else "name one as the check prints it, such as shop.password."
        raise DeclarationError(f"No secret is declared at {path}; nothing was written; {hint}")


def _declaration(number: int, reconciler: Reconciler) -> Declaration:
    return Declaration(
        owner=str(number),
        elements=reconciler.elements,
        delete_unmentioned=reconciler.delete_unmentioned_resources,
    )
