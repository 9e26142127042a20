"""Carries out a plan: each operation when what it waits for is done, so many at a time, and reports on each.

A failure skips only what depends on it. Nothing here prints, retries a request or touches a signal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import anyio
from anyio.abc import TaskGroup

from dagster_managed_elements.engine.changes import Change, Declared, Delete, Observed, Pair, Replace, Update
from dagster_managed_elements.engine.diffing import Kinds
from dagster_managed_elements.engine.elements import Key, Later
from dagster_managed_elements.engine.errors import ApiError, Lost, ManagedElementsError, Partial
from dagster_managed_elements.engine.kinds import Kind, Look
from dagster_managed_elements.engine.planning import Operation, Plan, Step
from dagster_managed_elements.engine.reports import Outcome, Report

OnOutcome: TypeAlias = Callable[[Outcome], None]
Sleep: TypeAlias = Callable[[float], Awaitable[None]]

_FIRST_LOOK, _LONGEST_PAUSE = 0.5, 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How a plan is carried out. *patience* is for how many seconds a create whose answer was lost is looked
    for; *stop*, once set, starts nothing new; *sleep* is there so that tests need no time.
    """

    limiter: anyio.CapacityLimiter
    stop: anyio.Event
    on_outcome: OnOutcome = lambda _outcome: None
    patience: float = 60.0
    sleep: Sleep = anyio.sleep


async def execute(
    plan: Plan, kinds: Kinds, ids: Mapping[Key, str], seen: Mapping[str, frozenset[str]], ways: Ways
) -> Report:
    """One Outcome for each operation of *plan*. Raises nothing an operation raised: it is in the report."""
    run = _Run(plan, kinds, dict(ids), seen, ways)
    async with anyio.create_task_group() as group:
        run.begin(group)
    outcomes = tuple(run.outcomes[operation.step] for operation in plan.operations)
    return Report(place=plan.place, outcomes=outcomes, interrupted=ways.stop.is_set())


class _Run:
    """A plan under way: who still waits for whom, and what became of those that ended."""

    def __init__(
        self,
        plan: Plan,
        kinds: Kinds,
        ids: dict[Key, str],
        seen: Mapping[str, frozenset[str]],
        ways: Ways,
    ) -> None:
        self.plan, self.kinds, self.ids, self.seen, self.ways = plan, kinds, ids, seen, ways
        self.outcomes: dict[Step, Outcome] = {}
        self.waiting = {operation.step: len(operation.waits_for) for operation in plan.operations}
        self.dependents: Mapping[Step, list[Operation]] = defaultdict(list)
        for operation in plan.operations:
            for step in operation.waits_for:
                self.dependents[step].append(operation)

    def begin(self, group: TaskGroup) -> None:
        for operation in self.plan.operations:
            if not operation.waits_for:
                group.start_soon(self._run, operation, group)

    async def _run(self, operation: Operation, group: TaskGroup) -> None:
        outcome = self._hindered(operation)
        if outcome is None:
            async with self.ways.limiter:
                # A write that began is seen to its end, whatever becomes of the task that asked for it.
                with anyio.CancelScope(shield=True):
                    outcome = self._hindered(operation) or await self._attempt(operation)
        self.outcomes[operation.step] = outcome
        self.ways.on_outcome(outcome)
        for dependent in self.dependents[operation.step]:
            self.waiting[dependent.step] -= 1
            if not self.waiting[dependent.step]:
                group.start_soon(self._run, dependent, group)

    def _hindered(self, operation: Operation) -> Outcome | None:
        for step in operation.waits_for:
            if self.outcomes[step].status != "done":
                return Outcome(step=operation.step, status="skipped", reason=f"waits for: {step}")
        if self.ways.stop.is_set():
            return Outcome(step=operation.step, status="skipped", reason="interrupted before it began")
        return None

    async def _attempt(self, operation: Operation) -> Outcome:
        step, kind = operation.step, self.kinds[operation.change.key.kind]
        try:
            return await self._act(step, operation.change, kind)
        except Partial as error:
            return Outcome(step=step, status="failed", id=error.id, reason=str(error))
        except ManagedElementsError as error:
            return Outcome(step=step, status="failed", reason=str(error))
        except Exception as error:  # noqa: BLE001 - the report must survive a fault of an integration
            reason = f"internal error: {type(error).__name__}"
            return Outcome(step=step, status="failed", reason=reason, error=error)

    async def _act(self, step: Step, change: Change, kind: Kind) -> Outcome:
        if isinstance(change, Delete) or (isinstance(change, Replace) and step.verb == "delete"):
            await kind.delete(change.observed)
            return Outcome(step=step, status="done", id=change.observed.id)
        if isinstance(change, Update):
            declared = await self._settle(change.declared, change.observed, kind)
            await kind.update(replace(change, declared=declared), self.ids)
            return Outcome(step=step, status="done", id=change.observed.id)
        declared = await self._settle(change.declared, None, kind)
        try:
            id_ = await kind.create(declared, self.ids)
        except Lost as error:
            return await self._look_for(step, kind, error)
        self.ids[change.key] = id_
        return Outcome(step=step, status="done", id=id_)

    async def _settle(self, declared: Declared, observed: Observed | None, kind: Kind) -> Declared:
        """Verify what could not be verified before: the same resolve again, now that its source exists."""
        if not any(isinstance(value, Later) for value in declared.fields.values()):
            return declared
        (settled,) = await kind.resolve([Pair(declared, observed)], Look(ids=self.ids))
        if not isinstance(settled, Pair) or settled.declared is None:
            raise ManagedElementsError(str(settled))
        for name, value in declared.fields.items():
            if not isinstance(value, Later) and settled.declared.fields.get(name) != value:
                text = f"{name} is no longer what the plan showed; check again"
                raise ManagedElementsError(text)
        return settled.declared

    async def _look_for(self, step: Step, kind: Kind, lost: Lost) -> Outcome:
        """A create whose answer was lost is never sent again: the server may still be committing it."""
        pause, waited = _FIRST_LOOK, 0.0
        while True:
            found = await self._new_ids(kind, step.key.name)
            if len(found) == 1:
                self.ids[step.key] = found[0]
                return Outcome(step=step, status="done", id=found[0], reason="found after a lost answer")
            if found or waited >= self.ways.patience or self.ways.stop.is_set():
                said = f"; {len(found)} were found: {', '.join(found)}" if found else "; not found so far"
                return Outcome(step=step, status="unknown", reason=f"{lost}{said}")
            await self.ways.sleep(pause)
            waited, pause = waited + pause, min(2 * pause, _LONGEST_PAUSE)

    async def _new_ids(self, kind: Kind, name: str) -> list[str]:
        before = self.seen.get(kind.name, frozenset())
        try:
            return sorted(each.id for each in await kind.find(name) if each.id not in before)
        except ApiError:
            return []
