"""Where the road is walked: reconcilers grouped by place, surveyed, guarded, carried out.

`check` is `apply` stopped before the first write: both show the same plan. One failing place hides no other.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final, Literal, Protocol, TypeAlias, cast

import anyio
import anyio.to_thread

from dagster_managed_elements.engine.changes import Delete
from dagster_managed_elements.engine.concurrency import concurrently
from dagster_managed_elements.engine.elements import Element
from dagster_managed_elements.engine.errors import DeclarationError, ManagedElementsError, PlanMoved, StateError
from dagster_managed_elements.engine.execution import ExecutionSettings, OnOutcome, execute
from dagster_managed_elements.engine.findings import Notice
from dagster_managed_elements.engine.guarding import Policy, guard, strictest, weighed
from dagster_managed_elements.engine.kinds import Instance, Kinds, ResolveContext, Settings
from dagster_managed_elements.engine.past import Command
from dagster_managed_elements.engine.planning import Plan, Starters, nobody
from dagster_managed_elements.engine.preflighting import preflight
from dagster_managed_elements.engine.reports import Report
from dagster_managed_elements.engine.saving import Promise, ShownPlan, elsewhere, moved
from dagster_managed_elements.engine.secrets import NONE_RESENT, Resent
from dagster_managed_elements.engine.selecting import refuse_unknown
from dagster_managed_elements.engine.surveying import Declaration, Scope, Survey, survey
from dagster_managed_elements.engine.undoing import survey_back
from dagster_managed_elements.places import Member, Place, connected
from dagster_managed_elements.state.fingerprints import find_key, fingerprinted
from dagster_managed_elements.state.going_back import NO_HISTORY, Past, find
from dagster_managed_elements.state.holding import Locking, States, opened
from dagster_managed_elements.state.recording import Chapter, Recorder

STATE_VARIABLE: Final = "DAGSTER_ME_STATE"
Versions: TypeAlias = Literal["unasked", "asked", "where recorded"]


class Reconcilable(Protocol):
    """What a `Reconciler` says of itself, as far as the road goes."""

    @property
    def instance(self) -> Instance: ...
    @property
    def elements(self) -> Sequence[Element]: ...
    @property
    def delete_unmentioned_resources(self) -> bool | Literal["owned"]: ...
    @property
    def policy(self) -> Policy: ...
    @property
    def state(self) -> str | None: ...
    @property
    def name(self) -> str: ...


async def _refuse_what_destroys(_plan: Plan) -> Policy:
    return Policy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a run is made. With *undo*, the id of an earlier run or "last", its way back is planned and nothing else.
    *folder* is where what is declared lies, for the history to tell of which commit it is. *decide* is asked once a
    place, when the plan is known and nothing is written yet, for what is allowed; by default nothing destructive
    is. *resent* are the secrets to send although they are there, *scope* is which differences are planned. *policy*
    widens for this run what the reconcilers' own lets pass. With a *promise* nothing is done unless all of it is
    what was saved. *preflight* is for how many seconds the plan is tried on the server before anything is written;
    None: it is not. Without *secrets_known* a check takes a secret that cannot be read here for the one that is
    there. *starters*, one for each reconciler where they are known, know who else than its server starts what it
    declares.

    *state* is the URL of what is remembered, of all places; by default each reconciler's own, or else that of the
    environment. An apply waits for its lock for *lock_timeout* seconds, and has *tell* say so. With *versions*
    "asked" the server is asked for those of the secrets that it has, and it is said of which it tells none; with
    "where recorded" nothing is said, and a state is not needed. With *trust_secrets* those of which nothing is
    remembered are recorded as what the server has.
    """

    scope: Scope = field(default_factory=Scope)
    undo: str | None = None
    folder: Path = field(default_factory=Path)
    policy: Policy = field(default_factory=Policy)
    promise: Promise | None = None
    preflight: float | None = None
    resent: Resent = NONE_RESENT
    secrets_known: bool = True
    starters: Sequence[Starters] = ()
    state: str | None = None
    lock_timeout: float = 0.0
    tell: Callable[[str], None] = lambda _text: None
    versions: Versions = "unasked"
    trust_secrets: bool = False
    settings: Settings = field(default_factory=Settings)
    decide: Callable[[Plan], Awaitable[Policy]] = _refuse_what_destroys
    on_outcome: OnOutcome = lambda _outcome: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one place: a plan, and a report where it was applied, or the error that stood in the way.

    *of* are the numbers of the reconcilers it answers for, in the order they were given. A check has what was
    *shown*, which can be saved, and all that was *found*. An *error* that is no ManagedElementsError is a fault of
    this library or of an integration: it is for the caller to raise or show with its traceback, once what became of
    the other places is told.
    """

    of: tuple[int, ...]
    place: str = ""
    plan: Plan | None = None
    report: Report | None = None
    error: Exception | None = None
    # What is declared stands in it as it was given: no secret of it is told from other values yet.
    shown: ShownPlan | None = field(default=None, repr=False)
    found: Survey | None = field(default=None, repr=False)


async def check(of: Sequence[Reconcilable], options: Options) -> list[Result]:
    """One Result a place. Nothing is written."""
    async with opened(_urls(of, options)) as states, _surveyed(of, options, states) as (surveyed, results, _):
        for entry in surveyed:
            result = _result(entry.place, plan=entry.found.plan)
            results.append(replace(result, shown=_shown(entry.found), found=entry.found))
    return sorted(results, key=lambda result: result.of)


async def apply(of: Sequence[Reconcilable], options: Options, stop: anyio.Event) -> list[Result]:
    """One Result a place. Once *stop* is set nothing new is begun, and the reports say what was not.

    Places are surveyed at once, decided on one after the other in the order given, and carried out at once.
    """
    limiters: dict[str, anyio.CapacityLimiter] = {}
    options = replace(options, secrets_known=True)
    locking = Locking(stop=stop, timeout=options.lock_timeout, tell=options.tell)
    async with (
        opened(_urls(of, options), locking) as states,
        _surveyed(of, options, states) as (surveyed, results, undoes),
    ):

        async def execute_place(entry: _Surveyed) -> None:
            report: Report | None = None
            error: Exception | None = None
            try:
                if entry.recorder is not None:
                    await entry.recorder.begin(entry.found)
                report = await _execute(entry, options, stop, limiters)
                if entry.recorder is not None:
                    await entry.recorder.end(entry.found, report)
            except Exception as fault:  # noqa: BLE001 - other places are writing: none may end for this one
                error = fault
            results.append(_result(entry.place, plan=entry.found.plan, report=report, error=error))

        agreed: list[_Surveyed] = []
        broken = _broken(options.promise, [_shown(entry.found) for entry in surveyed], results)
        for entry in surveyed:
            if broken is not None:
                results.append(_result(entry.place, plan=entry.found.plan, error=broken))
            elif (refusal := await _refusal(entry.found.plan, options, stop)) is None:
                agreed.append(entry)
            else:
                results.append(_result(entry.place, plan=entry.found.plan, error=refusal))
        entered = [] if stop.is_set() else agreed
        async with _in_history(entered, options, results, undoes) as refused:
            await concurrently(*(partial(execute_place, entry) for entry in agreed if entry not in refused))
    return sorted(results, key=lambda result: result.of)


@asynccontextmanager
async def _in_history(
    agreed: Sequence[_Surveyed], options: Options, results: list[Result], undoes: str
) -> AsyncGenerator[list[_Surveyed]]:
    """What is to be written is in the history before, what became of it after. Those of *agreed* of which it cannot
    be put down, which are Results already: they are not carried out.
    """
    by_state: dict[str, list[_Surveyed]] = {}
    for entry in agreed:
        if entry.recorder is not None and not entry.found.plan.is_empty:
            by_state.setdefault(entry.recorder.state.store.url, []).append(entry)
    refused, entered = list[_Surveyed](), list[tuple[Chapter, list[_Surveyed]]]()
    # Some place was down, or declined, or something is left out: what it goes back from still stands.
    is_part = any(result.error for result in results) or any(entry.found.plan.left_out for entry in agreed)
    for places in by_state.values():
        recorders = [cast("Recorder", entry.recorder) for entry in places]
        chapter = Chapter(recorders, undoes, is_part=bool(undoes) and is_part)
        try:
            await chapter.begin([entry.found for entry in places], _command(options), options.folder)
            entered.append((chapter, places))
        except Exception as error:  # noqa: BLE001 - nothing is written there, and other places are told of
            refused += places
            results += [_result(entry.place, plan=entry.found.plan, error=error) for entry in places]
    yield refused
    for chapter, places in entered:
        became = {result.place: result for result in results}
        of = {entry.place.name: became[entry.place.name] for entry in places if entry.place.name in became}
        try:
            await chapter.end({name: (result.report, result.error) for name, result in of.items()})
        except StateError as error:
            for result in of.values():
                results[results.index(result)] = replace(result, error=result.error or error)


def _command(options: Options) -> Command:
    if options.undo is not None:
        return "undo"
    return "destroy" if options.scope.destroy else "apply"


def _shown(found: Survey) -> ShownPlan:
    return ShownPlan(plan=found.plan, declared=found.declared, pairs=found.pairs)


def _broken(promise: Promise | None, plans: Sequence[ShownPlan], results: Sequence[Result]) -> PlanMoved | None:
    """Why nothing is done of what was promised: all of it is, or none."""
    if promise is None:
        return None
    plans = [fingerprinted(shown) for shown in plans]
    failed = [f"{result.place or 'a place'} cannot be looked at" for result in results if result.error is not None]
    reasons = failed or elsewhere(promise, plans)
    promised = {saved.place: saved for saved in promise.places}
    if not reasons:
        reasons = [reason for shown in plans for reason in moved(promised[shown.plan.place], shown)]
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


@dataclass(frozen=True, slots=True)
class _Surveyed:
    """A place, what was found there, and what remembers it, where something does."""

    place: Place
    found: Survey
    recorder: Recorder | None


async def _execute(
    surveyed: _Surveyed, options: Options, stop: anyio.Event, limiters: dict[str, anyio.CapacityLimiter]
) -> Report:
    session, found, settings = surveyed.place.session, surveyed.found, options.settings
    limiter = limiters.setdefault(session.host, anyio.CapacityLimiter(settings.concurrency))
    execution = ExecutionSettings(
        limiter=limiter, stop=stop, on_outcome=options.on_outcome, patience=settings.patience, facts=found.facts
    )
    if surveyed.recorder is not None:
        execution = replace(execution, remember=surveyed.recorder.note)
    kinds: Kinds = {kind.name: kind for kind in session.kinds}
    return await execute(found.plan, kinds, found.ids, found.seen, execution)


def _result(
    place: Place, *, plan: Plan | None = None, report: Report | None = None, error: Exception | None = None
) -> Result:
    return Result(of=place.numbers, place=place.session.place, plan=plan, report=report, error=error)


@asynccontextmanager
async def _surveyed(
    of: Sequence[Reconcilable], options: Options, states: States
) -> AsyncGenerator[tuple[list[_Surveyed], list[Result], str]]:
    """Every place and its survey, in the order given; what could not be surveyed is a Result already. At last the
    id of the run that is undone, if one is.
    """
    members = [
        Member(instance=reconciler.instance, declaration=_declaration(number, reconciler, options))
        for number, reconciler in enumerate(of)
    ]
    past = await anyio.to_thread.run_sync(_past, options, states) if options.undo is not None else None
    async with connected(members, options.settings) as (every, failures):
        places = past.those_of(every, failed=bool(failures)) if past else every
        results = [Result(of=(number,), error=error) for number, error in failures]
        surveys: dict[str, _Surveyed] = {}

        async def survey_place(place: Place) -> None:
            try:
                recorder = _recorder(place, of, options, states)
                found = await _survey(place, recorder, options, past)
                found = recorder.annotated(found) if recorder else found
                policies = [of[number].policy for number in place.numbers]
                weighed_plan = _weighed(found.plan, policies, options)
                surveys[place.name] = _Surveyed(place, replace(found, plan=weighed_plan), recorder)
            except Exception as error:  # noqa: BLE001 - one place that cannot be read hides no other
                results.append(_result(place, error=error))

        async def try_out(place: Place) -> None:
            entry = surveys[place.name]
            try:
                notices = await _preflight(place, entry.found, options)
                plan = replace(entry.found.plan, notices=(*entry.found.plan.notices, *notices))
                surveys[place.name] = replace(entry, found=replace(entry.found, plan=plan))
            except Exception as error:  # noqa: BLE001 - what fails in one place is no failure of another
                results.append(_result(place, plan=surveys.pop(place.name).found.plan, error=error))

        if past is not None:
            options.tell(past.told)
        await concurrently(*(partial(survey_place, place) for place in places))
        if not any(result.error for result in results):
            _refuse_unknown(options.resent.paths, (entry.found for entry in surveys.values()))
            refuse_unknown(options.scope.selected, [key for entry in surveys.values() for key in entry.found.keys])
        if options.preflight is not None:
            await concurrently(*(partial(try_out, place) for place in places if place.name in surveys))
        found = [surveys[place.name] for place in places if place.name in surveys]
        yield found, results, past.run.id if past else ""


async def _survey(place: Place, recorder: Recorder | None, options: Options, past: Past | None) -> Survey:
    memory = recorder.memory if recorder else None
    if past is not None:
        return await survey_back(
            place.session,
            past.way(place.session),
            place.declarations,
            memory,
            resent=options.resent,
            scope=options.scope,
            versions=options.versions != "unasked",
        )
    return await survey(
        place.session,
        place.declarations,
        memory,
        resent=options.resent,
        scope=options.scope,
        secrets_known=options.secrets_known,
        versions=options.versions != "unasked",
    )


def _past(options: Options, states: States) -> Past:
    """The run that is to be undone. Raises ManagedElementsError where there is none, or it cannot be read."""
    if not states.opened:
        raise DeclarationError(f"{NO_HISTORY} The state is what the run was applied with.")
    histories = [states.of(url).history for url in states.opened]
    return find(histories, cast("str", options.undo), find_key())


def _url(reconciler: Reconcilable, options: Options) -> str | None:
    return options.state or reconciler.state or os.environ.get(STATE_VARIABLE) or None


def _urls(of: Iterable[Reconcilable], options: Options) -> list[str]:
    return [url for reconciler in of if (url := _url(reconciler, options)) is not None]


def _recorder(place: Place, of: Sequence[Reconcilable], options: Options, states: States) -> Recorder | None:
    """None where nothing is remembered. Raises ManagedElementsError where the state cannot be had."""
    urls = {_url(of[number], options) for number in place.numbers}
    if len(urls) > 1:
        listed = " and ".join(sorted(url or "none" for url in urls))
        raise DeclarationError(f"Reconcilers of one place name different states: {listed}; give them the same.")
    (url,) = urls
    if url is None:
        if any(declaration.delete_unmentioned == "owned" for declaration in place.declarations):
            raise DeclarationError('delete_unmentioned_resources="owned" needs a state: it tells what is owned.')
        if options.versions == "asked" or options.trust_secrets:
            raise DeclarationError("Versions and values of secrets are recorded in a state; give one, by --state.")
        return None
    session, state = place.session, states.of(url)
    anew = options.trust_secrets or options.resent.every
    remembered = state.place(session.lasting, find_key(), anew=anew)
    return Recorder(
        state,
        remembered,
        session,
        # What goes back is nobody's new: whose it is, the next apply says.
        () if options.undo is not None else place.declarations,
        trust=options.trust_secrets,
        versions=options.versions == "asked",
        goes_back=options.undo is not None,
    )


async def _preflight(place: Place, found: Survey, options: Options) -> Sequence[Notice]:
    coming = {
        operation.change.key: operation.change
        for operation in found.plan.operations
        if not isinstance(operation.change, Delete)
    }
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


def _declaration(number: int, reconciler: Reconcilable, options: Options) -> Declaration:
    return Declaration(
        owner=str(number),
        elements=reconciler.elements,
        delete_unmentioned=reconciler.delete_unmentioned_resources,
        name=reconciler.name,
        starters=options.starters[number] if options.starters else nobody,
    )
