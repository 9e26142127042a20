"""Columns of pyarrow as the vendor's connector has them, which gets them from fastparquet and pandas.

Whole numbers are floats where any is missing in the whole file (or might be, for want of statistics), and so are
truths in Parquet; numbers of other than 64 bits are called strings. It fails to write dates, times, binaries and
lists of whole numbers; ours are texts in ISO 8601, base64 and lists.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from airbyte_local.connectors.extras import imported
from airbyte_local.model.json_values import Json, is_list, is_object


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    type: str  # as `column_types` has them
    cast: Any = None  # a type of pyarrow that Python can hold
    convert: Callable[[Any], Any] | None = None  # what is not null


class Pandas:
    """What pandas wrote of itself into a file: which columns are the index, which have its own types."""

    def __init__(self, metadata: dict[bytes, bytes] | None) -> None:
        try:
            told: Json = json.loads((metadata or {}).get(b"pandas", b"{}"))
        except ValueError:
            told = {}
        columns: list[Json] = told.get("columns", [])
        self.index: set[str] = {name for name in told.get("index_columns", []) if isinstance(name, str)}
        self.kinds: dict[str, Kind] = {
            column["name"]: Kind(type="string")
            for column in columns
            if column.get("numpy_type") == "boolean" or column.get("numpy_type", "")[:1] in {"I", "U"}
        }


def kind_of(type_: Any, *, nulls: bool, parquet: bool) -> Kind:
    """*nulls*: some value of the column is missing, or may be."""
    arrow = imported("pyarrow", "parquet")
    if arrow.types.is_dictionary(type_):
        inner = kind_of(type_.value_type, nulls=nulls, parquet=parquet)
        return Kind(type=inner.type, cast=inner.cast or type_.value_type, convert=inner.convert)
    return (
        _simple(arrow.types, type_, nulls=nulls, parquet=parquet)
        or _temporal(arrow, type_, parquet=parquet)
        or Kind(type="string", convert=plain)
    )


def _simple(is_: Any, type_: Any, *, nulls: bool, parquet: bool) -> Kind | None:
    """Numbers, truths and texts."""
    found: Kind | None = None
    if is_.is_null(type_):
        found = Kind(type="number" if parquet else "string")
    elif is_.is_boolean(type_) and not (nulls and parquet):
        found = Kind(type="string" if nulls else "boolean")
    elif nulls and (is_.is_boolean(type_) or is_.is_integer(type_)):
        found = Kind(type="number", convert=float)
    elif is_.is_integer(type_):
        found = Kind(type="number" if is_.is_int64(type_) else "string")
    elif is_.is_floating(type_):
        found = Kind(type="number" if is_.is_float64(type_) else "string", convert=plain)
    elif is_.is_decimal(type_):
        found = Kind(type="number", convert=plain)
    elif is_.is_string(type_) or is_.is_large_string(type_):
        found = Kind(type="string")
    return found


def _temporal(arrow: Any, type_: Any, *, parquet: bool) -> Kind | None:
    """Python knows microseconds, and of zones only that of UTC everywhere."""
    is_ = arrow.types
    if is_.is_timestamp(type_):
        return Kind(type="date-time", cast=arrow.timestamp("us", type_.tz and "UTC"), convert=plain)
    if is_.is_date(type_):
        if parquet:
            return Kind(type="date-time", cast=arrow.timestamp("us"), convert=plain)
        return Kind(type="string", convert=plain)
    if is_.is_time(type_):
        return Kind(type="string", cast=arrow.time64("us"), convert=plain)
    return Kind(type="number", cast=arrow.int64()) if is_.is_duration(type_) else None


def plain(value: Any) -> Any:
    """*value* as JSON can say it."""
    if isinstance(value, (float, Decimal)):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return base64.b64encode(value).decode() if isinstance(value, bytes) else _plain_inside(value)


def _plain_inside(value: Any) -> Any:
    if is_object(value):
        return {name: plain(inner) for name, inner in value.items()}
    if is_list(value) or isinstance(value, tuple):
        return [plain(inner) for inner in value]  # pyright: ignore[reportUnknownVariableType] - a pair of a map
    return value
