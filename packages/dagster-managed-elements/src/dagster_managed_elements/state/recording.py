"""One place of a run beside its state: what is known of it when it is surveyed, and what an apply leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from dagster_managed_elements.engine.changes import Memory
from dagster_managed_elements.engine.concurrency import concurrently
from dagster_managed_elements.engine.errors import ApiError, StateError
from dagster_managed_elements.engine.findings import Notice
from dagster_managed_elements.engine.kinds import Kind, Kinds, Session
from dagster_managed_elements.engine.matching import mentioned
from dagster_managed_elements.engine.planning import Operation
from dagster_managed_elements.engine.reports import Outcome, Report
from dagster_managed_elements.engine.surveying import Declaration, Survey
from dagster_managed_elements.engine.values import Key, Path
from dagster_managed_elements.state.holding import OpenState
from dagster_managed_elements.state.remembering import Remembered


@dataclass(slots=True)
class Recorder:
    """*trust* takes secrets of which nothing is known for what the server has; *versions* says whether the server
    was asked for those of the others.
    """

    state: OpenState
    remembered: Remembered
    session: Session
    declarations: Sequence[Declaration]
    trust: bool = False
    versions: bool = False
    kinds: Kinds = field(init=False)

    def __post_init__(self) -> None:
        self.kinds = {kind.name: kind for kind in self.session.kinds}

    @property
    def memory(self) -> Memory:
        return self.remembered.memory()

    def annotated(self, found: Survey) -> Survey:
        """*found* with what is to be said of the state."""
        said = self.remembered.notices(found, versions=self.versions)
        notices = (*found.plan.notices, *said, *self._moved())
        return replace(found, plan=replace(found.plan, notices=notices))

    def _moved(self) -> Iterator[Notice]:
        if (others := self.state.elsewhere) and not self.remembered.state.objects:
            text = f"the state knows nothing of this place yet, only of {', '.join(others)}"
            yield Notice(Key("state", self.session.place), (), "new-place", text)

    async def begin(self, found: Survey) -> None:
        """Before the first write. Raises StateError where it cannot be put down; nothing is to be written then."""
        named = [each for each in self.declarations if each.name]
        keys = {each.name: frozenset[Key]() for each in named}
        for each in named:
            keys[each.name] |= mentioned(each.elements)
        self.remembered.begin(found, keys, self.kinds)
        if not found.plan.is_empty:
            await self.state.assure()
            await self.state.write()

    async def note(self, operation: Operation, outcome: Outcome) -> None:
        """What became of an operation, with the versions that the server gave to what was sent."""
        versions: Mapping[Path, str] = {}
        if outcome.status == "done" and outcome.sent and outcome.id is not None:
            kind = self.kinds[operation.change.key.kind]
            versions = (await _versions(kind, [outcome.id])).get(outcome.id, {})
        self.remembered.note(operation, outcome, versions)

    async def end(self, found: Survey, report: Report) -> None:
        """Raises StateError: what was applied is in the report, and not remembered."""
        self.remembered.end(found.plan.operations, report)
        if self.trust:
            await self._trust(found)
        try:
            await self.state.write()
        except StateError as error:
            if report.outcomes:
                raise StateError(f"What was applied could not be remembered: {error}") from error
            raise

    async def _trust(self, found: Survey) -> None:
        untrusted = self.remembered.untrusted(found)

        async def trust(kind: Kind) -> None:
            refs = [ref for ref in untrusted if ref.kind == kind.name]
            versions = await _versions(kind, [ref.id for ref in refs])
            for ref in refs:
                self.remembered.trust(ref, untrusted[ref], versions.get(ref.id, {}))

        await concurrently(*(partial(trust, kind) for kind in self.kinds.values()))


async def _versions(kind: Kind, ids: Sequence[str]) -> Mapping[str, Mapping[Path, str]]:
    """Nothing where they cannot be read: then a change on the server is not seen, which is no lie."""
    try:
        return await kind.versions(ids) if ids else {}
    except ApiError:
        return {}
