"""`reader_options` of a CSV file, those of pandas' `read_csv`: each is checked, and one not honoured is named.

What each must be is in `reader_options.json`; those behind `on_bad_lines` there change no row.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator  # whose integers are none with a point

from airbyte_local.connectors.protocol import ConnectorFailed
from airbyte_local.model.json_values import Json, is_list, is_object

SCHEMA = Path(__file__).with_name("reader_options.json")
# What pandas takes for "no value", and for a truth.
MISSING = frozenset(
    {"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA"}
    | {"NULL", "NaN", "None", "n/a", "nan", "null"}
)
TRUE = ("True", "TRUE", "true")
FALSE = ("False", "FALSE", "false")
TYPES = {
    **dict.fromkeys(("str", "object", "string", "category"), "text"),
    **dict.fromkeys(("float", "float64", "double"), "float"),
    **dict.fromkeys(("int", "int64"), "whole"),
}
ESCAPED = {"\\t": "\t"} | {f"\\{mark}": mark for mark in "|.^$*+?"}  # regular expressions for one character
Columns = tuple[int, ...] | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What cells mean."""

    missing: frozenset[str]
    missing_in: Mapping[str, frozenset[str]]
    truths: Mapping[str, bool]
    thousands: str | None
    decimal: str
    types: str | Mapping[str, str] | None

    def type_of(self, column: str) -> str | None:
        return self.types if self.types is None or isinstance(self.types, str) else self.types.get(column)

    def missing_of(self, column: str) -> frozenset[str]:
        return self.missing | self.missing_in[column] if column in self.missing_in else self.missing


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvOptions:
    dialect: Mapping[str, Any]  # how rows are cut into cells, as `csv.reader` takes it
    words: Words
    encoding: str
    header: int | None
    names: tuple[str, ...] | None
    skipped: int | frozenset[int]
    rows: int | None
    index: Columns | None  # columns that are no data
    numbered: bool  # a first row that is longer than the header begins with such columns
    used: Columns | None
    lenient: bool  # rows that are too long are left out
    blank_lines: bool  # an empty line is a row


def csv_options(given: Json) -> CsvOptions:
    """Raises ConnectorFailed for one that is unknown here, has an impossible value, or contradicts another."""
    _check(given)
    set_ = {name: value for name, value in given.items() if value is not None}
    index = set_.get("index_col")
    skipped = set_.get("skiprows", 0)
    names = set_.get("names")
    return CsvOptions(
        dialect=_dialect(set_),
        words=_words(set_),
        encoding=set_.get("encoding", "utf-8"),
        header=_header(given, 0 if names is None else None),
        names=None if names is None else tuple(map(str, names)),
        skipped=frozenset(skipped) if is_list(skipped) else skipped,
        rows=set_.get("nrows"),
        index=None if index is None or index is False else _columns(index),
        numbered=index is None,
        used=_columns(set_["usecols"]) if "usecols" in set_ else None,
        lenient=set_.get("on_bad_lines", "error") != "error",
        blank_lines=not set_.get("skip_blank_lines", True),
    )


@cache
def _schema() -> Json:
    return json.loads(SCHEMA.read_text(encoding="utf-8"))


def _check(given: Json) -> None:
    known: Json = _schema()["properties"]
    for name, value in given.items():
        if name not in known:
            raise ConnectorFailed(f"reader_options not known here: {name}; known: {', '.join(sorted(known))}")
        if not _fits(name, value):
            wanted: Json = known[name]
            if "$ref" in wanted:
                wanted = _schema()["definitions"][wanted["$ref"].rpartition("/")[2]]
            raise ConnectorFailed(f"reader_options do not fit: {name} must be {wanted['title']}, not {value!r}")
    set_ = {
        name for name, value in given.items() if not (value is None or (name == "index_col" and value is False))
    }
    for pair in (("sep", "delimiter"), ("usecols", "index_col")):
        if set_.issuperset(pair):
            raise ConnectorFailed(f"reader_options do not fit: give either {pair[0]} or {pair[1]}")


def _fits(name: str, value: Any) -> bool:
    if value is None:
        return name not in {"sep", "delimiter"}
    is_valid: bool = Draft4Validator(_schema()).is_valid({name: value})  # pyright: ignore[reportUnknownMemberType]
    return is_valid and (name != "names" or len(set(map(str, value))) == len(value))


def _header(given: Json, usual: int | None) -> int | None:
    value = given.get("header", "infer")
    return usual if value == "infer" else value


def _columns(value: Any) -> Columns:
    return tuple(value) if is_list(value) else (value,)


def _dialect(given: Json) -> Json:
    mark: str = given.get("sep", given.get("delimiter", ","))
    quoting: int = given.get("quoting", csv.QUOTE_MINIMAL)
    return {
        "delimiter": ESCAPED.get(mark, mark),
        "quotechar": given.get("quotechar", '"') if quoting != csv.QUOTE_NONE else None,
        "quoting": quoting,
        "doublequote": given.get("doublequote", True),
        "escapechar": given.get("escapechar"),
        "skipinitialspace": given.get("skipinitialspace", False),
    }


def _words(given: Json) -> Words:
    own = given.get("na_values", [])
    usual = MISSING if given.get("keep_default_na", True) else frozenset[str]()
    filters = given.get("na_filter", True)
    by_column: Json = own if is_object(own) and filters else {}
    types = given.get("dtype")
    return Words(
        missing=usual | _texts([] if is_object(own) else own) if filters else frozenset(),
        missing_in={column: _texts(values) for column, values in by_column.items()},
        truths={
            **dict.fromkeys([*TRUE, *given.get("true_values", [])], True),
            **dict.fromkeys([*FALSE, *given.get("false_values", [])], False),
        },
        thousands=given.get("thousands"),
        decimal=given.get("decimal", "."),
        types={column: TYPES[name] for column, name in types.items()}
        if is_object(types)
        else types and TYPES[types],
    )


def _texts(values: Any) -> frozenset[str]:
    """A number stands for each of the ways to write it that are usual."""
    several: Iterable[Any] = values if is_list(values) else [values]
    return frozenset(text for value in several for text in _ways(value))


def _ways(value: Any) -> set[str]:
    try:
        number = float(value)
    except ValueError:
        return {value}
    return {str(value), str(number)} | ({str(int(number))} if number.is_integer() else set())
