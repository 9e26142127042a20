"""Where the road is walked: reconcilers grouped by place, surveyed, guarded, carried out.

`check` is `apply` stopped before the first write: both show the same plan. One failing place hides no other.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

import anyio
import anyio.to_thread

from dagster_managed_elements.engine.changes import Delete
from dagster_managed_elements.engine.concurrency import concurrently, meanwhile
from dagster_managed_elements.engine.elements import Element
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.findings import Notice
from dagster_managed_elements.engine.guarding import Policy, strictest, weighed
from dagster_managed_elements.engine.kinds import Instance, Kinds, ResolveContext, Settings
from dagster_managed_elements.engine.planning import Plan, Starters, nobody
from dagster_managed_elements.engine.secrets import NONE_RESENT, Resent
from dagster_managed_elements.engine.selecting import refuse_unknown
from dagster_managed_elements.engine.surveying import Declaration, Scope, Survey, survey
from dagster_managed_elements.places import Member, Place, connected

if TYPE_CHECKING:  # what a check without a state never needs is loaded where something does
    from dagster_managed_elements.engine.execution import OnOutcome
    from dagster_managed_elements.engine.reports import Report
    from dagster_managed_elements.engine.saving import Promise, ShownPlan
    from dagster_managed_elements.state.going_back import Past
    from dagster_managed_elements.state.holding import Locking, States
    from dagster_managed_elements.state.recording import Recorder

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

    *of* are the numbers of the reconcilers it answers for, in the order they were given. A check has all that was
    *found*. An *error* that is no ManagedElementsError is a fault of this library or of an integration: it is for
    the caller to raise or show with its traceback, once what became of the other places is told.
    """

    of: tuple[int, ...]
    place: str = ""
    plan: Plan | None = None
    report: Report | None = None
    error: Exception | None = None
    # What is declared stands in it as it was given: no secret of it is told from other values yet.
    found: Survey | None = field(default=None, repr=False)

    @property
    def shown(self) -> ShownPlan | None:
        """What was shown of it, which can be saved."""
        return None if self.found is None else shown(self.found)


def shown(found: Survey) -> ShownPlan:
    """What is shown of what was *found*."""
    from dagster_managed_elements.engine.saving import ShownPlan

    return ShownPlan(plan=found.plan, declared=found.declared, pairs=found.pairs)


async def check(of: Sequence[Reconcilable], options: Options) -> list[Result]:
    """One Result a place. Nothing is written."""
    async with opened(of, options) as states, surveyed(of, options, states) as (entries, results, _):
        results += [replace(result_of(entry.place, plan=entry.found.plan), found=entry.found) for entry in entries]
    return sorted(results, key=lambda result: result.of)


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A place, what was found there, and what remembers it, where something does."""

    place: Place
    found: Survey
    recorder: Recorder | None


def result_of(
    place: Place, *, plan: Plan | None = None, report: Report | None = None, error: Exception | None = None
) -> Result:
    return Result(of=place.numbers, place=place.session.place, plan=plan, report=report, error=error)


@asynccontextmanager
async def surveyed(
    of: Sequence[Reconcilable], options: Options, states: States | None
) -> AsyncGenerator[tuple[list[Surveyed], list[Result], str]]:
    """Every place and its survey, in the order given; what could not be surveyed is a Result already. At last the
    id of the run that is undone, if one is.
    """
    members = [
        Member(instance=reconciler.instance, declaration=_declaration(number, reconciler, options))
        for number, reconciler in enumerate(of)
    ]
    past = None if options.undo is None else await anyio.to_thread.run_sync(_past, options.undo, states)
    ahead = [member.declaration.gathering.ahead for member in members]
    async with meanwhile(*ahead), connected(members, options.settings) as (every, failures):
        places = past.those_of(every, failed=bool(failures)) if past else every
        results = [Result(of=(number,), error=error) for number, error in failures]
        surveys: dict[str, Surveyed] = {}

        async def survey_place(place: Place) -> None:
            try:
                recorder = _recorder(place, of, options, states)
                found = await _survey(place, recorder, options, past)
                found = recorder.annotated(found) if recorder else found
                policies = [of[number].policy for number in place.numbers]
                weighed_plan = _weighed(found.plan, policies, options)
                surveys[place.name] = Surveyed(place, replace(found, plan=weighed_plan), recorder)
            except Exception as error:  # noqa: BLE001 - one place that cannot be read hides no other
                results.append(result_of(place, error=error))

        async def try_out(place: Place) -> None:
            entry = surveys[place.name]
            try:
                notices = await _preflight(place, entry.found, options)
                plan = replace(entry.found.plan, notices=(*entry.found.plan.notices, *notices))
                surveys[place.name] = replace(entry, found=replace(entry.found, plan=plan))
            except Exception as error:  # noqa: BLE001 - what fails in one place is no failure of another
                results.append(result_of(place, plan=surveys.pop(place.name).found.plan, error=error))

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
        from dagster_managed_elements.engine.undoing import survey_back

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


def _past(undo: str, states: States | None) -> Past:
    """The run that is to be undone. Raises ManagedElementsError where there is none, or it cannot be read."""
    from dagster_managed_elements.state.fingerprints import find_key
    from dagster_managed_elements.state.going_back import NO_HISTORY, find

    if states is None:
        raise DeclarationError(f"{NO_HISTORY} The state is what the run was applied with.")
    return find([states.of(url).history for url in states.opened], undo, find_key())


def _url(reconciler: Reconcilable, options: Options) -> str | None:
    return options.state or reconciler.state or os.environ.get(STATE_VARIABLE) or None


def opened(
    of: Iterable[Reconcilable], options: Options, locking: Locking | None = None
) -> AbstractAsyncContextManager[States | None]:
    """What is remembered of their places, None where nothing is; with *locking* locked before."""
    urls = [url for reconciler in of if (url := _url(reconciler, options)) is not None]
    if not urls:
        return nullcontext()
    from dagster_managed_elements.state.holding import opened

    return opened(urls, locking)


def _recorder(place: Place, of: Sequence[Reconcilable], options: Options, states: States | None) -> Recorder | None:
    """None where nothing is remembered. Raises ManagedElementsError where the state cannot be had."""
    urls = {_url(of[number], options) for number in place.numbers}
    if len(urls) > 1:
        listed = " and ".join(sorted(url or "none" for url in urls))
        raise DeclarationError(f"Reconcilers of one place name different states: {listed}; give them the same.")
    (url,) = urls
    if url is None or states is None:
        if any(declaration.delete_unmentioned == "owned" for declaration in place.declarations):
            raise DeclarationError('delete_unmentioned_resources="owned" needs a state: it tells what is owned.')
        if options.versions == "asked" or options.trust_secrets:
            raise DeclarationError("Versions and values of secrets are recorded in a state; give one, by --state.")
        return None
    from dagster_managed_elements.state.fingerprints import find_key
    from dagster_managed_elements.state.recording import Recorder

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
    from dagster_managed_elements.engine.preflighting import preflight

    coming = {
        operation.change.key: operation.change
        for operation in found.plan.operations
        if not isinstance(operation.change, Delete)
    }
    context = ResolveContext(ids=found.ids, coming=coming, facts=found.facts)
    kinds: Kinds = {kind.name: kind for kind in place.session.kinds}
    limiter = anyio.Semaphore(options.settings.concurrency, fast_acquire=True)
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
