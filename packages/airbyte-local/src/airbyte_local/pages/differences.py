"""The last diff between what is declared elsewhere and what is here, element by element. Masked by who sent it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airbyte_local.model.json_values import Json, is_list, is_object

SHOWN = 300
"""Elements of one place; who has more to change reads the terminal."""
FIELDS = 200
LONGEST = 2_000
"""Characters of one value."""
ACTIONS = {"create": "To create", "update": "To change", "replace": "To replace", "delete": "To delete"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A value before or after. *there* is False where the field has no such side."""

    there: bool
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    path: str
    before: Side
    after: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    action: str
    kind: str
    name: str
    cause: str | None
    fields: tuple[Difference, ...]
    fields_left_out: int
    remarks: tuple[tuple[bool, str], ...]  # (whether it destroys, text)

    @property
    def words(self) -> str:
        return ACTIONS.get(self.action, self.action)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacePage:
    name: str
    changes: tuple[Changed, ...]
    left_out: int
    error: str | None
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferencePage:
    module: str
    computed_at: int
    error: str | None
    places: tuple[PlacePage, ...]
    in_sync: tuple[tuple[str, str], ...]  # (kind, name)
    counts: Mapping[str, int]

    @property
    def clean(self) -> bool:
        """Everything was compared, and nothing differs."""
        failed = self.error or any(place.error for place in self.places)
        return not failed and not any(self.counts.values())


def difference_page(kept: Json) -> DifferencePage:
    """Of what `diffs.kept` returns."""
    document: Json = kept.get("document") or {"places": []}
    places = tuple(_place(place) for place in document["places"])
    actions = Counter(change["action"] for place in document["places"] for change in place["changes"])
    return DifferencePage(
        module=kept["module"],
        computed_at=kept["computed_at"],
        error=kept.get("error"),
        places=places,
        in_sync=tuple((each.get("kind") or "", each["name"]) for each in kept.get("in_sync") or ()),
        counts={action: actions[action] for action in ACTIONS},
    )


def _place(place: Json) -> PlacePage:
    error: Json = place.get("error") or {}
    remarks: dict[tuple[str, str], list[tuple[bool, str]]] = {}
    for each in (*(place.get("consequences") or ()), *(place.get("notices") or ())):
        remarks.setdefault(_key(each), []).append((bool(each.get("destructive")), each["text"]))
    changes: list[Json] = place["changes"]
    return PlacePage(
        name=place["place"],
        changes=tuple(_changed(change, tuple(remarks.get(_key(change), ()))) for change in changes[:SHOWN]),
        left_out=max(0, len(changes) - SHOWN),
        error=error.get("message"),
        problems=tuple(f"{each['name']}: {each['message']}" for each in error.get("problems") or ()),
    )


def _key(element: Json) -> tuple[str, str]:
    return element.get("kind") or "", element["name"]


def _changed(change: Json, remarks: tuple[tuple[bool, str], ...]) -> Changed:
    fields = [leaf for field in change["fields"] for leaf in _leaves(field)]
    cause: Json | None = change.get("cause")
    return Changed(
        action=change["action"],
        kind=change.get("kind") or "",
        name=change["name"],
        cause=cause["name"] if cause else None,
        fields=tuple(fields[:FIELDS]),
        fields_left_out=max(0, len(fields) - FIELDS),
        remarks=remarks,
    )


def _leaves(field: Json) -> Iterator[Difference]:
    """A value that is new or gone is shown leaf by leaf, as the terminal does it."""
    path = ".".join(str(part) for part in field["path"])
    sides = {name: field[name] for name in ("before", "after") if name in field}
    if len(sides) == 1 and is_object(value := next(iter(sides.values()))) and value:
        (name,) = sides
        for key, inner in value.items():
            yield from _leaves({"path": [*field["path"], key], name: inner})
        return
    yield Difference(path=path, before=_side(sides, "before"), after=_side(sides, "after"))


def _side(sides: Json, name: str) -> Side:
    if name not in sides:
        return Side(there=False)
    text = _text(sides[name])
    return Side(there=True, text=text if len(text) <= LONGEST else f"{text[:LONGEST]}...")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value or "(empty)"
    if is_object(value) or is_list(value):
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(value)
