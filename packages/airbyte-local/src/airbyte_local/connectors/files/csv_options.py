"""`reader_options` of a CSV file, those of pandas' `read_csv`: each is checked, and one not honoured is named."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from airbyte_local.connectors.protocol import ConnectorFailed
from airbyte_local.json_values import Json, is_list, is_object

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
Check = tuple[str, Callable[[Any], bool]]
Columns = tuple[int, ...] | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How rows are cut into cells."""

    delimiter: str = ","
    quotechar: str | None = '"'
    quoting: Literal[0, 1, 3] = csv.QUOTE_MINIMAL
    doublequote: bool = True
    escapechar: str | None = None
    skipinitialspace: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What cells mean."""

    missing: frozenset[str] = MISSING
    missing_in: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    truths: Mapping[str, bool] = field(
        default_factory=lambda: {**dict.fromkeys(TRUE, True), **dict.fromkeys(FALSE, False)}
    )
    thousands: str | None = None
    decimal: str = "."
    types: str | Mapping[str, str] | None = None

    def type_of(self, column: str) -> str | None:
        return self.types if self.types is None or isinstance(self.types, str) else self.types.get(column)

    def missing_of(self, column: str) -> frozenset[str]:
        return self.missing | self.missing_in[column] if column in self.missing_in else self.missing


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvOptions:
    dialect: Dialect
    words: Words
    encoding: str = "utf-8"
    header: int | None = 0
    names: tuple[str, ...] | None = None
    skipped: int | frozenset[int] = 0
    rows: int | None = None
    index: Columns | None = None  # columns that are no data
    numbered: bool = True  # a first row that is longer than the header begins with such columns
    used: Columns | None = None
    lenient: bool = False  # rows that are too long are left out
    blank_lines: bool = False  # an empty line is a row


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_mark(value: Any) -> bool:
    return isinstance(value, str) and len(ESCAPED.get(value, value)) == 1


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_word(value: Any) -> bool:
    return isinstance(value, (str, int, float))


def _all(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: is_list(value) and bool(value) and all(map(fits, value))


def _are_columns(value: Any) -> bool:
    return any(_all(lambda each, kind=kind: isinstance(each, kind))(value) for kind in (str, int))


def _are_words(value: Any) -> bool:
    return _is_word(value) or (is_list(value) and all(map(_is_word, value)))


def _are_types(value: Any) -> bool:
    return all(
        isinstance(each, str) and each in TYPES for each in (value.values() if is_object(value) else [value])
    )


MARK: Check = ("one character", _is_mark)
FLAG: Check = ("true or false", _is_flag)
ANY: Check = ("anything", lambda _: True)
CHECKS: dict[str, Check] = {
    "sep": MARK,
    "delimiter": MARK,
    "quotechar": MARK,
    "escapechar": MARK,
    "thousands": MARK,
    "decimal": MARK,
    "quoting": ("0, 1 or 3", lambda value: _is_count(value) and value in {0, 1, 3}),
    "doublequote": FLAG,
    "skipinitialspace": FLAG,
    "skip_blank_lines": FLAG,
    "keep_default_na": FLAG,
    "na_filter": FLAG,
    "encoding": ("the name of an encoding", lambda value: isinstance(value, str)),
    "header": ("the number of a row, or null", lambda value: value == "infer" or _is_count(value)),
    "names": (
        "a list of different names",
        lambda value: _all(_is_word)(value) and len(set(map(str, value))) == len(value),
    ),
    "index_col": (
        "false, a column or a list of columns",
        lambda value: value is False or _are_columns(value) or _are_columns([value]),
    ),
    "usecols": ("a list of columns", _are_columns),
    "skiprows": ("a number of rows, or a list of them", lambda value: _is_count(value) or _all(_is_count)(value)),
    "nrows": ("a number of rows", _is_count),
    "dtype": (f"among {', '.join(sorted(TYPES))}, or an object of such", _are_types),
    "na_values": (
        "a value, a list of them, or an object of such",
        lambda value: all(map(_are_words, value.values() if is_object(value) else [value])),
    ),
    "true_values": ("a list of texts", _all(lambda value: isinstance(value, str))),
    "false_values": ("a list of texts", _all(lambda value: isinstance(value, str))),
    "on_bad_lines": ('"error", "warn" or "skip"', lambda value: value in ("error", "warn", "skip")),
    # These change no row.
    "engine": ('"c" or "python"', lambda value: value in ("c", "python")),
    "parse_dates": ("false", lambda value: value is False),
    "lineterminator": ('"\\n"', lambda value: value == "\n"),
    **dict.fromkeys(("cache_dates", "chunksize", "float_precision", "low_memory", "memory_map", "verbose"), ANY),
}


def csv_options(given: Json) -> CsvOptions:
    """Raises ConnectorFailed for one that is unknown here, has an impossible value, or contradicts another."""
    for name, value in given.items():
        if name not in CHECKS:
            raise ConnectorFailed(f"reader_options not known here: {name}; known: {', '.join(sorted(CHECKS))}")
        wanted, fits = CHECKS[name]
        if not (fits(value) or (value is None and name not in {"sep", "delimiter"})):
            raise ConnectorFailed(f"reader_options do not fit: {name} must be {wanted}, not {value!r}")
    set_ = {name: value for name, value in given.items() if value is not None}
    if "sep" in set_ and "delimiter" in set_:
        raise ConnectorFailed("reader_options do not fit: give either sep or delimiter")
    index = set_.get("index_col")
    if "usecols" in set_ and index is not None and index is not False:
        raise ConnectorFailed("reader_options do not fit: give either usecols or index_col")
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


def _header(given: Json, usual: int | None) -> int | None:
    value = given.get("header", "infer")
    return usual if value == "infer" else value


def _columns(value: Any) -> Columns:
    return tuple(value) if is_list(value) else (value,)


def _dialect(given: Json) -> Dialect:
    mark: str = given.get("sep", given.get("delimiter", ","))
    quoting: Literal[0, 1, 3] = given.get("quoting", csv.QUOTE_MINIMAL)
    return Dialect(
        delimiter=ESCAPED.get(mark, mark),
        quotechar=given.get("quotechar", '"') if quoting != csv.QUOTE_NONE else None,
        quoting=quoting,
        doublequote=given.get("doublequote", True),
        escapechar=given.get("escapechar"),
        skipinitialspace=given.get("skipinitialspace", False),
    )


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
    each: Iterable[Any] = values if is_list(values) else [values]
    return frozenset(text for value in each for text in _ways(value))


def _ways(value: Any) -> set[str]:
    try:
        number = float(value)
    except ValueError:
        return {value}
    return {str(value), str(number)} | ({str(int(number))} if number.is_integer() else set())
