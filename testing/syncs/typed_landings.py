"""Destinations to look into, here those with a column for each property: DuckDB and Postgres."""

from __future__ import annotations

import json
import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from testing.postgres_server import PostgresServer
from testing.syncs.raw_landings import DEDUPING, Landing, alphanumeric, distinct, quoted
from testing.syncs.streams import Row, Stream

LONGEST = 63  # bytes of a name in PostgreSQL
BEGINNING = 50  # of a name that was cut: so much of it is as it was


class Typed(Landing):
    """A column a property."""

    modes = DEDUPING
    sql_types: ClassVar[Mapping[str, str]]

    @abstractmethod
    def column(self, field: str, there: Iterable[str]) -> str:
        """Which of the columns *there* are is that of *field*."""

    @abstractmethod
    def table(self, stream: Stream) -> str: ...

    @property
    @abstractmethod
    def schema(self) -> str:
        """Where streams without a namespace go."""

    @abstractmethod
    @contextmanager
    def ask(self) -> Iterator[Any]:
        """Something to execute queries on."""
        yield

    @abstractmethod
    def described(self, database: Any, schema: str, table: str) -> dict[str, str]:
        """Columns and types; empty where there is no such table."""

    def rows(self, stream: Stream, schema: str | None = None) -> list[Row] | None:
        place = (schema or self.schema, self.table(stream))
        with self.ask() as database:
            there = self.described(database, *place)
            if not there:
                return None
            names = ", ".join(quoted(self.column(field, there)) for field in stream.properties)
            query = f"SELECT _airbyte_raw_id, {names} FROM {'.'.join(map(quoted, place))}"
            found = database.execute(query).fetchall()
        distinct([row[0] for row in found])
        fields = stream.properties.items()
        return [
            {name: self.undone(value, property_) for (name, property_), value in zip(fields, row[1:], strict=True)}
            for row in found
        ]

    def types(self, stream: Stream, schema: str | None = None) -> dict[str, str]:
        with self.ask() as database:
            found = self.described(database, schema or self.schema, self.table(stream))
        return {field: found[self.column(field, found)] for field in stream.properties}

    def wanted_types(self, stream: Stream) -> dict[str, str]:
        return {field: self.sql_types[sort(property_)] for field, property_ in stream.properties.items()}

    def wanted(self, rows: list[Row], stream: Stream) -> list[Row]:
        """A field that a row lacks is null; a time is compared as a time, however it is written."""
        fields = stream.properties.items()
        return [{name: typed(row.get(name), sort(property_)) for name, property_ in fields} for row in rows]

    def undone(self, value: Any, property_: Any) -> Any:
        """A value of the database as `typed` has it."""
        if isinstance(value, Decimal):
            return int(value) if value == value.to_integral() and abs(value) < 2**63 else float(value)
        if isinstance(value, datetime):
            return value if value.tzinfo or sort(property_) != "date-time" else value.replace(tzinfo=timezone.utc)
        return value


class DuckDB(Typed):
    type_name = "duckdb"
    schema = "main"
    sql_types: ClassVar[Mapping[str, str]] = {
        "string": "VARCHAR",
        "integer": "BIGINT",
        "number": "DOUBLE",
        "boolean": "BOOLEAN",
        "date": "DATE",
        "date-time": "TIMESTAMP",
        "naive date-time": "TIMESTAMP",
        "time": "TIME WITH TIME ZONE",
        "naive time": "TIME",
        "json": "JSON",
    }

    @property
    def configuration(self) -> dict[str, Any]:
        return {"destination_path": f"/local/{self.place}.duckdb"}

    def column(self, field: str, there: Iterable[str]) -> str:
        return re.sub("[^a-z0-9]", "_", field.lower())

    def table(self, stream: Stream) -> str:
        return f"_airbyte_raw_{stream.name}"

    @contextmanager
    def ask(self) -> Iterator[Any]:
        import duckdb

        with duckdb.connect(self.local / f"{self.place}.duckdb") as database:
            yield database

    def described(self, database: Any, schema: str, table: str) -> dict[str, str]:
        query = "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?"
        return dict(database.execute(query, [schema, table]).fetchall())

    def undone(self, value: Any, property_: Any) -> Any:
        if sort(property_) == "json" and value is not None:
            return json.loads(value)
        return super().undone(value, property_)


class Postgres(Typed):
    type_name = "postgres"
    sql_types: ClassVar[Mapping[str, str]] = {
        "string": "character varying",
        "integer": "bigint",
        "number": "numeric",
        "boolean": "boolean",
        "date": "date",
        "date-time": "timestamp with time zone",
        "naive date-time": "timestamp without time zone",
        "time": "time with time zone",
        "naive time": "time without time zone",
        "json": "jsonb",
    }

    def __init__(self, local: Path, place: str, server: PostgresServer, database: str) -> None:
        super().__init__(local, place)
        self.server = server
        self.database = database

    @property
    def configuration(self) -> dict[str, Any]:
        return self.server.configuration(self.database, schema=self.schema)

    @property
    def schema(self) -> str:
        return self.place

    def column(self, field: str, there: Iterable[str]) -> str:
        """A long name has been cut, and its end is another, so that no two are one."""
        name = alphanumeric(field)
        if len(name) <= LONGEST:
            return name
        (cut,) = (each for each in there if len(each) == LONGEST and each[:BEGINNING] == name[:BEGINNING])
        return cut

    def table(self, stream: Stream) -> str:
        return alphanumeric(stream.name)

    @contextmanager
    def ask(self) -> Iterator[Any]:
        with self.server.connect(self.database) as database:
            yield database

    def described(self, database: Any, schema: str, table: str) -> dict[str, str]:
        query = (
            "SELECT column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = %s AND table_name = %s"
        )
        return dict(database.execute(query, [schema, table]).fetchall())


def sort(property_: Any) -> str:
    """Of a property of a JSON Schema: one of the keys of `Typed.sql_types`."""
    options = property_.get("oneOf") or property_.get("anyOf")
    if options:
        sorts = {sort(option) for option in options if option != {"type": "null"}}
        return sorts.pop() if len(sorts) == 1 else "json"
    kinds = property_["type"]
    (kind,) = {kinds} if isinstance(kinds, str) else set(kinds) - {"null"}
    if kind in {"object", "array"}:
        return "json"
    form = property_.get("format") if kind == "string" else None
    if form is None:
        return "integer" if property_.get("airbyte_type") == "integer" else kind
    return f"naive {form}" if str(property_.get("airbyte_type")).endswith("without_timezone") else form


def typed(value: Any, kind: str) -> Any:
    """A value of JSON as Python has what it means."""
    if not isinstance(value, str) or kind == "string":
        return value
    text = value.replace("Z", "+00:00")  # which Python 3.10 does not read
    if kind == "date":
        return date.fromisoformat(text)
    if kind.endswith("date-time"):
        found = datetime.fromisoformat(text)
        if kind == "naive date-time":
            return found.replace(tzinfo=None)
        return found if found.tzinfo else found.replace(tzinfo=timezone.utc)
    return time.fromisoformat(text) if kind.endswith("time") else value
