"""The Local CSV destination: one file a stream, `_airbyte_raw_<stream>.csv`, the row as JSON in its third column.

Unlike the vendor's, which always writes commas, this one writes the delimiter that is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

from airbyte_local.connectors.destinations.cells import in_quotes
from airbyte_local.connectors.destinations.encoding import to_json
from airbyte_local.connectors.destinations.file_sink import FileSink, Layout, check_folder, open_files
from airbyte_local.connectors.protocol import ConnectorFailed, Surroundings, Target
from airbyte_local.connectors.schema import choice, fields, specification, text
from airbyte_local.model.json_values import Json

DELIMITERS = {"\\u002c": ",", "\\u003b": ";", "\\u007c": "|", "\\u0009": "\t", "\\u0020": " "}
SPECIFICATION = specification(
    "Local CSV destination",
    fields(
        "destination_path",
        destination_path=text(title="Folder for the .csv files, under /local", examples=["/local/out"]),
        delimiter_type=choice(
            "delimiter", {mark: fields() for mark in DELIMITERS}, title="What stands between columns; a comma"
        ),
    ),
)
COLUMNS = ("_airbyte_ab_id", "_airbyte_emitted_at", "_airbyte_data")


def layout(delimiter: str) -> Layout:
    """Lines end as RFC 4180 has it, and as the vendor's do."""

    def line(raw_id: str, emitted_at: int, data: Json) -> str:
        return f"{raw_id}{delimiter}{emitted_at}{delimiter}{in_quotes(to_json(data))}\r\n"

    return Layout(suffix=".csv", line=line, header=delimiter.join(COLUMNS) + "\r\n")


class LocalCsv:
    def spec(self) -> Json:
        return SPECIFICATION

    def check(self, configuration: Json, around: Surroundings, /) -> None:
        check_folder(configuration["destination_path"], around)

    def discover(self, _configuration: Json, _around: Surroundings, /) -> list[Json]:
        raise ConnectorFailed("A destination has no streams of its own")

    def open(self, configuration: Json, targets: Sequence[Target], around: Surroundings, /) -> FileSink:
        mark: str = configuration.get("delimiter_type", {}).get("delimiter", "\\u002c")
        return open_files(configuration["destination_path"], targets, around, layout(DELIMITERS.get(mark, mark)))
