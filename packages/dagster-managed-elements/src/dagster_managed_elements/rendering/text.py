"""Sections as plain text: the page's lines, two spaces a level, in colour where the caller has a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import click

from dagster_managed_elements.engine.findings import Consequence
from dagster_managed_elements.engine.reports import Outcome, Report, Status
from dagster_managed_elements.engine.values import Key
from dagster_managed_elements.rendering.sections import Section, partial
from dagster_managed_elements.rendering.trees import flattened, tree
from dagster_managed_elements.rendering.values import escape

COLOURS: Final = {"+": "green", "-": "red", "~": "yellow", "!": "magenta"}
_STATUS_COLOURS: Final = {"failed": "red", "skipped": "yellow", "unknown": "magenta", "done": "green"}
_MOST_ALIKE: Final = 3
_STATUSES: Final[tuple[Status, ...]] = ("done", "failed", "skipped", "unknown")


def changes(section: Section, *, colour: bool = False) -> Iterator[str]:
    """What would be done, then what it brings with it, a line starting with `! ` each."""
    for line in flattened(tree(section)):
        text = f"{'  ' * line.depth}{line.sign} {line.text}"
        yield click.style(text, fg=COLOURS[line.sign]) if colour else text
    if section.plan is not None and (said := partial(section.plan)):
        yield click.style(f"! {said}", fg=COLOURS["!"], bold=True) if colour else f"! {said}"
    for said in _few(section.plan.consequences if section.plan else ()):
        text = f"! {escape(said)}"
        yield click.style(text, fg=COLOURS["!"], bold=True) if colour else text


def _few(consequences: Sequence[Consequence]) -> Iterator[str]:
    """Of many of one sort that one element has, and that nobody is asked about, the first."""
    sorts = Counter((consequence.key, consequence.code) for consequence in consequences)
    said: Counter[tuple[Key, str]] = Counter()
    for consequence in consequences:
        sort = (consequence.key, consequence.code)
        said[sort] += 1
        if consequence.destructive or sorts[sort] <= _MOST_ALIKE or said[sort] < _MOST_ALIKE:
            yield consequence.text
        elif said[sort] == _MOST_ALIKE:
            yield f"and {sorts[sort] - _MOST_ALIKE + 1} more like the last; --output json lists them all"


def headed(sections: Iterable[Section], *, several: bool, colour: bool = False) -> Iterator[str]:
    """The changes of all sections; with *several* places in play, each under the name of its place."""
    for section in sections:
        if section.is_empty:
            continue
        if several:
            heading = f"# {escape(section.place or ', '.join(section.of))}"
            yield click.style(heading, bold=True) if colour else heading
        yield from changes(section, colour=colour)


def outcomes(report: Report, *, done: bool = False, colour: bool = False) -> Iterator[str]:
    """A line for everything that was not done, and with *done* for what was; many skipped for one reason are one
    line with their count.
    """
    skipped = Counter(outcome.reason for outcome in report.outcomes if outcome.status == "skipped")
    for outcome in report.outcomes:
        if outcome.status == "done" and not done:
            continue
        number = skipped[outcome.reason] if outcome.status == "skipped" else 1
        if number > _MOST_ALIKE:
            skipped[outcome.reason] = 0
            line = escape(f"skipped: {number} operations: {outcome.reason}")
        elif number:
            line = _outcome(outcome)
        else:
            continue
        yield click.style(line, fg=_STATUS_COLOURS[outcome.status]) if colour else line


def _outcome(outcome: Outcome) -> str:
    reason = f": {' '.join(outcome.reason.split())}" if outcome.reason else ""
    return escape(f"{outcome.status}: {outcome.step}{reason}")


def totals(reports: Iterable[Report], *, colour: bool = False) -> str:
    """How many operations ended how: `Applied: 3 done, 1 failed, 2 skipped.`."""
    counts = [report.count() for report in reports]
    numbers = {status: sum(count.get(status, 0) for count in counts) for status in _STATUSES}
    parts = [
        click.style(text, fg=_STATUS_COLOURS[status]) if colour else text
        for status, number in numbers.items()
        if number
        for text in [f"{number} {status}"]
    ]
    return f"Applied: {', '.join(parts) or 'nothing'}."
