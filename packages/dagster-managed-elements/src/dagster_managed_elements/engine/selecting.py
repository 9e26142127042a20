"""A part of the changes: what was asked for with all it needs, or all but what was excluded and what needs that.

Pure, and only after everything was looked at: what is left out is still what it is.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dagster_managed_elements.engine.changes import Change, Delete, Replace
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.planning import Operation
from dagster_managed_elements.engine.values import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which changes are planned: those of *targets*, where some are given, and none of *excludes*.

    Each is a name, or where several kinds share it `shop (source)`, as a plan prints them.
    """

    targets: frozenset[str] = frozenset()
    excludes: frozenset[str] = frozenset()

    @property
    def is_all(self) -> bool:
        return not (self.targets or self.excludes)


ALL = Selection()


def refuse_unknown(selection: Selection, keys: Iterable[Key]) -> None:
    """A misspelt name would leave out what was meant, and say nothing. Raises DeclarationError."""
    named: dict[str, list[Key]] = defaultdict(list)
    for key in sorted(set(keys), key=str):
        named[key.name].append(key)
        named[str(key)].append(key)
    for text in sorted(selection.targets | selection.excludes):
        found = named.get(text, [])
        if not found:
            near = difflib.get_close_matches(text, sorted(named), n=1)
            hint = f"did you mean {near[0]}?" if near else "name one as the plan prints it, such as shop (source)."
            raise DeclarationError(f"Nothing is declared or to be changed that is named {text}; {hint}")
        if len(found) > 1:
            several = " or ".join(map(str, found))
            raise DeclarationError(f"{text} is the name of {len(found)} elements; say which: {several}.")


def select(operations: Sequence[Operation], selection: Selection) -> frozenset[int]:
    """The ids (`id()`) of the changes that are planned."""
    graph = _Needs(operations)
    every = frozenset(graph.changes)
    wanted = every
    if selection.targets:
        wanted = _reached(_named(graph.changes, selection.targets), graph.needs)
    if selection.excludes:
        wanted -= _reached(_named(graph.changes, selection.excludes), graph.needed_by)
    return wanted


def _named(changes: Mapping[int, Change], names: frozenset[str]) -> list[int]:
    return [
        number for number, change in changes.items() if not names.isdisjoint((change.key.name, str(change.key)))
    ]


class _Needs:
    """Which change cannot be made without which: that is what its operations wait for, and of a replacement all
    that goes with it.
    """

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.changes = {id(operation.change): operation.change for operation in operations}
        self.needs: dict[int, set[int]] = defaultdict(set)
        self.needed_by: dict[int, set[int]] = defaultdict(set)
        made_by = {operation.step: id(operation.change) for operation in operations}
        by_key = {change.key: number for number, change in self.changes.items()}
        for operation in operations:
            for step in operation.waits_for:
                self._note(id(operation.change), made_by[step])
        for number, change in self.changes.items():
            if isinstance(change, (Replace, Delete)) and change.cause in by_key:
                self._note(number, by_key[change.cause])
                self._note(by_key[change.cause], number)

    def _note(self, number: int, needed: int) -> None:
        self.needs[number].add(needed)
        self.needed_by[needed].add(number)


def _reached(start: Iterable[int], edges: Mapping[int, set[int]]) -> frozenset[int]:
    found: set[int] = set()
    ahead = list(start)
    while ahead:
        if (number := ahead.pop()) not in found:
            found.add(number)
            ahead += edges.get(number, ())
    return frozenset(found)
