"""Formats of files: what makes rows of each, and where it needs the whole file at hand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.connectors.files.arrow import FeatherTable, ParquetTable
from airbyte_local.connectors.files.csv_tables import CsvTable
from airbyte_local.connectors.files.excel import ExcelTable
from airbyte_local.connectors.files.json_tables import JsonLinesTable, JsonTable
from airbyte_local.model.json_values import Json


class Table(Protocol):
    """One file. Either method may be called, and only once."""

    def schema(self) -> Json:
        """The JSON Schema of a row, from the beginning of the file."""
        ...

    def chunks(self, fields: Collection[str], /) -> Iterator[Iterable[Json]]:
        """All rows, a few at a time; of a format with columns only those of *fields*, if there are any."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    table: Callable[[BinaryIO, Json, Cancellation], Table]
    seeks: bool = False  # reads here and there: what comes from elsewhere is copied to disk first


FORMATS = {
    "csv": Format(table=CsvTable),
    "json": Format(table=JsonTable),
    "jsonl": Format(table=JsonLinesTable),
    "excel": Format(table=ExcelTable, seeks=True),
    "feather": Format(table=FeatherTable, seeks=True),
    "parquet": Format(table=ParquetTable, seeks=True),
}
