"""The Local JSON destination: one file of JSON lines a stream, `_airbyte_raw_<stream>.jsonl`.

A value that JSON does not have (NaN, an infinity) fails the job; half a surrogate pair is written as its escape.
"""

from __future__ import annotations

from collections.abc import Sequence

from airbyte_local.connectors.destinations.encoding import to_json
from airbyte_local.connectors.destinations.file_sink import FileSink, Layout, check_folder, open_files
from airbyte_local.connectors.protocol import ConnectorFailed, Surroundings, Target
from airbyte_local.connectors.schema import fields, specification, text
from airbyte_local.model.json_values import Json

SPECIFICATION = specification(
    "Local JSON destination",
    fields(
        "destination_path",
        destination_path=text(title="Folder for the .jsonl files, under /local", examples=["/local/out"]),
    ),
    closed=True,
)


def _line(raw_id: str, emitted_at: int, data: Json) -> str:
    return f'{{"_airbyte_ab_id":"{raw_id}","_airbyte_emitted_at":{emitted_at},"_airbyte_data":{to_json(data)}}}\n'


class LocalJson:
    def spec(self) -> Json:
        return SPECIFICATION

    def check(self, configuration: Json, around: Surroundings, /) -> None:
        check_folder(configuration["destination_path"], around)

    def discover(self, _configuration: Json, _around: Surroundings, /) -> list[Json]:
        raise ConnectorFailed("A destination has no streams of its own")

    def open(self, configuration: Json, targets: Sequence[Target], around: Surroundings, /) -> FileSink:
        return open_files(configuration["destination_path"], targets, around, Layout(suffix=".jsonl", line=_line))
