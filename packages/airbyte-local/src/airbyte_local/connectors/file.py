"""The File source: one file of CSV or of JSON lines as one stream, from `/local` or from the web.

Every other format and storage is the real connector's, which acts in the place of this one once it is installed;
until then they are refused with the one command that installs it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from airbyte_local.connectors.files.csv_tables import SCHEMAS, CsvTable
from airbyte_local.connectors.files.json_lines import JsonLinesTable
from airbyte_local.connectors.files.opening import opened
from airbyte_local.connectors.messages import now_ms, record, stream_status
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed, Surroundings
from airbyte_local.connectors.specifications import Specified, stream
from airbyte_local.model.json_values import Json, is_object

FORMATS = {"csv": CsvTable, "jsonl": JsonLinesTable}
STORAGES = ("local", "HTTPS")
INSTALL = "airbyte-local install source-file"


class Table(Protocol):
    """One file. Either method may be called, and only once."""

    def schema(self) -> Json:
        """The JSON Schema of a row, from the beginning of the file."""
        ...

    def chunks(self, fields: Collection[str], /) -> Iterator[Iterable[Json]]:
        """All rows, a few at a time; of a format with columns only those of *fields*, if there are any."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class File(Specified):
    image = "source-file"

    install: str = INSTALL  # the command for what is not read here

    def check(self, configuration: Json, around: Surroundings, /) -> None:
        self.discover(configuration, around)

    def discover(self, configuration: Json, around: Surroundings, /) -> list[Json]:
        try:
            with self._table(configuration, around) as table:
                schema = table.schema()
        except ConnectorCrashed as crashed:  # nobody tries a second time here, so it is said as the reason
            raise ConnectorFailed(str(crashed)) from crashed
        return [{**stream(configuration["dataset_name"], {}), "jsonSchema": schema}]

    def read(
        self, configuration: Json, catalog: Json, _state: list[Json], around: Surroundings, /
    ) -> Generator[Json]:
        for configured in catalog["streams"]:
            wanted: Json = configured["stream"]
            name: str = wanted["name"]
            if name != configuration["dataset_name"]:
                raise ConnectorFailed(
                    f"There is no stream {name!r} here: the file is {configuration['dataset_name']!r}"
                )
            yield stream_status(name, "STARTED")
            try:
                yield from self._records(configuration, wanted, around)
            except (ConnectorFailed, ConnectorCrashed):
                yield stream_status(name, "INCOMPLETE")
                raise
            yield stream_status(name, "COMPLETE")

    def _records(self, configuration: Json, wanted: Json, around: Surroundings) -> Generator[Json]:
        name: str = wanted["name"]
        running = False
        with self._table(configuration, around) as table:
            for chunk in table.chunks(wanted.get("json_schema", {}).get("properties", {}).keys()):
                around.cancellation.raise_if_requested()
                now = now_ms()
                for row in chunk:
                    if not running:
                        running = True
                        yield stream_status(name, "RUNNING")
                    yield record(name, row, now)

    @contextmanager
    def _table(self, configuration: Json, around: Surroundings) -> Generator[Table]:
        """Within the block the table can be asked. Raises as `opened`."""
        form, options = configuration["format"], _options(configuration)
        for word, known in ((form, FORMATS), (configuration["provider"]["storage"], STORAGES)):
            if word not in known:
                raise self._unread(f"reads {' and '.join(FORMATS)} from {' and '.join(STORAGES)}, not {word}")
        if form == "csv" and (others := ", ".join(options.keys() - SCHEMAS.keys())):
            raise self._unread(f"obeys the reader_options {', '.join(sorted(SCHEMAS))}, not {others}")
        with opened(configuration, around) as bytes_:
            yield FORMATS[form](bytes_, options, around.cancellation)

    def _unread(self, what: str) -> ConnectorFailed:
        return ConnectorFailed(f"The local File source {what}; the real one does: `{self.install}`")


def _options(configuration: Json) -> Json:
    try:
        options = json.loads(configuration.get("reader_options") or "{}")
    except (ValueError, RecursionError) as error:
        raise ConnectorFailed(f"reader_options is no valid JSON: {error}") from error
    if not is_object(options):
        raise ConnectorFailed("reader_options must be a JSON object")
    return options
