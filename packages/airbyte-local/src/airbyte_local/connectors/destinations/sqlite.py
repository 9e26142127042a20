"""The Local SQLite destination: a raw table a stream, `_airbyte_raw_<stream>`, with the row as JSON in one column.

No namespaces: two streams of one name clash. Unlike the vendor's this one can deduplicate, and the layout stays:
`_airbyte_ab_id` is then no random UUID (version 4) but one made of the primary key (version 8), so that a table has
one row a key. Its first eight digits stand for which fields the key is. Rows with any other id, of a time when the
stream was appended or had another key, get their new id, and give way to newer ones, when a job next writes.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from airbyte_local.connectors.destinations.file_sink import check_folder
from airbyte_local.connectors.destinations.naming import folded, printable
from airbyte_local.connectors.destinations.sqlite_sink import SqliteSink, attach, guarded
from airbyte_local.connectors.local_paths import writable
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed, Surroundings, Target
from airbyte_local.connectors.schema import fields, specification, text
from airbyte_local.model.json_values import Json

SPECIFICATION = specification(
    "Local SQLite destination",
    fields(
        "destination_path",
        destination_path=text(title="The database file, under /local", examples=["/local/sqlite.db"]),
    ),
    closed=True,
)


class Sqlite:
    def spec(self) -> Json:
        return SPECIFICATION

    def check(self, configuration: Json, around: Surroundings, /) -> None:
        path = _path(configuration, around)
        check_folder(str(Path(configuration["destination_path"]).parent), around)
        try:
            with guarded(), contextlib.closing(sqlite3.connect(":memory:")) as database:
                if path.exists():
                    attach(database, path)
        except ConnectorCrashed as error:
            raise ConnectorFailed(str(error)) from error

    def discover(self, _configuration: Json, _around: Surroundings, /) -> list[Json]:
        raise ConnectorFailed("A destination has no streams of its own")

    def open(self, configuration: Json, targets: Sequence[Target], around: Surroundings, /) -> SqliteSink:
        path = _path(configuration, around)
        names = [printable(f"_airbyte_raw_{target.name}") for target in targets]
        owners: dict[str, Target] = {}
        for name, target in zip(names, targets, strict=True):
            if (owner := owners.setdefault(folded(name), target)) is not target:
                raise ConnectorFailed(
                    f"Two streams would write to one table, {name}: {owner.name!r} and {target.name!r}"
                )
        with guarded():
            path.parent.mkdir(parents=True, exist_ok=True)
            return SqliteSink(path, list(zip(targets, names, strict=True)), around.cancellation)


def _path(configuration: Json, around: Surroundings) -> Path:
    path = writable(around.local_root, configuration["destination_path"])
    if path.exists() and not path.is_file():
        raise ConnectorFailed(f"{configuration['destination_path']!r} is a folder; a file is needed")
    return path
