"""Sections as one JSON document of a versioned shape, described in docs/reference-json.md. Secrets are masked.

Keys are only ever added within a version; one that changes its meaning or goes makes the next version.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal, TypeAlias

from dagster_managed_elements.engine.changes import FieldChange
from dagster_managed_elements.engine.errors import ApiError, DeclarationError
from dagster_managed_elements.engine.findings import Consequence, Notice, Problem
from dagster_managed_elements.engine.presentation import Entry
from dagster_managed_elements.engine.reports import Outcome, Report
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import ABSENT, Key, Masked
from dagster_managed_elements.rendering.sections import Section, in_sync
from dagster_managed_elements.rendering.values import masked_by_name, visible
from dagster_managed_elements.types import ManagedElementDiff

VERSION: Final = 1
Verb: TypeAlias = Literal["check", "apply"]
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
    changes = _foreign(section.diff) if section.diff is not None else []
    return {
        "place": section.place,
        "reconcilers": list(section.of),
        "changes": [_entry(entry) for entry in plan.entries] if plan else changes,
        "consequences": [_consequence(each) for each in plan.consequences] if plan else [],
        "notices": [_notice(each) for each in plan.notices] if plan else [],
        "report": _report(section.report) if section.report else None,
        "error": _error(section.error) if section.error else None,
    }


def _key(key: Key) -> Json:
    return {"kind": key.kind, "name": key.name}


def _entry(entry: Entry) -> Json:
    return {
        "action": entry.action,
        **_key(entry.key),
        "id": entry.id,
        "cause": _key(entry.cause) if entry.cause else None,
        "fields": [_field(change) for change in entry.fields],
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


def _report(report: Report) -> Json:
    return {
        "interrupted": report.interrupted,
        "counts": dict(report.count()),
        "outcomes": [_outcome(each) for each in report.outcomes],
    }


def _outcome(each: Outcome) -> Json:
    step = {"action": each.step.verb, **_key(each.step.key), "id": each.id or each.step.id}
    return {**step, "status": each.status, "reason": each.reason}


def _error(error: Exception) -> Json:
    shown: Json = {"type": type(error).__name__, "message": str(error)}
    if isinstance(error, DeclarationError):
        shown["problems"] = [_problem(each) for each in error.problems]
    if isinstance(error, ApiError):
        shown["status"] = error.status
    return shown


def _foreign(diff: ManagedElementDiff) -> list[Json]:
    """A third party's diff in the shape of ours: the first level of keys are its elements, of no known kind."""
    changes = [_whole("create", each.key, {"after": each.value}) for each in diff.additions]
    changes += [_whole("delete", each.key, {"before": each.value}) for each in diff.deletions]
    for each in diff.modifications:
        changes.append(_whole("update", each.key, {"before": each.old_value, "after": each.new_value}))
    for name, inner in diff.nested.items():
        if not inner.is_empty():
            fields = list(_flat(inner, ()))
            sides = {side for field in fields for side in ("before", "after") if side in field}
            action = {"after": "create", "before": "delete"}[sides.pop()] if len(sides) == 1 else "update"
            changes.append(
                {"action": action, "kind": None, "name": name, "id": None, "cause": None, "fields": fields}
            )
    return changes


def _whole(action: str, name: str, sides: Json) -> Json:
    field = {"path": list[str](), **{side: masked_by_name(name, value) for side, value in sides.items()}}
    return {"action": action, "kind": None, "name": name, "id": None, "cause": None, "fields": [field]}


def _flat(diff: ManagedElementDiff, path: tuple[str, ...]) -> Iterator[Json]:
    leaves: list[tuple[str, Json]] = [
        *((each.key, {"after": each.value}) for each in diff.additions),
        *((each.key, {"before": each.value}) for each in diff.deletions),
        *((each.key, {"before": each.old_value, "after": each.new_value}) for each in diff.modifications),
    ]
    for key, sides in leaves:
        yield {"path": [*path, key], **{side: masked_by_name(key, value) for side, value in sides.items()}}
    for name, inner in diff.nested.items():
        yield from _flat(inner, (*path, name))
