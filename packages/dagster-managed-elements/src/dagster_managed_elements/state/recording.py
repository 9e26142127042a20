"""One place of a run beside its state: what is known of it when it is surveyed, and what an apply leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path as FilePath
from typing import Any

import anyio.to_thread

from dagster_managed_elements.engine.adopting import declared_again
from dagster_managed_elements.engine.changes import Action, Change, Create, Delete, Memory
from dagster_managed_elements.engine.concurrency import concurrently
from dagster_managed_elements.engine.errors import ApiError, ManagedElementsError, StateError
from dagster_managed_elements.engine.findings import Notice
from dagster_managed_elements.engine.kinds import Kind, Kinds, Session
from dagster_managed_elements.engine.matching import mentioned
from dagster_managed_elements.engine.past import Command, Kept, PastPlace, Trace
from dagster_managed_elements.engine.planning import Operation
from dagster_managed_elements.engine.presentation import Entry
from dagster_managed_elements.engine.reports import Outcome, Report
from dagster_managed_elements.engine.secrets import Secret, masked_beside
from dagster_managed_elements.engine.surveying import Declaration, Survey
from dagster_managed_elements.engine.values import Fields, Key, Path, Ref, replaced, walk
from dagster_managed_elements.state.authors import author
from dagster_managed_elements.state.holding import OpenState
from dagster_managed_elements.state.remembering import Remembered


@dataclass(slots=True)
class Recorder:
    """*trust* takes secrets of which nothing is known for what the server has; *versions* says whether the server
    was asked for those of the others. What *goes_back* says nothing of what is declared today.
    """

    state: OpenState
    remembered: Remembered
    session: Session
    declarations: Sequence[Declaration]
    trust: bool = False
    versions: bool = False
    goes_back: bool = False
    kinds: Kinds = field(init=False)

    def __post_init__(self) -> None:
        self.kinds = {kind.name: kind for kind in self.session.kinds}

    @property
    def memory(self) -> Memory:
        return self.remembered.memory()

    def annotated(self, found: Survey) -> Survey:
        """*found* with what is to be said of the state."""
        said = self.remembered.notices(found, versions=self.versions)
        known = map(_trusted, found.plan.notices) if self.trust else found.plan.notices
        notices = (*known, *said, *self._moved())
        return replace(found, plan=replace(found.plan, notices=notices))

    def _moved(self) -> Iterator[Notice]:
        if (others := self.state.elsewhere) and not self.remembered.state.objects:
            text = f"the state knows nothing of this place yet, only of {', '.join(others)}"
            yield Notice(Key("state", self.session.place), (), "new-place", text)

    async def kept(self, found: Survey) -> Kept:
        """The plan of *found* as the history keeps it, read before anything is written."""
        changes = list({id(operation.change): operation.change for operation in found.plan.operations}.values())
        of = {_identity(change): change for change in changes}
        keys = {
            pair.observed.ref: pair.declared.key if pair.declared else pair.observed.key
            for pair in found.pairs
            if pair.observed is not None
        }
        going = [change.observed for change in changes if isinstance(change, Delete)]
        again = await declared_again(self.session, going, keys)
        planned = [of[entry.action, entry.key, entry.id] for entry in found.plan.entries]
        return Kept(
            place=self.session.place,
            identity=self.session.lasting,
            module=self.session.module,
            entries=[
                self._masked(entry, change) for entry, change in zip(found.plan.entries, planned, strict=True)
            ],
            traces=[self._trace(change, again) for change in planned],
            consequences=[consequence.text for consequence in found.plan.consequences],
            keys=keys,
        )

    def _trace(self, change: Change, again: Mapping[Ref, Fields]) -> Trace:
        if isinstance(change, Create):
            return Trace(key=change.key, action=change.action, after=change.declared)
        ref = change.observed.ref
        if isinstance(change, Delete):
            declared = change.declared.fields if change.declared is not None else dict[str, Any]()
            named = {path: leaf for path, leaf in walk(again[ref]) if isinstance(leaf, Secret)}
            told: Fields = replaced(masked_beside(again[ref], declared), named)
            was: dict[Path, Any] = {(name,): value for name, value in told.items()}
        else:
            was = {changed.path: masked_beside(changed.before, changed.after) for changed in change.fields}
        return Trace(
            key=change.key,
            action=change.action,
            id=ref.id,
            old_name=change.observed.name,
            before={path: self.remembered.masked(ref, path, value) for path, value in was.items()},
            after=None if isinstance(change, Delete) else change.declared,
        )

    def _masked(self, entry: Entry, change: Change) -> Entry:
        """*entry* without what is known for a secret, though the server may show it and nobody declares it now."""
        if isinstance(change, Create):
            return entry
        ref, kind = change.observed.ref, self.kinds[change.key.kind]
        fields = (
            replace(changed, before=self.remembered.masked(ref, changed.path, changed.before, kind.shown))
            for changed in entry.fields
        )
        return replace(entry, fields=tuple(fields))

    async def begin(self, found: Survey) -> None:
        """Before the first write. Raises StateError where it cannot be put down; nothing is to be written then."""
        named = [declaration for declaration in self.declarations if declaration.name]
        keys = {declaration.name: frozenset[Key]() for declaration in named}
        for declaration in named:
            keys[declaration.name] |= mentioned(declaration.elements)
        self.remembered.begin(found, keys, self.kinds, goes_back=self.goes_back)
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


def _trusted(notice: Notice) -> Notice:
    if notice.code != "secret-unrecorded":
        return notice
    return replace(notice, code="secret-trusted", text="it is to be recorded as what the server has")


async def _versions(kind: Kind, ids: Sequence[str]) -> Mapping[str, Mapping[Path, str]]:
    """Nothing where they cannot be read: then a change on the server is not seen, which is no lie."""
    try:
        return await kind.versions(ids) if ids else {}
    except ApiError:
        return {}


def _identity(change: Change) -> tuple[Action, Key, str | None]:
    """That of its entry in a plan."""
    return change.action, change.key, None if isinstance(change, Create) else change.observed.id


class Chapter:
    """What one run writes into the history of one state: of the places of *recorders*, before and after."""

    def __init__(self, recorders: Sequence[Recorder], undoes: str = "", *, is_part: bool = False) -> None:
        self._recorders, self._undoes, self._is_part = recorders, undoes, is_part
        self._history = recorders[0].state.history
        self._key = recorders[0].remembered.key

    async def begin(self, found: Sequence[Survey], command: Command, folder: FilePath) -> None:
        """Raises StateError; nothing is to be written then."""
        kept = [await recorder.kept(survey) for recorder, survey in zip(self._recorders, found, strict=True)]
        by = await anyio.to_thread.run_sync(author, folder)
        await self._recorders[0].state.assure()
        begin = partial(self._history.begin, command, by, kept, self._key, self._undoes, is_part=self._is_part)
        self._ticket = await anyio.to_thread.run_sync(begin)
        self._places = [
            PastPlace(
                place=place.place, identity=place.identity, counts=Counter(entry.action for entry in place.entries)
            )
            for place in kept
        ]

    async def end(self, became: Mapping[str, tuple[Report | None, Exception | None]]) -> None:
        """*became*: by place, what became of it. Raises StateError."""
        places = [
            replace(place, report=became[place.place][0], error=_said(became[place.place][1]))
            for place in self._places
            if place.place in became
        ]
        run = replace(self._ticket.run, places=tuple(places))
        try:
            await anyio.to_thread.run_sync(self._history.end, self._ticket, run)
        except StateError as error:
            raise StateError(f"What was applied could not be written into the history: {error}") from error


def _said(error: Exception | None) -> str:
    """What an expected failure says; of a fault of ours only its name, as its text may quote anything."""
    if error is None:
        return ""
    return str(error) if isinstance(error, ManagedElementsError) else type(error).__name__
