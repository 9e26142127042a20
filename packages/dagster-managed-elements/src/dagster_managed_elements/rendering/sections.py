"""What one place came to, as every form of rendering takes it: ours with a plan, a third party's with a diff."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.engine.reports import Report
from dagster_managed_elements.engine.values import ABSENT


@dataclass(frozen=True, slots=True)
class Difference:
    """A key of a third party's diff, of no known kind: its sides, or the differences *inside* it. Nothing in it is
    secret any more.
    """

    key: str
    before: Any = ABSENT
    after: Any = ABSENT
    inside: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """*of* are the paths of the reconcilers it answers for. At most one of *plan* and *diff* is there, neither
    where *error* stood in the way; a refused plan has both plan and error.
    """

    of: tuple[str, ...]
    place: str = ""
    plan: Plan | None = None
    diff: tuple[Difference, ...] | None = None
    report: Report | None = None
    error: Exception | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to change, as far as is known."""
        if self.plan is not None:
            return not self.plan.entries
        return not self.diff

    @property
    def ok(self) -> bool:
        return self.error is None and (self.report is None or self.report.ok)


def counted(left_out: int) -> str:
    return "1 change is" if left_out == 1 else f"{left_out} changes are"


def partial(plan: Plan) -> str:
    """That not all there is to change is planned: `2 of 14 changes; 12 are left out`; "" where all is."""
    if not plan.left_out:
        return ""
    planned = len(plan.entries)
    return f"{planned} of {planned + plan.left_out} changes; {counted(plan.left_out)} left out"


def in_sync(sections: Iterable[Section]) -> bool:
    """Whether everything was looked at, and nothing differs."""
    return all(section.is_empty and section.error is None for section in sections)
