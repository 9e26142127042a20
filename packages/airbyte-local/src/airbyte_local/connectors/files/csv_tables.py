"""A CSV file as chunks of rows: which cells belong to which column, and which rows are none.

As pandas does it: empty lines are skipped; short rows are filled up; a longer one is an error, but if already the
first is longer than the header, the columns in front have no name and are left out. A file is read in chunks of
10,000 rows, and the types of a column are found for each chunk anew; the catalog has those of the first. Unlike
there, a chunk ends earlier where its rows are very long or wide, so that memory stays bounded.

The types of a column are those that pandas finds. A column of whole numbers with a blank among them holds floats.
One text among numbers makes all of them texts; a whole number that 64 bits do not hold makes texts too, as does a
float beyond the largest.

Of `reader_options` those are honoured that `reader_options.json` has; the others are the real connector's.
"""

from __future__ import annotations

import csv
import itertools
import json
import math
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from jsonschema import Draft4Validator  # whose integers are none with a point

from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.connectors.files.texts import LONGEST, Text
from airbyte_local.connectors.protocol import ConnectorFailed
from airbyte_local.connectors.specifications import DRAFT
from airbyte_local.model.json_values import Json, is_object

ROWS = 10_000
CHARACTERS = 16_000_000
CELLS = 500_000
Cells = list[str]
PLAIN = b"0123456789+-.eE \n"  # what a column of numbers consists of, but for infinities and odd blanks
NUMBER = re.compile(
    r"[ \t\v\f\r\n]*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[ \t\v\f\r\n]*|[+-]?(?i:inf|infinity)"
)
INT64 = 2**63
# What pandas takes for "no value", and for a truth.
MISSING = frozenset(
    {"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA"}
    | {"NULL", "NaN", "None", "n/a", "nan", "null"}
)
TRUTHS = {**dict.fromkeys(("True", "TRUE", "true"), True), **dict.fromkeys(("False", "FALSE", "false"), False)}


SCHEMAS: Json = json.loads(Path(__file__).with_name("reader_options.json").read_text(encoding="utf-8"))
SCHEMAS["delimiter"] = SCHEMAS["sep"]
ESCAPED = {"\\t": "\t"} | {f"\\{mark}": mark for mark in "|.^$*+?"}  # regular expressions for one character


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvOptions:
    dialect: Mapping[str, Any]  # how rows are cut into cells, as `csv.reader` takes it
    encoding: str
    header: int | None
    names: list[str] | None
    skipped: int
    rows: int | None
    used: list[str] | list[int] | None
    texts: Collection[str] | None  # columns whose cells stay as they are; None: all


def csv_options(given: Json) -> CsvOptions:
    """Of those that are honoured here. Raises ConnectorFailed for one that cannot be."""
    said: Json = {name: value for name, value in given.items() if value is not None or name == "header"}
    for name, value in said.items():
        schema: Any = SCHEMAS[name]
        if not Draft4Validator(schema).is_valid(value):  # pyright: ignore[reportUnknownMemberType]
            raise ConnectorFailed(f"reader_options do not fit: {name} must be {schema['title']}, not {value!r}")
    if {"sep", "delimiter"} <= said.keys():
        raise ConnectorFailed("reader_options do not fit: give either sep or delimiter")
    mark: str = said.get("sep", said.get("delimiter", ","))
    header, types = said.get("header", "infer"), said.get("dtype", {})
    dialect = {
        "delimiter": ESCAPED.get(mark, mark),
        "quotechar": said.get("quotechar", '"'),
        "escapechar": said.get("escapechar"),
    }
    return CsvOptions(
        dialect=dialect,
        encoding=said.get("encoding", "utf-8"),
        header=(None if "names" in said else 0) if header == "infer" else header,
        names=said.get("names"),
        skipped=said.get("skiprows", 0),
        rows=said.get("nrows"),
        used=said.get("usecols"),
        texts=types.keys() if is_object(types) else None,
    )


class CsvTable:
    def __init__(self, stream: BinaryIO, options: Json, cancellation: Cancellation) -> None:
        self._options = csv_options(options)
        self._text = Text(stream, self._options.encoding, cancellation)
        self._rows = _records(self._text, self._options)
        header = _header(self._rows, self._options)
        first = next(filter(None, self._rows), None)
        self._layout = _laid_out(header, first, self._options)
        self._rows = itertools.chain([] if first is None else [first], self._rows)

    def schema(self) -> Json:
        chunk = next(self._chunks(), None)
        kinds = (
            dict.fromkeys(self._layout.places, "string")
            if chunk is None
            else {name: found.type for name, found in self._columns(chunk, self._layout.places).items()}
        )
        properties = {name: {"type": [kind, "null"]} for name, kind in kinds.items()}
        return {"$schema": DRAFT, "type": "object", "properties": properties}

    def chunks(self, fields: Collection[str]) -> Iterator[Iterable[Json]]:
        """Rows with the columns among *fields*, all of them if there are none; missing values are left out."""
        names = [name for name in self._layout.places if not fields or name in fields]
        for rows in self._chunks():
            columns = self._columns(rows, names).values()
            values = zip(*(found.values for found in columns), strict=True)
            # What `strict` would ask of every row is so.
            if any(found.blanks for found in columns):
                yield ({name: cell for name, cell in zip(names, row) if cell is not None} for row in values)  # noqa: B905
            else:
                yield (dict(zip(names, row)) for row in values)  # noqa: B905

    def _chunks(self) -> Iterator[list[Cells]]:
        most = min(ROWS, max(CELLS // max(self._layout.width, 1), 1))
        rows = itertools.islice(_fitted(self._rows, self._layout, self._options), self._options.rows)
        while True:
            start = self._text.taken
            chunk: list[Cells] = []
            for row in itertools.islice(rows, most):
                chunk.append(row)
                if self._text.taken - start > CHARACTERS:
                    break
            if not chunk:
                return
            yield chunk

    def _columns(self, rows: list[Cells], names: Collection[str]) -> dict[str, Column]:
        """Takes the rows apart: what has become values is not kept as text."""
        cells: list[Sequence[str]] = list(zip(*rows, strict=True))
        rows.clear()
        found: dict[str, Column] = {}
        for name in names:
            place = self._layout.places[name]
            is_text = self._options.texts is None or name in self._options.texts
            found[name] = _column(cells[place], is_text=is_text)
            cells[place] = ()
        return found


def _records(text: Text, options: CsvOptions) -> Iterator[Cells]:
    """All rows of the file but those that `skiprows` names; empty ones too."""
    # The limit is the whole process's; how long a row may be is a matter of `Text`.
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST))
    return itertools.islice(_cut(text, options.dialect), min(options.skipped, sys.maxsize), None)


def _cut(text: Text, dialect: Mapping[str, Any]) -> Iterator[Cells]:
    try:
        reader = csv.reader(text.lines(), **dialect)
    except (TypeError, ValueError, csv.Error) as error:
        raise ConnectorFailed(f"reader_options do not fit: {error}") from error
    try:
        for row in reader:
            if text.ended:
                raise ConnectorFailed("The file ends inside quotes")
            text.mark = text.taken
            # A pair of quotes with blanks between them is a value.
            is_blank = len(row) == 1 and not text.line.strip(" \t\n") and dialect["delimiter"] not in text.line
            yield [] if is_blank else row
    except csv.Error as error:
        raise ConnectorFailed(f"Line {reader.line_num} is no CSV: {error}") from error


def _header(rows: Iterator[Cells], options: CsvOptions) -> Cells | None:
    """The row that `header` counts to, those before it passed over; None where there is to be none."""
    if options.header is None:
        return None
    found = next(itertools.islice(filter(None, rows), options.header, None), None)
    if found is None:
        raise ConnectorFailed("The file is empty: no columns to parse")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    width: int
    places: dict[str, int]  # by the name of a column, in order


def _laid_out(header: Cells | None, first: Cells | None, options: CsvOptions) -> Layout:
    """*first* is the first row of data, if there is one.

    Raises:
        ConnectorFailed: no column has a name, or one that an option names is none.
    """
    if options.names is not None:
        names = options.names
    elif header is not None:
        names = _distinct(header)
    elif first is not None:
        names = [str(place) for place in range(len(first))]
    else:
        raise ConnectorFailed("The file is empty: no columns to parse")
    count = len(names) if first is None else len(first)
    nameless = max(count - len(names), 0)
    used = set(names if options.used is None else _used(options.used, names))
    places = {name: nameless + place for place, name in enumerate(names) if name in used}
    return Layout(width=max(count, len(names)), places=places)


def _used(columns: Sequence[str | int], names: list[str]) -> Iterator[str]:
    for wanted in columns:
        known = wanted in names if isinstance(wanted, str) else -len(names) <= wanted < len(names)
        if not known:
            raise ConnectorFailed(f"reader_options do not fit: usecols {wanted!r} is no column; there are {names}")
        yield wanted if isinstance(wanted, str) else names[wanted]


def _distinct(header: Cells) -> list[str]:
    """As pandas does it: a, a.1, a.2 (passing over what another column is called), and a name for nameless ones."""
    titles = [name or f"Unnamed: {place}" for place, name in enumerate(header)]
    seen: dict[str, int] = {}
    found: list[str] = []
    for title in titles:
        name, count = title, seen.get(title, 0)
        while count:
            seen[title] = count + 1
            name = f"{title}.{count}"
            count = count + 1 if name in titles else seen.get(name, 0)
        seen[name] = seen.get(name, 0) + 1
        found.append(name)
    return found


def _fitted(rows: Iterator[Cells], layout: Layout, options: CsvOptions) -> Iterator[Cells]:
    """Rows as wide as the layout.

    Raises:
        ConnectorFailed: one is wider.
    """
    width = layout.width
    for number, row in enumerate(rows):
        if len(row) == width:
            yield row
        elif 0 < len(row) < width:
            yield row + [""] * (width - len(row))
        elif row and options.used is not None:
            yield row[:width]
        elif row:
            raise ConnectorFailed(f"Row {number + 1} has {len(row)} values where {width} were expected")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    type: str  # of JSON; as the vendor's connector says it, which calls whatever it does not know a string
    values: Sequence[Any]
    blanks: bool  # some values are None


def _column(cells: Sequence[str], *, is_text: bool) -> Column:
    blanks = not MISSING.isdisjoint(cells)
    present = [cell for cell in cells if cell not in MISSING] if blanks else cells
    found = Column(type="string", values=present, blanks=blanks) if is_text else _inferred(present, blanks=blanks)
    if not blanks:
        return found
    following = iter(found.values)
    return replace(found, values=[None if cell in MISSING else next(following) for cell in cells], blanks=True)


def _inferred(present: Sequence[str], *, blanks: bool) -> Column:
    if not present:
        return Column(type="number", values=(), blanks=blanks)
    found = _numbers(present, blanks=blanks)
    if found is not None:
        return found
    if all(map(TRUTHS.__contains__, present)):
        values = [TRUTHS[cell] for cell in present]
        return Column(type="string" if blanks else "boolean", values=values, blanks=blanks)
    return Column(type="string", values=present, blanks=blanks)


def _numbers(cells: Sequence[str], *, blanks: bool) -> Column | None:
    text = "\n".join(cells)
    plain = text.isascii() and not text.encode().translate(None, PLAIN)
    if not plain and not all(map(NUMBER.fullmatch, cells)):
        return None
    try:
        whole = list(map(int, cells))
    except ValueError:
        return _floats(cells, plain=plain)
    if min(whole) < -INT64 or max(whole) >= INT64:
        return None
    return Column(type="number", values=list(map(float, cells)) if blanks else whole, blanks=blanks)


def _floats(cells: Sequence[str], *, plain: bool) -> Column | None:
    try:
        values = list(map(float, cells))
    except ValueError:
        return None
    if math.inf not in values and -math.inf not in values:
        return Column(type="number", values=values, blanks=False)
    infinite = [cell for cell, value in zip(cells, values, strict=True) if math.isinf(value)]
    if plain or any(any(map(str.isdigit, cell)) for cell in infinite):
        return None
    # JSON knows no infinity.
    return Column(type="number", values=[None if math.isinf(value) else value for value in values], blanks=True)
