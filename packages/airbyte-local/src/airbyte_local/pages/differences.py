"""The last diff between what is declared elsewhere and what is here, element by element. Masked by who sent it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from airbyte_local.model.json_values import Json, is_object

SHOWN = 300
"""Elements of one place; who has more to change reads the terminal."""
FIELDS = 200
LONGEST = 2_000
"""Characters of one value."""
ACTIONS = {"create": "To create", "update": "To change", "replace": "To replace", "delete": "To delete"}


def difference_page(kept: Json) -> Json:
    """Of what `diffs.kept` returns. *clean*: everything was compared, and nothing differs."""
    document: Json = kept.get("document") or {}
    places: list[Json] = document.get("places", [])
    actions = Counter(change["action"] for place in places for change in place["changes"])
    shown = [_place(place) for place in places]
    failed = kept.get("error") or any(place["error"] for place in shown)
    return {
        "module": kept["module"],
        "computed_at": kept["computed_at"],
        "error": kept.get("error"),
        "places": shown,
        "in_sync": [_key(element) for element in kept.get("in_sync") or ()],
        "counts": {action: actions[action] for action in ACTIONS},
        "clean": not failed and not any(actions[action] for action in ACTIONS),
    }


def _place(place: Json) -> Json:
    error: Json = place.get("error") or {}
    remarks: dict[tuple[str, str], list[tuple[bool, str]]] = {}  # (whether it destroys, text)
    for remark in (*(place.get("consequences") or ()), *(place.get("notices") or ())):
        remarks.setdefault(_key(remark), []).append((bool(remark.get("destructive")), remark["text"]))
    changes: list[Json] = place["changes"]
    return {
        "name": place["place"],
        "changes": [_changed(change, remarks.get(_key(change), [])) for change in changes[:SHOWN]],
        "left_out": max(0, len(changes) - SHOWN),
        "error": error.get("message"),
        "problems": [f"{problem['name']}: {problem['message']}" for problem in error.get("problems") or ()],
    }


def _key(element: Json) -> tuple[str, str]:
    return element.get("kind") or "", element["name"]


def _changed(change: Json, remarks: list[tuple[bool, str]]) -> Json:
    fields = [leaf for field in change["fields"] for leaf in _leaves(field)]
    cause: Json = change.get("cause") or {}
    return {
        "action": change["action"],
        "words": ACTIONS.get(change["action"], change["action"]),
        "kind": change.get("kind") or "",
        "name": change["name"],
        "cause": cause.get("name"),
        "fields": fields[:FIELDS],
        "fields_left_out": max(0, len(fields) - FIELDS),
        "remarks": remarks,
    }


def _leaves(field: Json) -> Iterator[Json]:
    """A value that is new or gone, leaf by leaf, as the terminal shows it. A side that is not there is None."""
    sides = {name: field[name] for name in ("before", "after") if name in field}
    if len(sides) == 1 and is_object(value := next(iter(sides.values()))) and value:
        (name,) = sides
        for key, inner in value.items():
            yield from _leaves({"path": [*field["path"], key], name: inner})
        return
    shown = {name: _text(sides[name]) if name in sides else None for name in ("before", "after")}
    yield {"path": ".".join(str(part) for part in field["path"]), **shown}


def _text(value: Any) -> str:
    text = (value or "(empty)") if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
