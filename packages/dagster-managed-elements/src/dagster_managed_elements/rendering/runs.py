"""Earlier runs as text or JSON: a line each, or one with all that was planned and what became of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from dagster_managed_elements.engine.findings import Consequence
from dagster_managed_elements.engine.past import PastPlace, PastRun
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.engine.values import Key
from dagster_managed_elements.rendering import text
from dagster_managed_elements.rendering.documents import entry_document, report_document
from dagster_managed_elements.rendering.sections import Section
from dagster_managed_elements.rendering.values import escape

VERSION: Final = 1
_WIDEST: Final = 32
_HEADS: Final = ("RUN", "BEGAN (UTC)", "BY", "COMMIT", "WHAT")
_UNKNOWN: Final = "ended unknown"


def table(runs: Sequence[PastRun]) -> Iterator[str]:
    """A line each."""
    rows = [_HEADS, *(_row(run) for run in runs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _row(run: PastRun) -> tuple[str, ...]:
    by, began = run.author, run.began[:16].replace("T", " ")
    commit = f"{by.commit[:8]}{' (dirty)' if by.is_dirty else ''}"
    planned: Counter[str] = Counter()
    for place in run.places:
        planned.update(place.counts)
    counted = ", ".join(f"{number} to {action}" for action, number in planned.items())
    of = f" of {run.undoes}" if run.undoes else ""
    cells = [run.id, began, f"{by.user}@{by.host}", commit]
    return (*(_cut(cell) for cell in cells), escape(f"{run.command}{of}: {counted}; {_ending(run)}"))


def _cut(cell: str) -> str:
    shown = escape(cell)
    return shown if len(shown) <= _WIDEST else f"{shown[: _WIDEST - 3]}..."


def _ending(run: PastRun) -> str:
    if not run.ended:
        return _UNKNOWN
    if run.ok:
        return "done"
    statuses: Counter[str] = Counter()
    for place in run.places:
        statuses.update(place.report.count() if place.report else {})
    failed = any(place.error for place in run.places)
    said = [f"{number} {status}" for status, number in statuses.items()] + (["an error"] if failed else [])
    return ", ".join(said) or _UNKNOWN


def whole(run: PastRun, *, colour: bool = False) -> Iterator[str]:
    """All that is known of one."""
    by = run.author
    yield escape(f"{run.command} {run.id}{f', the way back from {run.undoes}' if run.undoes else ''}")
    yield escape(f"began {run.began}, {f'ended {run.ended}' if run.ended else _UNKNOWN}")
    dirty = ", with changes that were not committed" if by.is_dirty else ""
    yield escape(f"by {by.user} on {by.host}{f', from commit {by.commit}{dirty}' if by.commit else ''}")
    if by.pipeline:
        yield escape(f"in {by.pipeline}")
    for place in run.places:
        yield from _place(place, run, colour=colour)


def _place(place: PastPlace, run: PastRun, *, colour: bool) -> Iterator[str]:
    yield from text.headed([_section(place)], several=True, colour=colour)
    if place.report is not None:
        yield from text.outcomes(place.report, done=True, colour=colour)
        yield text.totals([place.report], colour=colour)
    if place.error:
        yield escape(f"error: {' '.join(place.error.split())}")
    elif not run.ended:
        yield "Ended unknown: it was cut off, or goes on still; which of it was done is not known."


def _section(place: PastPlace) -> Section:
    consequences = tuple(Consequence(Key("place", place.place), "", said) for said in place.consequences)
    plan = Plan(place=place.place, entries=place.entries, consequences=consequences)
    return Section(of=(), place=place.place, plan=plan)


def listed_document(runs: Iterable[PastRun]) -> str:
    """Without what they changed."""
    return _document([_summary(run) for run in runs])


def whole_document(run: PastRun) -> str:
    places = [
        {
            **_place_summary(place),
            "changes": [entry_document(entry) for entry in place.entries],
            "consequences": [*place.consequences],
            "report": report_document(place.report) if place.report else None,
        }
        for place in run.places
    ]
    return _document([{**_summary(run), "places": places}])


def _document(runs: list[dict[str, Any]]) -> str:
    """ASCII, so that nothing in it can steer a terminal."""
    return json.dumps({"version": VERSION, "command": "history", "runs": runs}, indent=2, allow_nan=False)


def _summary(run: PastRun) -> dict[str, Any]:
    by = run.author
    return {
        "id": run.id,
        "command": run.command,
        "undoes": run.undoes or None,
        "began": run.began,
        "ended": run.ended or None,
        "ok": run.ok,
        "by": {
            "user": by.user,
            "host": by.host,
            "commit": by.commit or None,
            "dirty": by.is_dirty,
            "pipeline": by.pipeline or None,
        },
        "places": [_place_summary(place) for place in run.places],
    }


def _place_summary(place: PastPlace) -> dict[str, Any]:
    return {
        "place": place.place,
        "planned": dict(place.counts),
        "outcomes": dict(place.report.count()) if place.report else None,
        "error": place.error or None,
    }
