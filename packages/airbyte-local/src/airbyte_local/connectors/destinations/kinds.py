"""What sort of column a property of a JSON Schema gets, as the vendor's destinations read schemas."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

from airbyte_local.model.json_values import Json, is_list, is_object


class Kind(Enum):
    """The values are the words of messages to the user."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp without time zone"
    TIMESTAMP_TZ = "timestamp with time zone"
    TIME = "time without time zone"
    TIME_TZ = "time with time zone"
    UNION = "several types"
    JSON = "JSON"


PLAIN = {
    "string": Kind.TEXT,
    "integer": Kind.INTEGER,
    "int": Kind.INTEGER,
    "number": Kind.NUMBER,
    "boolean": Kind.BOOLEAN,
}
FORMATS = {
    "date": (Kind.DATE, Kind.DATE),
    "date-time": (Kind.TIMESTAMP_TZ, Kind.TIMESTAMP),
    "time": (Kind.TIME_TZ, Kind.TIME),
}
"""With a time zone, which is the rule, and where `airbyte_type` says without."""
WELL_KNOWN = {
    "Integer": Kind.INTEGER,
    "Number": Kind.NUMBER,
    "String": Kind.TEXT,
    "BinaryData": Kind.TEXT,
    "Boolean": Kind.BOOLEAN,
    "Date": Kind.DATE,
    "TimestampWithTimezone": Kind.TIMESTAMP_TZ,
    "TimestampWithoutTimezone": Kind.TIMESTAMP,
    "TimeWithTimezone": Kind.TIME_TZ,
    "TimeWithoutTimezone": Kind.TIME,
}


def kind_of(schema: Any) -> Kind:
    """UNION is several types in one list; several schemas of a oneOf are JSON, as is all that is not understood."""
    if not is_object(schema):
        return Kind.JSON
    types = schema.get("type")
    if isinstance(types, str):
        return _of_type(types, schema)
    if is_list(types):
        return _only({_of_type(each, schema) for each in types if each != "null"}, Kind.UNION)
    if isinstance(known := schema.get("$ref"), str):
        return WELL_KNOWN.get(known.rpartition("/")[2], Kind.JSON)
    for word in ("oneOf", "anyOf", "allOf"):
        if is_list(options := schema.get(word)):
            return _only({kind_of(each) for each in options if not _is_null(each)}, Kind.JSON)
    return Kind.JSON


def kinds_of(json_schema: Json) -> dict[str, Kind]:
    """The columns of a stream, in the order of its schema."""
    properties = json_schema.get("properties")
    return {name: kind_of(schema) for name, schema in properties.items()} if is_object(properties) else {}


def _only(kinds: Iterable[Kind], several: Kind) -> Kind:
    found = set(kinds)
    if len(found) == 1:
        return found.pop()
    return several if found else Kind.JSON


def _is_null(schema: Any) -> bool:
    return is_object(schema) and schema.get("type") in ("null", ["null"])


def _of_type(name: Any, schema: Json) -> Kind:
    kind = PLAIN.get(name, Kind.JSON) if isinstance(name, str) else Kind.JSON
    if kind is Kind.NUMBER and schema.get("airbyte_type") == "integer":
        return Kind.INTEGER
    form = schema.get("format")
    if kind is Kind.TEXT and isinstance(form, str) and form in FORMATS:
        with_zone, without = FORMATS[form]
        return without if str(schema.get("airbyte_type")).endswith("_without_timezone") else with_zone
    return kind
