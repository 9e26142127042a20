"""JSON Schemas that grow with each value they are shown, to what the vendor's connector reports for all of them.

`required` names what every object had. Scalars share one list of types; an object or an array beside them, or
beside each other, is a choice (`anyOf`).
"""

from __future__ import annotations

from typing import Any, cast

from airbyte_local.model.json_values import Json, is_list, is_object

SCALARS = {type(None): "null", bool: "boolean", int: "integer", float: "number", str: "string"}


class Shape:
    """What one place of a document has held so far."""

    def __init__(self) -> None:
        self._scalars: set[str] = set()
        self._properties: dict[str, Shape] | None = None
        self._required: set[str] | None = None
        self._items: Shape | None = None
        self._known: set[tuple[Any, ...]] = set()

    def add(self, value: Any) -> None:
        if is_object(value):
            self._add_object(value)
        elif is_list(value):
            self._items = self._items or Shape()
            for each in value:
                self._items.add(each)
        else:
            self._scalars.add(SCALARS[cast(type[Any], type(value))])

    def _add_object(self, value: Json) -> None:
        types = tuple(map(type, value.values()))
        looks = (*value, *types)
        if looks in self._known:  # most objects of a file look like one before
            return
        if dict not in types and list not in types and len(self._known) < 1000:
            self._known.add(looks)
        self._properties = {} if self._properties is None else self._properties
        for name, inner in value.items():
            self._properties.setdefault(name, Shape()).add(inner)
        self._required = set(value) if self._required is None else self._required & value.keys()

    def schema(self) -> Json:
        scalars = set(self._scalars)
        complex_: list[Json] = []
        if self._properties is not None:
            inner = {name: shape.schema() for name, shape in self._properties.items()}
            required = {"required": sorted(self._required)} if self._required else {}
            if inner:
                complex_.append({"type": "object", "properties": inner, **required})
            else:
                scalars.add("object")
        if self._items is not None:
            items = self._items.schema()
            if items:
                complex_.append({"type": "array", "items": items})
            else:
                scalars.add("array")
        choices = [*_one(scalars), *complex_]
        return choices[0] if len(choices) == 1 else {"anyOf": choices} if choices else {}


def _one(types: set[str]) -> list[Json]:
    found = sorted(types - {"integer"} if "number" in types else types)
    return [{"type": found[0] if len(found) == 1 else found}] if found else []
