"""What `reader_options` can say of a CSV file: those of pandas' `read_csv` that are honoured here, as values."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

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
