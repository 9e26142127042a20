"""`reader_options` of a CSV file: those of pandas' `read_csv` that are honoured here.

What each must be is in `reader_options.json`; the others are the real connector's.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator  # whose integers are none with a point

from airbyte_local.connectors.protocol import ConnectorFailed
from airbyte_local.model.json_values import Json, is_object

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
