"""Rows as lines of CSV, which both DuckDB and PostgreSQL read fastest: nothing is null, a text is in quotes.

A value that breaks the schema of its stream is a ConnectorFailed, as is a number that JSON does not have: other
than the vendor's destinations, these put no null in its place. What a database cannot hold of a text (a NUL in
PostgreSQL, half a surrogate pair in either) becomes U+FFFD, and `_airbyte_meta.changes` says where.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import partial
from math import isinf
from typing import Any

from airbyte_local.connectors.destinations import times
from airbyte_local.connectors.destinations.encoding import (
    Misfit,
    deeply_without,
    described,
    in_quotes,
    json_text,
    misfit,
    to_json,
    without,
)
from airbyte_local.connectors.destinations.tables import Column, Dialect, Kind
from airbyte_local.model.json_values import Json

INTEGER = re.compile(r"-?[0-9]+")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")
BIGGEST = 2**63
EXACT = 2**53  # up to here a double holds every integer
Encode = Callable[[Any], str]


class TooWide(Exception):
    """A number that fits the schema of its stream, but not the column: the column must become a wider one."""

    def __init__(self, column: Column) -> None:
        super().__init__(column.name)
        self.column = column


class Cells:
    """Makes the cells of one stream; not for two threads."""

    def __init__(self, stream: str, columns: Iterable[Column], dialect: Dialect) -> None:
        self._stream = stream
        self._dialect = dialect
        self._changed: list[str] = []
        self._encoders = [(column, column.field, self._encoder(column)) for column in columns]

    def of(self, data: Json) -> tuple[list[str], list[str]]:
        """The cells of one row, and the fields in which characters had to be replaced.

        Raises:
            TooWide: see there.
            ConnectorFailed: the row does not fit.
        """
        self._changed = []
        cells: list[str] = []
        append, get = cells.append, data.get
        for column, field, encode in self._encoders:
            value = get(field)
            try:
                append("" if value is None else encode(value))
            except Misfit as error:
                raise misfit(self._stream, field, error, column.kind.value) from error
            except OverflowError as error:
                raise TooWide(column) from error
        return cells, self._changed

    def _encoder(self, column: Column) -> Encode:
        kind = column.kind
        if kind is Kind.UNION:
            kind = Kind.JSON if self._dialect.union_is_json else Kind.TEXT
        if kind is Kind.TEXT:
            return partial(self._text, column.field)
        if kind is Kind.JSON:
            return partial(self._json, column.field)
        if kind is Kind.NUMBER:
            return _number if self._dialect.exact_numbers else _double
        return PLAIN[kind]

    def _text(self, field: str, value: Any) -> str:
        text = value if isinstance(value, str) else json_text(value)
        if not self._holds(text):
            text = without(text, nul=not self._dialect.holds_nul)
            self._changed.append(field)
        return in_quotes(text)

    def _json(self, field: str, value: Any) -> str:
        text = json_text(value)
        if not self._holds(text, nul="\\u0000"):
            kept = deeply_without(value, nul=not self._dialect.holds_nul)
            if kept != value:  # a backslash that is text itself may have looked like an escape
                self._changed.append(field)
                text = to_json(kept)
        return in_quotes(text)

    def _holds(self, text: str, nul: str = "\0") -> bool:
        if not self._dialect.holds_nul and nul in text:
            return False
        if text.isascii():
            return True
        try:
            text.encode()
        except UnicodeEncodeError:
            return False
        return True


def _integer(value: Any) -> str:
    """A whole number, however it is written. Raises OverflowError beyond 64 bits."""
    if value.is_integer() if isinstance(value, float) else isinstance(value, str) and INTEGER.fullmatch(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Misfit(described(value))
    if not -BIGGEST <= value < BIGGEST:
        raise OverflowError
    return str(value)


def _number(value: Any) -> str:
    if isinstance(value, float):
        if value - value != 0:
            raise Misfit(described(value))
        return repr(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and NUMBER.fullmatch(value):
        return value
    if isinstance(value, Decimal) and value.is_finite():
        return str(value)
    raise Misfit(described(value))


def _double(value: Any) -> str:
    """As `_number`. Raises OverflowError for an integer that a double may not hold, and for what is beyond."""
    text = _number(value)
    if isinstance(value, float):
        return text
    double = float(text)
    if not -EXACT <= double <= EXACT and (isinf(double) or INTEGER.fullmatch(text)):
        raise OverflowError
    return text


def _boolean(value: Any) -> str:
    text = value.lower() if isinstance(value, str) else value
    if text is True or text == "true":
        return "true"
    if text is False or text == "false":
        return "false"
    raise Misfit(described(value))


def _timed(parse: Callable[[str], str]) -> Encode:
    def encode(value: Any) -> str:
        if not isinstance(value, str):
            raise Misfit(described(value))
        return parse(value)

    return encode


PLAIN: dict[Kind, Encode] = {
    Kind.INTEGER: _integer,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _timed(times.date_text),
    Kind.TIMESTAMP: _timed(times.timestamp_text),
    Kind.TIMESTAMP_TZ: _timed(times.utc_text),
    Kind.TIME: _timed(times.time_text),
    Kind.TIME_TZ: _timed(times.zoned_time_text),
}
