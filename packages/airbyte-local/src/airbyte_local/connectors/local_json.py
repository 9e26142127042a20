"""The Local JSON destination: its specification and check. Writing records is for whoever runs syncs."""

from __future__ import annotations

from airbyte_local.connectors.local_paths import writable
from airbyte_local.connectors.protocol import ConnectorFailed, Surroundings
from airbyte_local.connectors.schema import fields, specification, text
from airbyte_local.json_values import Json

SPECIFICATION = specification(
    "Local JSON destination",
    fields(
        "destination_path",
        destination_path=text(title="Folder for the .jsonl files, under /local", examples=["/local/out"]),
    ),
    closed=True,
)


class LocalJson:
    def spec(self) -> Json:
        return SPECIFICATION

    def check(self, configuration: Json, around: Surroundings, /) -> None:
        folder = writable(around.local_root, str(configuration["destination_path"]))
        if folder.is_file():
            raise ConnectorFailed(f"{configuration['destination_path']!r} is a file; a folder is needed")

    def discover(self, _configuration: Json, _around: Surroundings, /) -> list[Json]:
        raise ConnectorFailed("A destination has no streams of its own")
