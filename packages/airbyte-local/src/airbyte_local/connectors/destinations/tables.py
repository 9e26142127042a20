"""What a typed table is made of, as the vendor's destinations read schemas, and what each database calls it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from airbyte_local.connectors.destinations.naming import distinct, quoted
from airbyte_local.connectors.protocol import ConnectorFailed, Target
from airbyte_local.model.json_values import Json, is_list, is_object

RAW_ID = "_airbyte_raw_id"
EXTRACTED_AT = "_airbyte_extracted_at"
META = "_airbyte_meta"
GENERATION = "_airbyte_generation_id"
ORDER = "_airbyte_tmp_order"  # of the rows of a staging table
FRESH, SPOT, PLACE = "_airbyte_tmp_fresh", "_airbyte_tmp_spot", "_airbyte_tmp_place"  # of queries
RESERVED = frozenset({RAW_ID, EXTRACTED_AT, META, GENERATION, ORDER, FRESH, SPOT, PLACE})


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
        return _only({_of_type(name, schema) for name in types if name != "null"}, Kind.UNION)
    if isinstance(known := schema.get("$ref"), str):
        return WELL_KNOWN.get(known.rpartition("/")[2], Kind.JSON)
    for word in ("oneOf", "anyOf", "allOf"):
        if is_list(options := schema.get(word)):
            real = [kind for kind in options if not (is_object(kind) and kind.get("type") in ("null", ["null"]))]
            return _only({kind_of(option) for option in real}, Kind.JSON)
    return Kind.JSON


def kinds_of(json_schema: Json) -> dict[str, Kind]:
    """The columns of a stream, in the order of its schema."""
    properties = json_schema.get("properties")
    return {name: kind_of(schema) for name, schema in properties.items()} if is_object(properties) else {}


def _only(kinds: set[Kind], several: Kind) -> Kind:
    return several if len(kinds) > 1 else next(iter(kinds), Kind.JSON)


def _of_type(name: Any, schema: Json) -> Kind:
    kind = PLAIN.get(name, Kind.JSON) if isinstance(name, str) else Kind.JSON
    if kind is Kind.NUMBER and schema.get("airbyte_type") == "integer":
        return Kind.INTEGER
    form = schema.get("format")
    if kind is Kind.TEXT and isinstance(form, str) and form in FORMATS:
        with_zone, without = FORMATS[form]
        return without if str(schema.get("airbyte_type")).endswith("_without_timezone") else with_zone
    return kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one database differs from the other."""

    types: Mapping[Kind, str]
    meta: Mapping[str, str]  # the vendor's own columns and their types
    required: Collection[str]  # those of them that are never null
    meta_first: bool
    row: str  # what tells two rows of a table apart
    reserved: Collection[str]  # names that no column may have
    synonyms: Mapping[str, Kind]  # what the catalog calls types that hold what a kind holds
    wider: Mapping[Kind, Kind]  # where to go with a number that its type cannot hold exactly
    exact_numbers: bool  # NUMBER holds every decimal there is
    holds_nul: bool
    union_is_json: bool
    folds_case: bool  # names that differ in upper case alone are one
    column_name: Callable[[str], str]
    same: Callable[[str, str], str]  # SQL: two expressions are equal, null being equal to null
    ordered: Callable[[str, Kind], str]  # SQL: an expression by whose order cursors compare
    drop_suffix: str = ""


def kinds_by_type(types: dict[Kind, str]) -> dict[str, Kind]:
    """Of several kinds that share a type, the first."""
    return {sql_type: kind for kind, sql_type in reversed(types.items())}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    field: str  # of the row
    name: str
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One stream in one database."""

    schema: str
    name: str
    columns: tuple[Column, ...]
    target: Target
    key: tuple[str, ...] = ()  # names of columns; empty where rows are appended
    cursor: str | None = None
    database: str = ""  # where a schema alone might be taken for one

    @property
    def quoted(self) -> str:
        return self.beside(self.name)

    def beside(self, name: str) -> str:
        """*name* in the schema of this one, in SQL."""
        return quoted(*filter(None, (self.database, self.schema)), name)


def planned(target: Target, schema: str, name: str, dialect: Dialect) -> Table:
    """The table that *target*'s schema asks for, whatever is there already.

    Raises:
        ConnectorFailed: it deduplicates by something that is no column.
    """
    kinds = kinds_of(target.json_schema)
    names = distinct(kinds, dialect.column_name, RESERVED.union(dialect.reserved))
    columns = tuple(Column(field=field, name=names[field], kind=kind) for field, kind in kinds.items())
    table = Table(schema=schema, name=name, columns=columns, target=target)
    if target.mode == "append":
        return table
    if not target.primary_key:
        raise ConnectorFailed(f"Stream {target.name!r}: append_dedup needs a primary key")
    key = tuple(_top_level(target, path, names) for path in target.primary_key)
    return replace(table, key=key, cursor=_top_level(target, target.cursor, names) if target.cursor else None)


def _top_level(target: Target, path: tuple[str, ...], names: Mapping[str, str]) -> str:
    if len(path) != 1 or path[0] not in names:
        raise ConnectorFailed(
            f"Stream {target.name!r}: {'.'.join(path)!r} is no column; a primary key and a cursor must be columns"
        )
    return names[path[0]]


def met(existing: Kind, wanted: Kind, dialect: Dialect) -> Kind:
    """What holds the values of both: the wider number, and a text for everything else."""
    if dialect.types[existing] == dialect.types[wanted]:
        return wanted
    numbers = {Kind.INTEGER, Kind.NUMBER}
    return Kind.NUMBER if {existing, wanted} == numbers else Kind.TEXT
