"""JSON lines as chunks of rows, one object in memory at a time, and the JSON Schema of what they hold.

The vendor's connector reads the whole file for the catalog, we its first 100,000 objects; it stumbles over an empty
line and over a byte order mark, we do not. NaN and the infinities are null to both.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Collection, Iterator
from typing import Any, BinaryIO

from genson import SchemaBuilder

from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.connectors.files.texts import Text
from airbyte_local.connectors.protocol import ConnectorFailed
from airbyte_local.connectors.specifications import DRAFT
from airbyte_local.model.json_values import Json, dumps, is_object

SHOWN = 100_000
ROWS = 1000
SHAPES = 1000


def _number(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


FOR_ROWS = json.JSONDecoder(parse_float=_number, parse_constant=lambda _: None)
FOR_TYPES = json.JSONDecoder()  # what is no number in a row is one in the catalog


class JsonLinesTable:
    def __init__(self, stream: BinaryIO, options: Json, cancellation: Cancellation) -> None:
        self._text = Text(stream, str(options.get("encoding") or "utf-8"), cancellation)

    def schema(self) -> Json:
        builder: Any = SchemaBuilder(schema_uri=DRAFT)
        known: set[tuple[Any, ...]] = set()
        for number, row in enumerate(itertools.islice(self._objects(FOR_TYPES), SHOWN), 1):
            shape = (*row, *map(type, row.values()))
            if shape in known:  # most objects of a file look like one before
                continue
            if dict not in shape and list not in shape and len(known) < SHAPES:
                known.add(shape)
            try:
                builder.add_object(row)
            except RecursionError as error:
                raise _too_deep(number) from error
        return {"type": "object", "properties": {}, **builder.to_schema()}

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
        raise _too_deep(number) from error
    except ValueError as error:
        raise ConnectorFailed(f"The file is no valid JSON, line {number}: {error}") from error


def _too_deep(number: int) -> ConnectorFailed:
    return ConnectorFailed(f"The file is nested too deeply, line {number}")


def _sound(row: Json) -> Json:
    """*row* without halves of surrogate pairs, which JSON can spell and no encoding can write."""
    return json.loads(dumps(row).encode("utf-8", "replace"))
