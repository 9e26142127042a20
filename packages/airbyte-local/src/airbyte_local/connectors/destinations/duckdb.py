"""The DuckDB destination: a table a stream, `<schema>._airbyte_raw_<stream>`, with a typed column a property.

The schema is the namespace of the stream, else the configured one, else `main`, and is made where it is missing.
Types are those of the vendor's destination but for three that lose nothing: a number is a DOUBLE and not a
DECIMAL(38, 9), which has no place for 1e-10; a time with a zone keeps it; and a number that its column cannot hold
exactly, an integer beyond 64 bits for instance, turns the column into text. MotherDuck is not reached from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from airbyte_local.connectors.destinations.duckdb_engine import DuckDBEngine, opening
from airbyte_local.connectors.destinations.duckdb_instances import acquire, release, require_database
from airbyte_local.connectors.destinations.file_sink import check_folder
from airbyte_local.connectors.destinations.kinds import kinds_of
from airbyte_local.connectors.destinations.naming import printable
from airbyte_local.connectors.destinations.opening import open_tables
from airbyte_local.connectors.destinations.typed_sink import TypedSink
from airbyte_local.connectors.extras import imported
from airbyte_local.connectors.local_paths import writable
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed, Surroundings, Target
from airbyte_local.connectors.schema import fields, secret, specification, text
from airbyte_local.model.json_values import Json

SPECIFICATION = specification(
    "DuckDB destination",
    fields(
        "destination_path",
        destination_path=text(title="The database file, under /local", examples=["/local/out.duckdb"]),
        motherduck_api_key=secret(title="For MotherDuck, which the local Airbyte does not reach"),
        schema=text(title="Schema for streams without a namespace", examples=["main"]),
    ),
)
REMOTE = ("md:", "motherduck:")


class DuckDB:
    def spec(self) -> Json:
        return SPECIFICATION

    def check(self, configuration: Json, around: Surroundings, /) -> None:
        path = _path(configuration, around)
        imported("duckdb", "duckdb")
        check_folder(str(Path(configuration["destination_path"]).parent), around)
        require_database(path)
        if path.exists():
            try:
                with opening():
                    release(acquire(path, 0))
            except ConnectorCrashed as error:  # another process has it open
                raise ConnectorFailed(str(error)) from error

    def discover(self, _configuration: Json, _around: Surroundings, /) -> list[Json]:
        raise ConnectorFailed("A destination has no streams of its own")

    def open(self, configuration: Json, targets: Sequence[Target], around: Surroundings, /) -> TypedSink:
        default: str = configuration.get("schema") or "main"
        with opening():
            instance = acquire(_path(configuration, around), targets[0].sync_id if targets else 0)
        engine = DuckDBEngine(instance)
        instance.reserve(sum(len(kinds_of(target.json_schema)) for target in targets))
        places = [(printable(target.namespace or default), _table(target)) for target in targets]
        return open_tables(engine, targets, places, around)


def _table(target: Target) -> str:
    return printable(f"_airbyte_raw_{target.name}")


def _path(configuration: Json, around: Surroundings) -> Path:
    asked: str = configuration["destination_path"]
    if asked.startswith(REMOTE):
        raise ConnectorFailed("The local DuckDB destination writes to files; MotherDuck is not reached from here")
    return writable(around.local_root, asked)
