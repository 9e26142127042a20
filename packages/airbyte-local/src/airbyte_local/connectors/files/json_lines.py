"""JSON lines as chunks of rows, one object in memory at a time, and the JSON Schema of what they hold.

The vendor's connector reads the whole file for the catalog, we its first 100,000 objects; it stumbles over an empty
line and over a byte order mark, we do not. NaN and the infinities are null to both. `required` names what every
object had. Scalars share one list of types; an object or an array beside them, or beside each other, is a choice.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Collection, Iterator
from typing import Any, BinaryIO, cast

from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.connectors.files.texts import Text
from airbyte_local.connectors.protocol import ConnectorFailed
from airbyte_local.connectors.specifications import DRAFT
from airbyte_local.model.json_values import Json, dumps, is_list, is_object

SHOWN = 100_000
ROWS = 1000
SCALARS = {type(None): "null", bool: "boolean", int: "integer", float: "number", str: "string"}


def _number(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


FOR_ROWS = json.JSONDecoder(parse_float=_number, parse_constant=lambda _: None)
FOR_TYPES = json.JSONDecoder()  # what is no number in a row is one in the catalog


class JsonLinesTable:
    def __init__(self, stream: BinaryIO, options: Json, cancellation: Cancellation) -> None:
        self._text = Text(stream, str(options.get("encoding") or "utf-8"), cancellation)

    def schema(self) -> Json:
        shape = Shape()
        for row in itertools.islice(self._objects(FOR_TYPES), SHOWN):
            shape.add(row)
        return {"$schema": DRAFT, "type": "object", "properties": {}, **shape.schema()}

    def chunks(self, _fields: Collection[str]) -> Iterator[list[Json]]:
        """Whole rows, as the vendor's connector gives them; but a value that is null is left out."""
        rows = self._objects(FOR_ROWS)
        while chunk := list(itertools.islice(rows, ROWS)):
            yield [
                {name: value for name, value in row.items() if value is not None} if None in row.values() else row
                for row in chunk
            ]

    def _objects(self, decoder: json.JSONDecoder) -> Iterator[Json]:
        for number, line in enumerate(self._text.lines(), 1):
            self._text.mark = self._text.taken
            if line.isspace():
                continue
            value = _decoded(decoder, line, number)
            if not is_object(value):
                raise ConnectorFailed(f"The file must hold JSON objects, not {line.strip()[:40]}")
            yield _sound(value) if "\\ud" in line or "\\uD" in line else value


def _decoded(decoder: json.JSONDecoder, line: str, number: int) -> Any:
    try:
        return decoder.decode(line)
    except RecursionError as error:
        raise ConnectorFailed(f"The file is nested too deeply, line {number}") from error
    except ValueError as error:
        raise ConnectorFailed(f"The file is no valid JSON, line {number}: {error}") from error


def _sound(row: Json) -> Json:
    """*row* without halves of surrogate pairs, which JSON can spell and no encoding can write."""
    return json.loads(dumps(row).encode("utf-8", "replace"))


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
            for inner in value:
                self._items.add(inner)
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
