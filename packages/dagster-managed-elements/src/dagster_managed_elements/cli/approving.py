"""An apply under way: what it asks before it writes, and how it ends when it is interrupted.

Before the first write an interruption ends everything at once. After it, what is in flight is finished, nothing
new is begun, and the report is printed.
"""

from __future__ import annotations

import sys

import anyio
import anyio.lowlevel
from anyio.abc import TaskStatus

from dagster_managed_elements.applying import apply
from dagster_managed_elements.cli import streams
from dagster_managed_elements.cli.inputs import Interruptions, answer
from dagster_managed_elements.cli.plan_files import refuse_third_parties
from dagster_managed_elements.cli.reconciling import as_sections, in_order, reconcilers, split, third_party_section
from dagster_managed_elements.cli.runs import Run
from dagster_managed_elements.cli.starting import starters
from dagster_managed_elements.engine.errors import ManagedElementsError
from dagster_managed_elements.engine.guarding import Policy, objections
from dagster_managed_elements.engine.planning import Operation, Plan, Step
from dagster_managed_elements.engine.reports import Outcome
from dagster_managed_elements.engine.saving import Promise
from dagster_managed_elements.reconciling import Options
from dagster_managed_elements.rendering import text
from dagster_managed_elements.rendering.sections import Section
from dagster_managed_elements.rendering.values import escape


class Declined(ManagedElementsError):
    """The user said no."""


class Apply:
    """One apply of everything that was loaded. *scope*, once it is under way, is what ends it before a write."""

    scope: anyio.CancelScope

    def __init__(
        self,
        run: Run,
        interruptions: Interruptions,
        *,
        yes: bool,
        promise: Promise | None = None,
        trust_secrets: bool = False,
        lock_timeout: float = 0.0,
    ) -> None:
        self.run, self.interruptions, self.yes, self.promise = run, interruptions, yes, promise
        self.trust_secrets, self.lock_timeout = trust_secrets, lock_timeout
        self.stop, self.turn = anyio.Event(), anyio.Lock()
        self.interrupted = False
        self.operations: list[Operation] = []
        self.ended: dict[Step, Outcome] = {}
        self.busy_with = ""

    async def to_the_end(self) -> list[Section]:
        """What became of each place."""
        sections: list[Section] = []
        failures: list[Exception] = []
        async with anyio.create_task_group() as group:
            self.scope = group.cancel_scope
            await group.start(self._listen)
            try:
                sections = await self._everything()
            except Exception as error:  # noqa: BLE001 - raised again below, out of the task group
                failures.append(error)
            self.scope.cancel()
        if failures:
            raise failures[0]
        if self.interrupted and not self.run.writing:
            raise KeyboardInterrupt
        return in_order(self.run, sections)

    async def _everything(self) -> list[Section]:
        ours, theirs = split(self.run.loaded)
        if self.promise is not None or self.run.asked.destroy or self.run.asked.undo:
            refuse_third_parties(loaded.path for loaded in theirs)
        options = Options(
            resent=self.run.asked.resent,
            scope=self.run.asked.scope,
            undo=self.run.asked.undo,
            folder=self.run.folder,
            policy=self.run.asked.policy,
            promise=self.promise,
            preflight=self.run.asked.seconds,
            state=self.run.asked.state,
            versions="asked" if self.run.asked.secrets == "server" else "unasked",
            trust_secrets=self.trust_secrets,
            lock_timeout=self.lock_timeout,
            tell=self._tell,
            starters=starters(self.run, ours, self._tell),
            settings=self.run.settings,
            decide=self._decide,
            on_outcome=self._finished,
        )
        sections = as_sections(await apply(reconcilers(ours), options, self.stop), ours)
        for loaded in theirs:
            if self.stop.is_set():
                error = ManagedElementsError(f"{loaded.path} was not begun: interrupted")
                sections.append(Section(of=(loaded.path,), place=loaded.path, error=error))
                continue
            self.run.writing, self.busy_with = True, loaded.path
            sections.append(await third_party_section(self.run, loaded, "apply"))
            self.busy_with = ""
        return sections

    async def _decide(self, plan: Plan) -> Policy:
        """Show the plan, and ask where it destroys something. One place at a time."""
        async with self.turn:
            with self.run.progress.hidden():
                await self._show(plan)
                policy = Policy(allow_all=self.yes or await self._agreed(plan))
            if not objections(plan, policy):
                self.run.writing = True
                self.operations += plan.operations
                self.run.progress.begin(len(plan.operations))
            return policy

    async def _show(self, plan: Plan) -> None:
        screen, section = self.run.screen, Section(of=(), place=plan.place, plan=plan)
        try:
            with self.interruptions.raised():
                screen.say(text.headed([section], several=self.run.several, colour=screen.colour))
        except KeyboardInterrupt:
            streams.cut_off(sys.stdout)
            self._interrupt()
            await anyio.lowlevel.checkpoint()

    async def _agreed(self, plan: Plan) -> bool:
        """Whether the user, shown what it brings with it, goes on. Not asked where no answer could help."""
        against = objections(plan, Policy())
        if not against or not self.run.screen.asks or objections(plan, Policy(allow_all=True)):
            return False
        number = "One consequence above has" if len(against) == 1 else f"{len(against)} consequences above have"
        question = f"{number} to be agreed to. Continue? [y/N] "
        if (await answer(question, self.stop)).strip().lower() not in {"y", "yes"}:
            raise Declined("Nothing was written, as you asked.")
        return True

    def _tell(self, text: str) -> None:
        with self.run.progress.hidden():
            self.run.screen.note(escape(text))

    def _finished(self, outcome: Outcome) -> None:
        self.ended[outcome.step] = outcome
        self.run.progress.finished(outcome)

    async def _listen(self, *, task_status: TaskStatus[None]) -> None:
        async with self.interruptions.listened() as signals:
            task_status.started()
            async for _ in signals:
                with self.run.progress.hidden():
                    self._interrupt()

    def _interrupt(self) -> None:
        if not self.run.writing:
            self.scope.cancel()
        elif self.interrupted:
            self.run.screen.note(f"waiting for: {self._in_flight() or 'the report'}")
        else:
            self.stop.set()
            self.run.screen.note("interrupted: what is in flight is finished, nothing new is begun")
        self.interrupted = True

    def _in_flight(self) -> str:
        """What was begun and has not ended: everything else waits for something that has not ended either."""
        begun = [
            str(operation.step)
            for operation in self.operations
            if operation.step not in self.ended and all(step in self.ended for step in operation.waits_for)
        ]
        return escape(", ".join([*begun, *([self.busy_with] if self.busy_with else [])]))
