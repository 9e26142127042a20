"""What a typed table is made of, and what each database calls it. Values only: nothing here talks to a database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from airbyte_local.connectors.destinations.kinds import Kind, kinds_of
from airbyte_local.connectors.destinations.naming import distinct, quoted
from airbyte_local.connectors.protocol import ConnectorFailed, Target

RAW_ID = "_airbyte_raw_id"
EXTRACTED_AT = "_airbyte_extracted_at"
META = "_airbyte_meta"
GENERATION = "_airbyte_generation_id"
ORDER = "_airbyte_tmp_order"  # of the rows of a staging table
FRESH, SPOT, PLACE = "_airbyte_tmp_fresh", "_airbyte_tmp_spot", "_airbyte_tmp_place"  # of queries
RESERVED = frozenset({RAW_ID, EXTRACTED_AT, META, GENERATION, ORDER, FRESH, SPOT, PLACE})


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
    key: tuple[str, ...]  # names of columns; empty where rows are appended
    cursor: str | None
    target: Target
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
    if target.mode == "append":
        return Table(schema=schema, name=name, columns=columns, key=(), cursor=None, target=target)
    if not target.primary_key:
        raise ConnectorFailed(f"Stream {target.name!r}: append_dedup needs a primary key")
    key = tuple(_top_level(target, path, names) for path in target.primary_key)
    cursor = _top_level(target, target.cursor, names) if target.cursor else None
    return Table(schema=schema, name=name, columns=columns, key=key, cursor=cursor, target=target)


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
