"""Types of columns from the values of a file, as the vendor's File source (through pandas) reports them."""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Iterable
from typing import Any, cast

from airbyte_local.connectors.fetching import Sample
from airbyte_local.connectors.protocol import ConnectorFailed
from airbyte_local.json_values import Json, is_list, is_object

ROWS = 20_000
OPTIONS = {"sep", "delimiter", "encoding", "quotechar", "header", "names", "skiprows", "nrows"}
# What pandas takes for "no value" in a CSV file.
MISSING = frozenset(
    {"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA"}
    | {"NULL", "NaN", "None", "n/a", "nan", "null"}
)
BOOLEANS = {"True", "False", "TRUE", "FALSE", "true", "false"}


def csv_properties(sample: Sample, options: Json) -> Json:
    """Every column is nullable; whole numbers are `number`, as pandas' columns are."""
    unknown = sorted(set(options) - OPTIONS)
    if unknown:
        raise ConnectorFailed(
            f"reader_options not known here: {', '.join(unknown)}; known: {', '.join(sorted(OPTIONS))}"
        )
    rows = _rows(sample, options)
    header = _header(rows, options)
    kinds: list[set[str]] = [set() for _ in header]
    for row in itertools.islice(rows, options.get("nrows", ROWS)):
        for column, value in zip(kinds, row, strict=False):
            column.add(_kind(value))
    return {name: {"type": [_column(column), "null"]} for name, column in zip(header, kinds, strict=True)}


def _rows(sample: Sample, options: Json) -> Iterable[list[str]]:
    lines = io.StringIO(_text(sample, options.get("encoding", "utf-8")), newline="")
    try:
        rows = csv.reader(
            lines,
            delimiter=options.get("sep") or options.get("delimiter") or ",",
            quotechar=options.get("quotechar", '"'),
        )
    except (TypeError, csv.Error) as error:
        raise ConnectorFailed(f"reader_options do not fit: {error}") from error
    return itertools.islice((row for row in rows if row), options.get("skiprows", 0), None)


def _text(sample: Sample, encoding: str) -> str:
    """The sample without its last, possibly cut line."""
    content = sample.content if sample.whole else sample.content.rpartition(b"\n")[0]
    try:
        text = content.decode(encoding)
    except (LookupError, UnicodeDecodeError) as error:
        raise ConnectorFailed(f"The file is not {encoding} text: {error}") from error
    return text.removeprefix("\ufeff")


def _header(rows: Iterable[list[str]], options: Json) -> list[str]:
    names: list[str] | None = options.get("names")
    if options.get("header", 0) is None and names is None:
        raise ConnectorFailed('reader_options: {"header": null} needs "names"')
    first = None if options.get("header", 0) is None else next(iter(rows), None)
    if names:
        return names
    if first is None:
        raise ConnectorFailed("The file is empty: no columns to parse")
    return _distinct(first)


def _distinct(names: list[str]) -> list[str]:
    """As pandas does it: a, a.1, a.2, and a name for nameless columns."""
    seen: dict[str, int] = {}
    found: list[str] = []
    for place, name in enumerate(names):
        title = name or f"Unnamed: {place}"
        count = seen.get(title, 0)
        seen[title] = count + 1
        found.append(f"{title}.{count}" if count else title)
    return found


def _kind(value: str) -> str:
    if value in MISSING:
        return "missing"
    if value in BOOLEANS:
        return "boolean"
    try:
        float(value.replace("_", "x"))
    except ValueError:
        return "string"
    return "number"


def _column(kinds: set[str]) -> str:
    present = kinds - {"missing"}
    if len(present) == 1 and not ("boolean" in present and "missing" in kinds):
        return present.pop()
    return "string" if present else "number"  # a column of nothing but blanks is float to pandas


def json_properties(sample: Sample, *, lines: bool) -> Json:
    """Nested types as they are; an array of objects is a table of them."""
    try:
        text = _text(sample, "utf-8") if lines or sample.whole else None
        if text is None:
            raise ConnectorFailed("The JSON file is too large to be read at once; use jsonl")
        found: Any = [json.loads(line) for line in text.splitlines() if line.strip()] if lines else json.loads(text)
    except ValueError as error:
        raise ConnectorFailed(f"The file is no valid JSON: {error}") from error
    records = found if is_list(found) else [found]
    if not records or not all(is_object(record) for record in records):
        raise ConnectorFailed("The file must hold JSON objects")
    return _schema(records[:ROWS])["properties"]


def _schema(values: list[Any]) -> Json:
    """One schema that fits all values."""
    types = sorted({_type(value) for value in values})
    if "number" in types and "integer" in types:
        types.remove("integer")
    schema: Json = {"type": types[0] if len(types) == 1 else types}
    objects = [value for value in values if is_object(value)]
    if objects:
        names = dict.fromkeys(itertools.chain.from_iterable(objects))
        schema["properties"] = {name: _schema([o[name] for o in objects if name in o]) for name in names}
    elements = list(itertools.chain.from_iterable(value for value in values if is_list(value)))
    if elements:
        schema["items"] = _schema(elements)
    return schema


def _type(value: Any) -> str:
    names = {type(None): "null", bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
    return names.get(cast(Any, type(value)), "object")
