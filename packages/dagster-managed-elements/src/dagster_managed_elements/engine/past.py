"""What earlier runs did, as values: who ran what, what was planned, what became of it. Nothing here acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from dagster_managed_elements.engine.changes import Action, Declared
from dagster_managed_elements.engine.presentation import Entry
from dagster_managed_elements.engine.reports import Report
from dagster_managed_elements.engine.values import Key, Path, Ref

Command: TypeAlias = Literal["apply", "destroy", "undo"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who made a run. *commit* is that of the folder of what was declared, *is_dirty*: files in it were changed
    since; *pipeline* is the run of a CI, by its URL or number.
    """

    user: str
    host: str
    commit: str = ""
    is_dirty: bool = False
    pipeline: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What a run did to one element, as far as it takes to go back: what stood at each path that it changed
    *before*, of what it deleted all of it; and *after* it, as it was declared. *old_name* is the one it had.

    *why_not* says what of it cannot be read again, where that is so.
    """

    key: Key
    action: Action
    id: str | None = None
    old_name: str = ""
    before: Mapping[Path, Any] = field(default_factory=dict[Path, Any])
    after: Declared | None = None
    why_not: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastPlace:
    """One place of a run. Without a *report* nobody knows what became of it, but by what *error* says."""

    place: str
    identity: str = ""
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    entries: tuple[Entry, ...] = ()
    consequences: tuple[str, ...] = ()
    report: Report | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """*began* and *ended* are in UTC (ISO); one that has not *ended* was cut off, or goes on. *undoes* is the run
    that it was the way back from, or only from a part of it.
    """

    id: str
    command: Command
    began: str
    author: Author
    undoes: str = ""
    is_part: bool = False
    ended: str = ""
    places: tuple[PastPlace, ...] = ()

    @property
    def did_nothing(self) -> bool:
        """Whether it is known that nothing of it was done."""
        return bool(self.ended) and not any(
            place.report is None or any(outcome.may_be_done for outcome in place.report.outcomes)
            for place in self.places
        )

    @property
    def ok(self) -> bool:
        """Whether all of it was done."""
        return bool(self.ended) and all(
            place.report and place.report.ok and not place.error for place in self.places
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One place of a plan as it is kept: what is shown of it, and the traces. *module* has the names of its values,
    *keys* those of what it points at.
    """

    place: str
    identity: str
    module: str
    entries: Sequence[Entry]
    traces: Sequence[Trace]
    consequences: Sequence[str]
    keys: Mapping[Ref, Key]
