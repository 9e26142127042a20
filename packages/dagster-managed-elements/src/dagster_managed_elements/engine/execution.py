"""Carries out a plan: each operation when what it waits for is done, so many at a time, and reports on each.

A failure skips only what depends on it. Nothing here prints, retries a request or touches a signal.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from typing import Any, Final, TypeAlias

import anyio
from anyio.abc import TaskGroup

from dagster_managed_elements.engine.changes import (
    Change,
    Create,
    Declared,
    Delete,
    Observed,
    Pair,
    Replace,
    Update,
)
from dagster_managed_elements.engine.diffing import Basis, diff
from dagster_managed_elements.engine.errors import ApiError, Lost, ManagedElementsError, Partial, ServerFault
from dagster_managed_elements.engine.findings import Problem
from dagster_managed_elements.engine.kinds import Kind, Kinds, ResolveContext
from dagster_managed_elements.engine.planning import Operation, Plan, Step
from dagster_managed_elements.engine.reports import Outcome, Report, Status
from dagster_managed_elements.engine.revealing import Reads, SentSecrets
from dagster_managed_elements.engine.rivalry import Rivals, holders
from dagster_managed_elements.engine.succession import Interim
from dagster_managed_elements.engine.values import ABSENT, Fields, Key, Later

_log = logging.getLogger("dagster_managed_elements.engine")

OnOutcome: TypeAlias = Callable[[Outcome], None]
Remember: TypeAlias = Callable[[Operation, Outcome], Awaitable[None]]
Sleep: TypeAlias = Callable[[float], Awaitable[None]]

_FIRST_LOOK, _LONGEST_PAUSE = 0.5, 8.0
_FOUND: Final = {"delete": "found gone", "update": "found done", "create": "found"}
_INTERRUPTED = "interrupted before it began"


async def _forget(_operation: Operation, _outcome: Outcome) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionSettings:
    """How a plan is carried out. *patience* is for how many seconds a create whose answer was lost is looked
    for; *stop*, once set, starts nothing new; *sleep* is there so that tests need no time; *facts* are
    what resolving found, for what is resolved again; *remember* is told of each operation as soon as it ended.
    """

    limiter: anyio.Semaphore
    stop: anyio.Event
    on_outcome: OnOutcome = lambda _outcome: None
    patience: float = 60.0
    sleep: Sleep = anyio.sleep
    facts: Mapping[Key, Any] = field(default_factory=dict[Key, Any])
    remember: Remember = _forget


async def execute(
    plan: Plan,
    kinds: Kinds,
    ids: Mapping[Key, str],
    seen: Mapping[str, frozenset[str]],
    settings: ExecutionSettings,
) -> Report:
    """One Outcome for each operation of *plan*. Raises nothing an operation raised: it is in the report."""
    run = _Run(plan, kinds, dict(ids), seen, settings)
    async with anyio.create_task_group() as group:
        run.begin(group)
    await run.recount()
    outcomes = tuple(run.outcomes[operation.step] for operation in plan.operations)
    return Report(place=plan.place, outcomes=outcomes, interrupted=settings.stop.is_set())


class _Run:
    """A plan under way: who still waits for whom, and what became of those that ended."""

    def __init__(
        self,
        plan: Plan,
        kinds: Kinds,
        ids: dict[Key, str],
        seen: Mapping[str, frozenset[str]],
        settings: ExecutionSettings,
    ) -> None:
        self.plan, self.kinds, self.ids, self.seen, self.settings = plan, kinds, ids, seen, settings
        self.made = {
            operation.change.key: operation.step
            for operation in plan.operations
            if isinstance(operation.change, (Create, Replace)) and operation.step.verb != "delete"
        }
        self.rivals, self.reads = Rivals(seen, self.made), Reads()
        self.outcomes: dict[Step, Outcome] = {}
        self.settled: dict[Key, Declared] = {}
        self.waiting = {operation.step: len(operation.waits_for) for operation in plan.operations}
        self.dependents: Mapping[Step, list[Operation]] = defaultdict(list)
        for operation in plan.operations:
            for step in operation.waits_for:
                self.dependents[step].append(operation)
        self.urgency = {
            operation.step: (not operation.waits_for, -len(self.dependents[operation.step]), number)
            for number, operation in enumerate(plan.operations)
        }
        self.ready: list[tuple[tuple[bool, int, int], Operation, Outcome | None]] = []

    def begin(self, group: TaskGroup) -> None:
        for operation in self.plan.operations:
            if not operation.waits_for:
                group.start_soon(self._run, operation, group)

    async def recount(self) -> None:
        """Say of what was created that it is there twice, since two applies at once create what each found absent,
        or not at all, since a server may take back what it had answered for; or that nobody can tell.
        """
        done = {
            key: self.outcomes[step].id for key, step in self.made.items() if self.outcomes[step].status == "done"
        }
        created = {key: id_ for key, id_ in done.items() if id_ is not None}
        for key, ids in (await holders(created, self.kinds)).items():
            step, own = self.made[key], created[key]
            if ids is None:
                unread = "whether somebody else created one of this name at the same time could not be read"
                reason = "; ".join(filter(None, [self.outcomes[step].reason, unread]))
                self.outcomes[step] = replace(self.outcomes[step], reason=reason)
            elif others := sorted(ids - {own} - self.seen.get(key.kind, frozenset())):
                reason = (
                    f"it was created ({own}) and is there more than once: somebody else applied at the same time "
                    f"({', '.join(others)}); delete all but one"
                )
                self.outcomes[step] = replace(self.outcomes[step], status="failed", reason=reason)
            elif not ids:
                reason = f"it was created ({own}) and is not there any more"
                self.outcomes[step] = replace(self.outcomes[step], status="unknown", reason=reason)

    async def _run(self, operation: Operation, group: TaskGroup) -> None:
        step = operation.step
        if (hindered := self._hindered(operation)) is not None:
            self.outcomes[step] = hindered
        else:
            # Before there is a place: who waits for a read holds none, so that writes go on meanwhile.
            rivalled = await self._rivalled(operation)
            heappush(self.ready, (self.urgency[step], operation, rivalled))
            async with self.settings.limiter:
                # The place is for whatever is the most urgent: what has waited for others is not behind all that
                # never had to, and what many wait for is ahead of it.
                _, operation, rivalled = heappop(self.ready)
                step = operation.step
                # A write that began is seen to its end, whatever becomes of the task that asked for it.
                with anyio.CancelScope(shield=True):
                    hindered = self._hindered(operation) or rivalled
                    self.outcomes[step] = hindered or await self._attempted(operation)
        self._tell(self.outcomes[step])
        for dependent in self.dependents[step]:
            self.waiting[dependent.step] -= 1
            if not self.waiting[dependent.step]:
                group.start_soon(self._run, dependent, group)

    def _tell(self, outcome: Outcome) -> None:
        """A listener's fault must not cost the report."""
        try:
            self.settings.on_outcome(outcome)
        except Exception:  # noqa: BLE001 - whatever it is, it is logged and the report stands
            _log.exception("a listener failed on %s", outcome.step)

    def _hindered(self, operation: Operation) -> Outcome | None:
        for step in operation.waits_for:
            if (before := self.outcomes[step]).status != "done":
                reason = _INTERRUPTED if before.reason == _INTERRUPTED else f"waits for: {step}"
                return Outcome(step=operation.step, status="skipped", reason=reason)
        if self.settings.stop.is_set():
            return Outcome(step=operation.step, status="skipped", reason=_INTERRUPTED)
        return None

    async def _rivalled(self, operation: Operation) -> Outcome | None:
        """The end of a create of what somebody else has made meanwhile; None where there is no such thing."""
        step, change = operation.step, operation.change
        is_begun = isinstance(change, Replace) and change.begun is not None
        if step.verb != "create" or isinstance(change, (Update, Delete)) or is_begun:
            return None
        kind = self.kinds[change.key.kind]
        name = _as_created(change, change.declared, kind).key.name
        if (rival := await self.rivals.taken(kind, name)) is None:
            return None
        reason = f"somebody else has created one of this name since the plan was made ({rival}); check again"
        return Outcome(step=step, status="failed", reason=reason)

    async def _attempted(self, operation: Operation) -> Outcome:
        sent = SentSecrets(self.reads)
        outcome = replace(await self._attempt(operation, sent), sent=sent.by_path)
        try:
            await self.settings.remember(operation, outcome)
        except Exception:  # noqa: BLE001 - as with a listener, and what is not remembered is no lie
            _log.exception("%s could not be remembered", operation.step)
        return outcome

    async def _attempt(self, operation: Operation, sent: SentSecrets) -> Outcome:
        step, kind = operation.step, self.kinds[operation.change.key.kind]
        try:
            return await self._act(step, operation.change, kind, sent)
        except Partial as error:
            # What it lacks it may have by now, where that was asked for and the answer does not say so.
            is_unclear = isinstance(error.__cause__, (Lost, ServerFault))
            return Outcome(step=step, status="unknown" if is_unclear else "failed", id=error.id, reason=str(error))
        except (Lost, ServerFault) as error:
            return await self._observe_again(operation, kind, error)
        except ManagedElementsError as error:
            return Outcome(step=step, status="failed", reason=str(error))
        except Exception as error:  # noqa: BLE001 - the report must survive a fault of an integration
            reason = f"internal error: {type(error).__name__}"
            return Outcome(step=step, status="failed", reason=reason, error=error)

    async def _act(self, step: Step, change: Change, kind: Kind, sent: SentSecrets) -> Outcome:
        match step.verb, change:
            case _, Update():
                id_ = change.observed.id
                await self._update(change, kind, sent)
            case (_, Delete()) | ("delete", Replace()):
                id_ = change.observed.id
                await kind.delete(change.observed)
            case "update", Replace():
                id_ = self.ids[change.key]
                await kind.rename(id_, sent.declared(self.settled.get(change.key, change.declared)))
            case _, Replace(begun=Update() as begun):
                id_ = self.ids[change.key] = begun.observed.id
                settled = await self._update(begun, kind, sent)
                self.settled[change.key] = replace(settled, key=change.key)
                await kind.complete(id_, sent.declared(change.declared), self.ids)
            case _, Create() | Replace():
                return await self._create(step, change, kind, sent)
        return Outcome(step=step, status="done", id=id_)

    async def _create(self, step: Step, change: Create | Replace, kind: Kind, sent: SentSecrets) -> Outcome:
        declared = self.settled[change.key] = await self._settle(change.declared, None, kind)
        declared = sent.declared(_as_created(change, declared, kind))
        try:
            id_ = await kind.create(declared, self.ids)
        except (Lost, ServerFault) as error:
            return await self._look_for(step, kind, declared, error)
        self.ids[change.key] = id_
        return Outcome(step=step, status="done", id=id_)

    async def _update(self, change: Update, kind: Kind, sent: SentSecrets) -> Declared:
        """*change* may name no field at all: then what it stands for is verified, and nothing sent."""
        declared = await self._settle(change.declared, change.observed, kind)
        if change.fields:
            await kind.update(sent.update(change, declared), self.ids)
        return declared

    async def _settle(self, declared: Declared, observed: Observed | None, kind: Kind) -> Declared:
        """Verify what could not be verified before: the same resolve again, now that its source exists."""
        if not any(isinstance(value, Later) for value in declared.fields.values()):
            return declared
        results = await kind.resolve(
            [Pair(declared, observed)], ResolveContext(ids=self.ids, facts=self.settings.facts)
        )
        if problems := [str(result) for result in results if isinstance(result, Problem)]:
            raise ManagedElementsError("; ".join(problems))
        (settled,) = (pair.declared for pair in results if isinstance(pair, Pair) and pair.declared)
        before, after = (_without_later(fields, declared) for fields in (declared.fields, settled.fields))
        if moved := [name for name in {**before, **after} if before.get(name, ABSENT) != after.get(name, ABSENT)]:
            text = f"{', '.join(moved)}: no longer what the plan showed; check again"
            raise ManagedElementsError(text)
        return settled

    async def _observe_again(self, operation: Operation, kind: Kind, error: ApiError) -> Outcome:
        """What became of an update or a delete whose answer does not say it, by a read: done, or not so far."""
        step, change = operation.step, operation.change
        not_so_far: Status = "unknown" if isinstance(error, Lost) else "failed"
        try:
            done = await (self._is_gone(step, kind) if step.verb == "delete" else self._is_so(change, kind))
        except Exception:  # noqa: BLE001 - a fault in looking says nothing of what became of it
            done, not_so_far = False, "unknown"
        if done:
            return Outcome(
                step=step,
                status="done",
                id=step.id or self.ids.get(step.key),
                reason=f"{_FOUND[step.verb]} after: {error}",
            )
        said = f"{error}; it may have been carried out" if not_so_far == "unknown" else str(error)
        return Outcome(step=step, status=not_so_far, id=step.id, reason=said)

    async def _is_gone(self, step: Step, kind: Kind) -> bool:
        """Whether two reads in a row have it no more: one alone may skip a row."""
        return all([step.id not in {observed.id for observed in await kind.observe()} for _ in range(2)])

    async def _is_so(self, change: Change, kind: Kind) -> bool:
        """Whether it is as declared, as far as the server shows: of what it masks nobody can tell."""
        if isinstance(change, (Create, Delete)):
            return False
        if isinstance(change, Update) and any(changed.why for changed in change.fields):
            return False
        id_ = change.observed.id if isinstance(change, Update) else self.ids[change.key]
        observed = next((there for there in await kind.observe() if there.id == id_), None)
        context = ResolveContext(ids=self.ids, facts=self.settings.facts)
        results = await kind.resolve([Pair(change.declared, observed)], context)
        pairs = [result for result in results if isinstance(result, Pair)]
        basis = Basis(kinds={kind.name: kind}, ids=self.ids)
        return observed is not None and bool(pairs) and not diff(pairs, basis).items

    async def _look_for(self, step: Step, kind: Kind, declared: Declared, lost: Lost | ServerFault) -> Outcome:
        """A create whose answer was lost is never sent again: the server may still be committing it.

        One that the server said it failed at is looked for once: some fail at the answer only.
        """
        pause, waited = _FIRST_LOOK, 0.0
        while True:
            try:
                found = await self._new_ids(kind, declared.key.name)
            except Exception as error:  # noqa: BLE001 - a fault in looking says nothing of what became of the create
                return Outcome(step=step, status="unknown", reason=str(lost), error=error)
            if found is not None and len(found) == 1:
                self.ids[step.key] = found[0]
                await kind.complete(found[0], declared, self.ids)
                after = "a lost answer" if isinstance(lost, Lost) else "an answer that it failed"
                return Outcome(step=step, status="done", id=found[0], reason=f"found after {after}")
            if isinstance(lost, ServerFault) and not found:
                if found is None:
                    return Outcome(step=step, status="unknown", reason=f"{lost}; it could not be looked for")
                return Outcome(step=step, status="failed", reason=str(lost))
            if found or waited >= self.settings.patience or self.settings.stop.is_set():
                said = f"; {len(found)} were found: {', '.join(found)}" if found else "; not found so far"
                return Outcome(step=step, status="unknown", reason=f"{lost}{said}")
            await self.settings.sleep(pause)
            waited, pause = waited + pause, min(2 * pause, _LONGEST_PAUSE)

    async def _new_ids(self, kind: Kind, name: str) -> list[str] | None:
        """None where they could not be asked for."""
        before = self.seen.get(kind.name, frozenset())
        try:
            return sorted(observed.id for observed in await kind.find(name) if observed.id not in before)
        except ManagedElementsError:
            return None


def _as_created(change: Create | Replace, declared: Declared, kind: Kind) -> Declared:
    """*declared* by the name that it is created under."""
    if isinstance(change, Create) or not kind.create_first:
        return declared
    interim = Interim(change.key.name, change.observed.id, kind.interim_note(declared), change.attempt)
    return replace(declared, key=replace(change.key, name=interim.within(kind.longest_name)))


def _without_later(fields: Fields, declared: Declared) -> Fields:
    """What the plan showed as it was: all but the fields of *declared* that could not be known yet."""
    later = {name for name, value in declared.fields.items() if isinstance(value, Later)}
    return {name: value for name, value in fields.items() if name not in later}
