"""Sections as one JSON document of a versioned shape, described in docs/reference-json.md. Secrets are masked.

Keys are only ever added within a version; one that changes its meaning or goes makes the next version.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Literal, TypeAlias

from dagster_managed_elements.engine.changes import FieldChange
from dagster_managed_elements.engine.errors import ApiError, DeclarationError
from dagster_managed_elements.engine.findings import Consequence, Notice, Problem
from dagster_managed_elements.engine.presentation import Entry
from dagster_managed_elements.engine.reports import Outcome, Report
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import ABSENT, Key, Masked, Path
from dagster_managed_elements.rendering.sections import Difference, Section, in_sync
from dagster_managed_elements.rendering.values import visible

VERSION: Final = 1
Verb: TypeAlias = Literal["check", "apply", "destroy", "undo"]
Json: TypeAlias = dict[str, Any]
_ACTIONS: Final = ("create", "update", "replace", "delete")


def document(verb: Verb, sections: Sequence[Section], exit_code: int) -> str:
    """The document itself: ASCII, so that nothing in it can steer a terminal."""
    places = [_place(section) for section in sections]
    counts = Counter(change["action"] for place in places for change in place["changes"])
    whole: Json = {
        "version": VERSION,
        "command": verb,
        "exit_code": exit_code,
        "in_sync": in_sync(sections),
        "summary": {action: counts[action] for action in _ACTIONS},
        "places": places,
    }
    return json.dumps(whole, indent=2, allow_nan=False)


def _place(section: Section) -> Json:
    plan = section.plan
    changes = list(_third_party(section.diff or ()))
    return {
        "place": section.place,
        "reconcilers": list(section.of),
        "changes": [entry_document(entry) for entry in plan.entries] if plan else changes,
        "left_out": plan.left_out if plan else 0,
        "consequences": [_consequence(consequence) for consequence in plan.consequences] if plan else [],
        "notices": [_notice(notice) for notice in plan.notices] if plan else [],
        "undeclared": [{**_key(undeclared.key), "id": undeclared.id} for undeclared in plan.undeclared]
        if plan
        else [],
        "report": report_document(section.report) if section.report else None,
        "error": _error(section.error) if section.error else None,
    }


def _key(key: Key) -> Json:
    return {"kind": key.kind, "name": key.name}


def entry_document(entry: Entry) -> Json:
    return {
        "action": entry.action,
        **_key(entry.key),
        "id": entry.id,
        "cause": _key(entry.cause) if entry.cause else None,
        **({"reason": entry.reason} if entry.reason else {}),
        "fields": [_field(part) for change in entry.fields for part in change.parts],
    }


def _field(change: FieldChange) -> Json:
    """A side that does not exist is left out; null is a value."""
    sides = {"before": change.before, "after": change.after}
    field: Json = {"path": list(change.path)}
    field |= {name: visible(side) for name, side in sides.items() if side is not ABSENT}
    if any(isinstance(side, (Secret, Masked)) for side in sides.values()):
        field["secret"] = True
    if change.why:
        field["why"] = change.why
    return field


def _consequence(each: Consequence) -> Json:
    return {**_key(each.key), "code": each.code, "text": each.text, "destructive": each.destructive}


def _notice(each: Notice) -> Json:
    return {**_key(each.key), "path": list(each.path), "code": each.code, "text": each.text}


def _problem(each: Problem) -> Json:
    return {**_key(each.key), "path": list(each.path), "message": each.message}


def report_document(report: Report) -> Json:
    return {
        "interrupted": report.interrupted,
        "counts": dict(report.count()),
        "outcomes": [_outcome(outcome) for outcome in report.outcomes],
    }


def _outcome(each: Outcome) -> Json:
    step = {"action": each.step.verb, **_key(each.step.key), "id": each.id or each.step.id}
    return {**step, "status": each.status, "reason": each.reason}


def _error(error: Exception) -> Json:
    shown: Json = {"type": type(error).__name__, "message": str(error)}
    if isinstance(error, DeclarationError):
        shown["problems"] = [_problem(problem) for problem in error.problems]
    if isinstance(error, ApiError):
        shown["status"] = error.status
    return shown


def _third_party(diff: Iterable[Difference]) -> Iterator[Json]:
    """In the shape of ours: the first level of keys are its elements, of no known kind."""
    for difference in diff:
        fields = list(_flat(difference, ())) if difference.inside else [_sides(difference, ())]
        sides = {side for field in fields for side in ("before", "after") if side in field}
        action = {"after": "create", "before": "delete"}[sides.pop()] if len(sides) == 1 else "update"
        yield {
            "action": action,
            "kind": None,
            "name": difference.key,
            "id": None,
            "cause": None,
            "fields": fields,
        }


def _flat(difference: Difference, path: Path) -> Iterator[Json]:
    for inner in difference.inside:
        at = (*path, inner.key)
        yield from _flat(inner, at) if inner.inside else [_sides(inner, at)]


def _sides(difference: Difference, path: Path) -> Json:
    return _field(FieldChange(path, difference.before, difference.after))
