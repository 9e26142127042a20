"""Changes into a Plan: which acts, and what each waits for. Pure.

A delete waits for every operation whose observed fields point at the doomed object; a Replace is a delete and a
create; a create waits for what it refers to and for the operation that frees its name; a cycle is an error.
Where a kind creates first, a replacement is made under an interim name, and nothing goes for it before it is there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Literal, TypeAlias

from dagster_managed_elements.engine.changes import Change, Changes, Create, Delete, Replace, Update
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.findings import Consequence, Notice
from dagster_managed_elements.engine.kinds import Kind, Kinds
from dagster_managed_elements.engine.presentation import Entry, presented
from dagster_managed_elements.engine.values import Fields, Key, Later, Ref, pointers, references

StepVerb: TypeAlias = Literal["create", "update", "delete"]
Starters: TypeAlias = Callable[[Key], str]
"""Who else than its server starts what an element does: `in Dagster by the schedule nightly`; "" for nobody."""


def nobody(key: Key) -> str:
    del key
    return ""


@dataclass(frozen=True, slots=True)
class Step:
    """An act on a key. *id* is the observed object's, since two undeclared ones may share a name."""

    verb: StepVerb
    key: Key
    id: str | None = None

    def __str__(self) -> str:
        return f"{self.verb} {self.key}"


@dataclass(frozen=True, slots=True)
class Operation:
    step: Step
    change: Change
    waits_for: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Undeclared:
    """An object that is there and that nobody declares; two may share a name."""

    key: Key
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that an apply would do at one place, in declared order, and nothing it would not do.

    *existing* is how many of the elements it is about are there already. *left_out* is how many changes are not
    planned since others were asked for, or these excluded. *undeclared* is what is there and stays, and nobody
    declares: a warning, and never a difference.
    """

    place: str
    entries: tuple[Entry, ...] = ()
    operations: tuple[Operation, ...] = ()
    notices: tuple[Notice, ...] = ()
    consequences: tuple[Consequence, ...] = ()
    existing: int = 0
    left_out: int = 0
    undeclared: tuple[Undeclared, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.operations


def plan(
    changes: Changes,
    kinds: Kinds,
    place: str,
    names: Mapping[Ref, str] | None = None,
    *,
    protected: Container[Ref] = frozenset(),
    starters: Starters = nobody,
) -> Plan:
    """Raises DeclarationError where changes wait for each other in a circle.

    *names* are those of the observed objects: what is pointed at is shown by its name, not by its id. What an
    earlier apply recorded as *protected* is so still.
    """
    consequences = [*changes.consequences]
    for change in changes.items:
        consequences += kinds[change.key.kind].consequences(change)
        consequences += _protection(change, protected)
        consequences += _started_twice(change, kinds[change.key.kind], starters)
    return Plan(
        place=place,
        entries=presented(changes.items, kinds, names or {}),
        operations=_operations(changes.items, kinds),
        notices=changes.notices,
        consequences=tuple(consequences),
    )


def _protection(change: Change, protected: Container[Ref]) -> Iterator[Consequence]:
    if isinstance(change, (Replace, Delete)) and change.declared is not None and change.declared.protect:
        yield Consequence(change.key, "protect", f"{change.key} is declared with protect=True")
    elif isinstance(change, (Replace, Delete)) and change.observed.ref in protected:
        text = (
            f"{change.key} was declared with protect=True when that was last applied; "
            "declare it without, and apply nothing but that, first"
        )
        yield Consequence(change.key, "protect", text)


def _started_twice(change: Change, kind: Kind, starters: Starters) -> Iterator[Consequence]:
    """What gets a timetable from its server, and is started by somebody else as well."""
    if isinstance(change, Delete):
        return
    there: Fields = {} if isinstance(change, Create) else change.observed.fields
    before, timetable = kind.timetable(there) if there else "", kind.timetable(change.left)
    if timetable and timetable != before and (others := starters(change.key)):
        text = f"{change.key} is started twice from then on: by its server ({timetable}), and {others}"
        yield Consequence(change.key, "started-twice", text, destructive=False)


def _steps(change: Change, *, create_first: bool) -> tuple[Step, ...]:
    match change:
        case Create():
            return (Step("create", change.key),)
        case Update():
            return (Step("update", change.key, change.observed.id),)
        case Delete():
            return (Step("delete", change.key, change.observed.id),)
        case Replace():
            gone, made = Step("delete", change.observed.key, change.observed.id), Step("create", change.key)
            return (made, gone, Step("update", change.key)) if create_first else (gone, made)


def _operations(changes: Iterable[Change], kinds: Kinds) -> tuple[Operation, ...]:
    steps = [
        (step, change)
        for change in changes
        for step in _steps(change, create_first=kinds[change.key.kind].create_first)
    ]
    index = _Index(steps, kinds)
    circle: Sequence[Step] = ()
    # Objects that are there already may refer to each other, and be updated in any order: hence a second try.
    for strictly in (False, True):
        waits = [index.waits_for(step, change, strictly=strictly) for step, change in steps]
        try:
            return _in_order(Operation(*step, wait) for step, wait in zip(steps, waits, strict=True))
        except CycleError as error:
            circle = error.args[1]
    text = (
        f"These changes wait for each other in a circle: {' -> '.join(map(str, circle))}. "
        "Leave out one of the references between them, apply, put it back and apply again."
    )
    raise DeclarationError(text)


def _in_order(operations: Iterable[Operation]) -> tuple[Operation, ...]:
    """Sorted so that each stands behind all it waits for. Raises CycleError."""
    found = {operation.step: operation for operation in operations}
    graph = {step: operation.waits_for for step, operation in found.items()}
    return tuple(found[step] for step in TopologicalSorter(graph).static_order())


class _Index:
    """Who makes, moves or frees what, so that each operation finds what it waits for without a search."""

    def __init__(self, steps: Iterable[tuple[Step, Change]], kinds: Kinds) -> None:
        self.making: dict[Key, Step] = {}
        self.first = {
            change.key: step
            for step, change in steps
            if step.verb == "create" and isinstance(change, Replace) and kinds[change.key.kind].create_first
        }
        self.leaving: Mapping[Ref, list[Step]] = defaultdict(list)
        self.freeing: Mapping[Key, list[Step]] = defaultdict(list)
        for step, change in steps:
            if step.verb != "delete":
                self.making.setdefault(step.key, step)
            if isinstance(change, Create) or (isinstance(change, Replace) and step.verb != "delete"):
                continue
            for ref in set(pointers(change.observed.fields)):
                self.leaving[ref].append(step)
            if step.verb == "delete" or change.key != change.observed.key:
                self.freeing[change.observed.key].append(step)

    def waits_for(self, step: Step, change: Change, *, strictly: bool) -> tuple[Step, ...]:
        """What comes before *step*; *strictly* without the updates of what it merely refers to."""
        if step.verb == "delete" and not isinstance(change, Create):
            waits = [*self.leaving[change.observed.ref], *self._successors(change)]
        else:
            waits = [*self._makers(change, strictly=strictly), *self._name(step, change)]
        return tuple(dict.fromkeys(wait for wait in waits if wait != step))

    def _successors(self, change: Change) -> Iterator[Step]:
        """What is made first: of what is replaced, or of that for which it is deleted."""
        if isinstance(change, Replace) and change.key in self.first:
            yield self.first[change.key]
        if isinstance(change, Delete) and change.cause in self.first:
            yield self.first[change.cause]

    def _makers(self, change: Change, *, strictly: bool) -> Iterator[Step]:
        if isinstance(change, Delete):
            return
        settled = {value.on for value in change.declared.fields.values() if isinstance(value, Later)}
        for key in references(change.declared.fields):
            making = self.making.get(key)
            if making and not (strictly and making.verb == "update" and key not in settled):
                yield making

    def _name(self, step: Step, change: Change) -> Iterator[Step]:
        if step == self.first.get(change.key):
            return  # its name is an interim one
        renamed = isinstance(change, Update) and change.key != change.observed.key
        if renamed or not isinstance(change, Update):
            yield from self.freeing[change.key]
        if isinstance(change, Replace):
            yield Step("delete", change.observed.key, change.observed.id)
