"""Where plans are carried out: decided on place by place, written down before and after, executed at once."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import cast

import anyio

from dagster_managed_elements.engine.concurrency import concurrently
from dagster_managed_elements.engine.errors import ManagedElementsError, PlanMoved, StateError
from dagster_managed_elements.engine.execution import ExecutionSettings, execute
from dagster_managed_elements.engine.guarding import guard
from dagster_managed_elements.engine.kinds import Kinds
from dagster_managed_elements.engine.past import Command
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.engine.reports import Report
from dagster_managed_elements.engine.saving import Promise, ShownPlan, elsewhere, moved
from dagster_managed_elements.reconciling import (
    Options,
    Reconcilable,
    Result,
    Surveyed,
    opened,
    result_of,
    shown,
    surveyed,
)
from dagster_managed_elements.state.fingerprints import fingerprinted
from dagster_managed_elements.state.holding import Locking
from dagster_managed_elements.state.recording import Chapter, Recorder


async def apply(of: Sequence[Reconcilable], options: Options, stop: anyio.Event) -> list[Result]:
    """One Result a place. Once *stop* is set nothing new is begun, and the reports say what was not.

    Places are surveyed at once, decided on one after the other in the order given, and carried out at once.
    """
    limiters: dict[str, anyio.Semaphore] = {}
    options = replace(options, secrets_known=True)
    locking = Locking(stop=stop, timeout=options.lock_timeout, tell=options.tell)
    async with (
        opened(of, options, locking) as states,
        surveyed(of, options, states) as (entries, results, undoes),
    ):

        async def execute_place(entry: Surveyed) -> None:
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
            results.append(result_of(entry.place, plan=entry.found.plan, report=report, error=error))

        agreed: list[Surveyed] = []
        broken = _broken(options.promise, [shown(entry.found) for entry in entries], results)
        for entry in entries:
            if broken is not None:
                results.append(result_of(entry.place, plan=entry.found.plan, error=broken))
            elif (refusal := await _refusal(entry.found.plan, options, stop)) is None:
                agreed.append(entry)
            else:
                results.append(result_of(entry.place, plan=entry.found.plan, error=refusal))
        entered = [] if stop.is_set() else agreed
        async with _in_history(entered, options, results, undoes) as refused:
            await concurrently(*(partial(execute_place, entry) for entry in agreed if entry not in refused))
    return sorted(results, key=lambda result: result.of)


@asynccontextmanager
async def _in_history(
    agreed: Sequence[Surveyed], options: Options, results: list[Result], undoes: str
) -> AsyncGenerator[list[Surveyed]]:
    """What is to be written is in the history before, what became of it after. Those of *agreed* of which it cannot
    be put down, which are Results already: they are not carried out.
    """
    by_state: dict[str, list[Surveyed]] = {}
    for entry in agreed:
        if entry.recorder is not None and not entry.found.plan.is_empty:
            by_state.setdefault(entry.recorder.state.store.url, []).append(entry)
    refused, entered = list[Surveyed](), list[tuple[Chapter, list[Surveyed]]]()
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
            results += [result_of(entry.place, plan=entry.found.plan, error=error) for entry in places]
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


def _broken(promise: Promise | None, plans: Sequence[ShownPlan], results: Sequence[Result]) -> PlanMoved | None:
    """Why nothing is done of what was promised: all of it is, or none."""
    if promise is None:
        return None
    plans = [fingerprinted(plan) for plan in plans]
    failed = [f"{result.place or 'a place'} cannot be looked at" for result in results if result.error is not None]
    reasons = failed or elsewhere(promise, plans)
    promised = {saved.place: saved for saved in promise.places}
    if not reasons:
        reasons = [reason for there in plans for reason in moved(promised[there.plan.place], there)]
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
    entry: Surveyed, options: Options, stop: anyio.Event, limiters: dict[str, anyio.Semaphore]
) -> Report:
    session, found, settings = entry.place.session, entry.found, options.settings
    limiter = limiters.setdefault(session.host, anyio.Semaphore(settings.concurrency, fast_acquire=True))
    execution = ExecutionSettings(
        limiter=limiter, stop=stop, on_outcome=options.on_outcome, patience=settings.patience, facts=found.facts
    )
    if entry.recorder is not None:
        execution = replace(execution, remember=entry.recorder.note)
    kinds: Kinds = {kind.name: kind for kind in session.kinds}
    return await execute(found.plan, kinds, found.ids, found.seen, execution)
