"""An Excel workbook (xlsx) as chunks of rows: all its sheets, one after the other, each with a header of its own.

As the vendor's connector does it: 500 rows at a time, and the types of a column are found for each chunk anew. It
fails to write any date; ours are texts in ISO 8601. It calls a column without a name `null` and never fills it; we
leave it out. The catalog has the types of the first 10,000 rows.
"""

from __future__ import annotations

import contextlib
import itertools
import zipfile
import zlib
from collections.abc import Collection, Generator, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO

from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.connectors.extras import imported
from airbyte_local.connectors.files.column_types import broadest, table_schema
from airbyte_local.connectors.protocol import ConnectorFailed
from airbyte_local.model.json_values import Json

ROWS = 500
SHOWN = 20  # chunks
UNPACKED = 2 << 30  # bytes of one part of a workbook
HELD = 128 << 20  # bytes of that part which has to be held in memory
DATES = {date, datetime, time, timedelta}


class ExcelTable:
    def __init__(self, stream: BinaryIO, options: Json, cancellation: Cancellation) -> None:
        openpyxl = imported("openpyxl", "excel")
        self._options = options
        self._cancellation = cancellation
        with _plainly():
            _refuse_bombs(stream)
            self._book = openpyxl.load_workbook(stream, read_only=True, data_only=True)

    def schema(self) -> Json:
        kinds: dict[str, str] = {}
        for chunk in itertools.islice(self._chunks(), SHOWN):
            for name, cells in chunk.items():
                kinds[name] = broadest(kinds.get(name), _kind(cells))
        return table_schema(kinds)

    def chunks(self, fields: Collection[str]) -> Iterator[list[Json]]:
        for chunk in self._chunks():
            chosen = {name: _values(cells) for name, cells in chunk.items() if not fields or name in fields}
            yield [
                {name: value for name, value in zip(chosen, row, strict=True) if value is not None}
                for row in zip(*chosen.values(), strict=True)
            ]

    def _chunks(self) -> Iterator[dict[str, list[Any]]]:
        """Columns, by name, of some rows."""
        with _plainly():
            for sheet in self._book.worksheets:
                rows: Iterator[tuple[Any, ...]] = sheet.iter_rows(values_only=True)
                rows = itertools.islice(rows, int(self._options.get("skiprows") or 0), None)
                places = _places(rows, self._options, sheet.title)
                chunk = list(itertools.islice(rows, ROWS))
                if not chunk:
                    raise ConnectorFailed(f"Sheet {sheet.title!r} has no rows of data")
                while chunk:
                    self._cancellation.raise_if_requested()
                    yield {
                        name: [row[place] if place < len(row) else None for row in chunk]
                        for name, place in places.items()
                    }
                    chunk = list(itertools.islice(rows, ROWS))


@contextlib.contextmanager
def _plainly() -> Generator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError, SyntaxError, zipfile.BadZipFile, zlib.error) as error:
        raise ConnectorFailed(f"The file is no Excel workbook (xlsx) that can be read: {error}") from error


def _refuse_bombs(stream: BinaryIO) -> None:
    with zipfile.ZipFile(stream) as archive:
        for part in archive.infolist():
            limit = HELD if part.filename.endswith("sharedStrings.xml") else UNPACKED
            if part.file_size > limit:
                raise ConnectorFailed(f"The workbook's {part.filename} unpacks to more than {limit >> 20} MB")
    stream.seek(0)


def _places(rows: Iterator[tuple[Any, ...]], options: Json, sheet: str) -> dict[str, int]:
    """Where each column is. The vendor's connector takes the last of those with one name."""
    names: Sequence[Any] | None = options.get("names")
    if not names:
        header = options.get("header", 0)
        if header is None:
            raise ConnectorFailed('reader_options: {"header": null} needs "names"')
        names = next(itertools.islice(rows, int(header), None), None)
    if not names:
        raise ConnectorFailed(f"Sheet {sheet!r} is empty: no columns to parse")
    return {str(name): place for place, name in enumerate(names) if name is not None}


def _kind(cells: Sequence[Any]) -> str:
    types = set(map(type, cells))
    if types == {bool}:
        return "boolean"
    present = types - {type(None)}
    if present and present <= {int, float}:
        return "number"
    return "date-time" if present == {datetime} else "string"


def _values(cells: Sequence[Any]) -> Sequence[Any]:
    types = set(map(type, cells))
    if types <= {int, float, type(None)} and types != {int}:
        return [None if cell is None else float(cell) for cell in cells]
    if types.isdisjoint(DATES):
        return cells
    return [_written(cell) if type(cell) in DATES else cell for cell in cells]


def _written(value: date | time | timedelta) -> str:
    return str(value) if isinstance(value, timedelta) else value.isoformat()
