"""JSON and JSON lines as chunks of rows, one object in memory at a time.

The vendor's connector reads the whole file for the catalog, we its first 100,000 objects; it stumbles over an empty
line and over a byte order mark, we do not. NaN and the infinities are null to both.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Collection, Iterator
from typing import Any, BinaryIO

from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.connectors.files.json_shapes import Shape
from airbyte_local.connectors.files.texts import LONGEST, Text
from airbyte_local.connectors.protocol import ConnectorFailed
from airbyte_local.connectors.schema import DRAFT
from airbyte_local.model.json_values import Json, dumps, is_object

SHOWN = 100_000
ROWS = 1000
BLANK = " \t\r\n"


def _number(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


FOR_ROWS = json.JSONDecoder(parse_float=_number, parse_constant=lambda _: None)
FOR_TYPES = json.JSONDecoder()  # what is no number in a row is one in the catalog


class JsonTable:
    """A file of one array of objects, or of one object."""

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
        for value, text in self._values(decoder):
            if not is_object(value):
                raise ConnectorFailed(f"The file must hold JSON objects, not {text[:40]}")
            yield _sound(value) if "\\ud" in text or "\\uD" in text else value

    def _values(self, decoder: json.JSONDecoder) -> Iterator[tuple[Any, str]]:
        return _elements(self._text, decoder)


class JsonLinesTable(JsonTable):
    """A file of one object a line."""

    def _values(self, decoder: json.JSONDecoder) -> Iterator[tuple[Any, str]]:
        for number, line in enumerate(self._text.lines()):
            self._text.mark = self._text.taken
            if not line.isspace():
                yield _decoded(decoder.decode, line, f"line {number + 1}"), line


def _decoded(decode: Callable[..., Any], text: str, place: str, *more: int) -> Any:
    try:
        return decode(text, *more)
    except RecursionError as error:
        raise ConnectorFailed(f"The file is nested too deeply, {place}") from error
    except ValueError as error:
        raise ConnectorFailed(f"The file is no valid JSON, {place}: {error}") from error


def _sound(row: Json) -> Json:
    """*row* without halves of surrogate pairs, which JSON can spell and no encoding can write."""
    return json.loads(dumps(row).encode("utf-8", "replace"))


def _elements(text: Text, decoder: json.JSONDecoder) -> Iterator[tuple[Any, str]]:
    """The elements of an array, each with what spells it, or the one value that the file is."""
    window = _Window(text.blocks(), decoder)
    if window.next_mark() != "[":
        yield window.value(), window.spelling
        window.end()
        return
    window.at += 1
    if window.next_mark() == "]":
        window.at += 1
        window.end()
        return
    while True:
        window.next_mark()
        yield window.value(), window.spelling
        mark = window.next_mark()
        if mark not in {",", "]"}:
            raise ConnectorFailed(f"The file is no valid JSON: {mark or 'its end'!r} where ',' or ']' was expected")
        window.at += 1
        if mark == "]":
            window.end()
            return


class _Window:
    """The part of a text that is looked at, and where in it."""

    def __init__(self, blocks: Iterator[str], decoder: json.JSONDecoder) -> None:
        self._blocks = blocks
        self._decoder = decoder
        self._passed = 0
        self._text = ""
        self.at = 0
        self.spelling = ""

    def next_mark(self) -> str:
        """The next character that is no blank; at the end of the text, none."""
        while True:
            while self.at < len(self._text):
                if (mark := self._text[self.at]) not in BLANK:
                    return mark
                self.at += 1
            if not self._more(1):
                return ""

    def value(self) -> Any:
        """What begins here. Where the text ends too early for it, ever more of it is looked at."""
        while True:
            try:
                found, end = self._decoder.raw_decode(self._text, self.at)
            except (ValueError, RecursionError) as error:
                if isinstance(error, ValueError) and self._more(len(self._text) - self.at):
                    continue
                return _decoded(self._decoder.raw_decode, self._text, f"after {self._passed} characters", self.at)
            if end == len(self._text) and not is_object(found) and self._more(1):
                continue  # a number may go on
            self.spelling = self._text[self.at : end]
            self.at = end
            return found

    def end(self) -> None:
        if mark := self.next_mark():
            raise ConnectorFailed(f"The file is no valid JSON: {mark!r} after its end")

    def _more(self, count: int) -> bool:
        """At least *count* characters more, unless the text ends before."""
        if len(self._text) - self.at > LONGEST:
            raise ConnectorFailed(f"A JSON value is longer than {LONGEST // 1_000_000} million characters")
        parts, found = [self._text[self.at :]], 0
        while found < count and (block := next(self._blocks, "")):
            parts.append(block)
            found += len(block)
        self._passed += self.at
        self._text, self.at = "".join(parts), 0
        return found > 0
