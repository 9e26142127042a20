"""Primary keys and cursors of rows that are JSON, where no database has columns of them to compare."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from airbyte_local.connectors.destinations.encoding import Misfit, json_text, to_bytes
from airbyte_local.connectors.destinations.tables import Kind, kind_of
from airbyte_local.connectors.destinations.times import date_text, time_text, utc_text
from airbyte_local.connectors.protocol import Target
from airbyte_local.model.json_values import Json, is_list, is_object

TIMES = {
    Kind.DATE: date_text,
    Kind.TIMESTAMP: utc_text,
    Kind.TIMESTAMP_TZ: utc_text,
    Kind.TIME: time_text,
    Kind.TIME_TZ: time_text,
}


class RowIds:
    """Of rows that have a key: UUIDs (version 8) that are the same for the same key."""

    def __init__(self, target: Target) -> None:
        self._paths = target.primary_key
        self.prefix = _digest([list(path) for path in target.primary_key])[:8]

    def of(self, data: Json) -> str:
        digits = _digest([_plain(_at(data, path)) for path in self._paths])
        variant = "89ab"[int(digits[7], 16) & 3]
        return f"{self.prefix}-{digits[:4]}-8{digits[4:7]}-{variant}{digits[8:11]}-{digits[11:23]}"


class Cursors:
    """The order of rows by their cursor: null, then numbers, then texts, then what else there may be."""

    def __init__(self, target: Target) -> None:
        self._path = target.cursor
        schema: Any = target.json_schema
        for name in target.cursor:
            properties = schema.get("properties") if is_object(schema) else None
            schema = properties.get(name) if is_object(properties) else None
        self._kind = kind_of(schema)

    def rank(self, data: Json) -> tuple[int, Any]:
        value = _at(data, self._path)
        if value is None:
            return 0, 0
        if isinstance(value, (int, float)):
            return 1, value
        if isinstance(value, str):
            return 2, self._text(value)
        return 3, json_text(value)

    def _text(self, value: str) -> str:
        """Times of one instant are one, however they are written."""
        parse = TIMES.get(self._kind)
        if parse is None:
            return value
        try:
            return parse(value)
        except Misfit:
            return value


def _at(data: Any, path: Sequence[str]) -> Any:
    for name in path:
        data = data.get(name) if is_object(data) else None
    return data


def _plain(value: Any) -> Any:
    """1.0 is 1, and the order of an object's fields is of no matter."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if is_object(value):
        return {name: _plain(value[name]) for name in sorted(value)}
    return [_plain(inner) for inner in value] if is_list(value) else value


def _digest(value: Any) -> str:
    return hashlib.sha256(to_bytes(json_text(value))).hexdigest()
