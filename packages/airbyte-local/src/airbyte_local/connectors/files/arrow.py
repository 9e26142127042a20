"""Parquet and Feather files as chunks of rows, through pyarrow. The fields of a struct in Parquet are columns."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from typing import Any, BinaryIO

from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.connectors.extras import imported
from airbyte_local.connectors.files.arrow_types import Kind, Pandas, kind_of
from airbyte_local.connectors.files.column_types import table_schema
from airbyte_local.connectors.files.streams import BLOCK
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed
from airbyte_local.model.json_values import Json

ROWS = 10_000


class ParquetTable:
    def __init__(self, stream: BinaryIO, options: Json, cancellation: Cancellation) -> None:
        parquet = imported("pyarrow.parquet", "parquet")
        self._columns = _chosen(options)
        self._cancellation = cancellation
        with _plainly("Parquet"):
            self._file = parquet.ParquetFile(stream, buffer_size=BLOCK, pre_buffer=False)

    def schema(self) -> Json:
        return table_schema({name: kind.type for name, kind in self._kinds().items()})

    def chunks(self, fields: Collection[str]) -> Iterator[list[Json]]:
        kinds = {name: kind for name, kind in self._kinds().items() if not fields or name in fields}
        tops = [name for name in self._file.schema_arrow.names if any(_within(each, name) for each in kinds)]
        with _plainly("Parquet"):
            for batch in self._file.iter_batches(batch_size=ROWS, columns=tops):
                self._cancellation.raise_if_requested()
                yield _rows(_flat(batch), kinds)

    def _kinds(self) -> dict[str, Kind]:
        missing = _may_be_missing(self._file.metadata)
        schema = self._file.schema_arrow
        pandas = Pandas(schema.metadata)
        return {
            name: pandas.kinds.get(name) or kind_of(type_, nulls=name in missing, parquet=True)
            for name, type_ in _leaves(schema)
            if name not in pandas.index
            and (self._columns is None or any(_within(name, top) for top in self._columns))
        }


class FeatherTable:
    def __init__(self, stream: BinaryIO, options: Json, cancellation: Cancellation) -> None:
        arrow = imported("pyarrow", "parquet")
        self._columns = _chosen(options)
        self._cancellation = cancellation
        with _plainly("Feather (version 2)"):
            self._file = arrow.ipc.open_file(stream)

    def schema(self) -> Json:
        return table_schema({name: kind.type for name, kind in self._kinds().items()})

    def chunks(self, fields: Collection[str]) -> Iterator[list[Json]]:
        kinds = {name: kind for name, kind in self._kinds().items() if not fields or name in fields}
        for batch in self._batches():
            for start in range(0, batch.num_rows, ROWS):
                yield _rows(batch.slice(start, ROWS), kinds)

    def _batches(self) -> Iterator[Any]:
        with _plainly("Feather"):
            for number in range(self._file.num_record_batches):
                self._cancellation.raise_if_requested()
                yield self._file.get_batch(number)

    def _kinds(self) -> dict[str, Kind]:
        schema = self._file.schema
        chosen = [name for name in schema.names if self._columns is None or name in self._columns]
        missing = {name for batch in self._batches() for name in chosen if batch.column(name).null_count}
        pandas = Pandas(schema.metadata)
        return {
            name: pandas.kinds.get(name) or kind_of(schema.field(name).type, nulls=name in missing, parquet=False)
            for name in chosen
        }


@contextlib.contextmanager
def _plainly(form: str) -> Generator[None]:
    arrow = imported("pyarrow", "parquet")
    try:
        yield
    except (arrow.ArrowException, OSError, ValueError, OverflowError) as error:
        raise ConnectorFailed(f"The file is no {form} that can be read: {error}") from error
    except MemoryError as error:
        raise ConnectorCrashed(f"The file needs more memory than there is: {error}") from error


def _chosen(options: Json) -> Collection[str] | None:
    unknown = sorted(options.keys() - {"columns"})
    if unknown:
        raise ConnectorFailed(f"reader_options not known here: {', '.join(unknown)}; known: columns")
    columns: list[Any] | None = options.get("columns")
    return None if columns is None else [str(name) for name in columns]


def _leaves(fields: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Columns by name, those of structs by the name of the struct, a point and their own."""
    types = imported("pyarrow", "parquet").types
    for field in fields:
        name = f"{prefix}{field.name}"
        if types.is_struct(field.type):
            yield from _leaves([field.type.field(place) for place in range(field.type.num_fields)], f"{name}.")
        else:
            yield name, field.type


def _within(leaf: str, top: str) -> bool:
    return leaf == top or leaf.startswith(f"{top}.")


def _may_be_missing(metadata: Any) -> set[str]:
    found: set[str] = set()
    for group in range(metadata.num_row_groups):
        parts = metadata.row_group(group)
        for part in map(parts.column, range(parts.num_columns)):
            statistics = part.statistics
            if statistics is None or not statistics.has_null_count or statistics.null_count:
                found.add(part.path_in_schema)
    return found


def _flat(batch: Any) -> Any:
    arrow = imported("pyarrow", "parquet")
    table = arrow.Table.from_batches([batch])
    while any(arrow.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    return table


def _rows(table: Any, kinds: dict[str, Kind]) -> list[Json]:
    columns = [_values(table.column(name), kind) for name, kind in kinds.items()]
    return [
        {name: value for name, value in zip(kinds, row, strict=True) if value is not None}
        for row in zip(*columns, strict=True)
    ]


def _values(column: Any, kind: Kind) -> Sequence[Any]:
    plain = column if kind.cast is None else column.cast(kind.cast, safe=False)
    values: list[Any] = plain.to_pylist()
    convert: Callable[[Any], Any] | None = kind.convert
    return values if convert is None else [None if value is None else convert(value) for value in values]
