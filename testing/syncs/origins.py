"""Sources whose rows are known, and which change between two syncs; here those that are built in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, ClassVar

from airbyte_local.connectors import sample_data
from airbyte_local.connectors.protocol import Surroundings

from testing.syncs.bench import Bench
from testing.syncs.streams import Row, Stream


class Origin(ABC):
    """One source on one bench. Its rows are those of today until `change` brings tomorrow's."""

    resumes = True  # can be read incrementally

    def __init__(self, bench: Bench, folder: Path) -> None:
        self.bench = bench
        self.folder = folder

    def running(self) -> AbstractContextManager[None]:
        """For as long as it is read, where it does not do without."""
        return nullcontext()

    @property
    @abstractmethod
    def streams(self) -> list[Stream]: ...

    @abstractmethod
    def create(self) -> str:
        """The id of the source."""

    @abstractmethod
    def rows(self, stream: Stream) -> list[Row]:
        """All there are now."""

    @abstractmethod
    def change(self) -> None: ...

    def news(self, stream: Stream, known: list[Row]) -> list[Row]:
        """What an incremental reading brings now, when *known* were read before."""
        raise NotImplementedError

    def state(self, stream: Stream) -> dict[str, Any]:
        """That an incremental reading ends with."""
        raise NotImplementedError


class File(Origin):
    """The built-in one: a CSV file below /local, in which a key comes twice. It leaves out what is blank."""

    resumes = False
    streams: ClassVar = [
        Stream(
            name="cereals",
            properties={
                "name": {"type": ["string", "null"]},
                "Calories": {"type": ["number", "null"]},
                "rating": {"type": ["number", "null"]},
                "hot": {"type": ["boolean", "null"]},
                "shelf life": {"type": ["number", "null"]},
            },
            key="name",
        )
    ]
    today = (
        ("100% Bran", 70, 68.402973, False, 12.0),
        ('Müsli "extra", süß', 120, 33.983679, False, None),
        ("Porridge\nof oats", 9007199254740992, 1e-10, True, 0.5),
        ("100% Bran", 70, 68.4, False, 13.0),
    )
    tomorrow = (
        ("100% Bran", 71, 68.402973, True, None),
        ("Grits", 100, -0.5, True, 1e20),
    )

    def create(self) -> str:
        self._write(self.today)
        return self.bench.source(
            {
                "sourceType": "file",
                "dataset_name": "cereals",
                "format": "csv",
                "url": f"/local/{self.folder.name}.csv",
                "provider": {"storage": "local"},
            }
        )

    def rows(self, stream: Stream) -> list[Row]:
        named = (zip(stream.properties, row, strict=True) for row in self._now)
        return [{name: value for name, value in row if value is not None} for row in named]

    def change(self) -> None:
        self._write(self.tomorrow)

    def _write(self, rows: tuple[tuple[Any, ...], ...]) -> None:
        self._now = rows
        lines = [",".join(f'"{name}"' for name in self.streams[0].properties)]
        for name, calories, rating, hot, shelf in rows:
            quoted = name.replace('"', '""')
            lines.append(f'"{quoted}",{calories},{rating!r},{hot},{"" if shelf is None else shelf}')
        file = self.bench.server.local / f"{self.folder.name}.csv"
        file.write_text("\r\n".join([*lines, ""]), encoding="utf-8", newline="")


class SampleData(Origin):
    """The built-in one: tomorrow there are more rows, and those of today are others."""

    streams: ClassVar = [
        Stream(
            name=stream["name"],
            properties=stream["jsonSchema"]["properties"],
            key="id",
            cursor="updated_at",
            volatile=frozenset({"updated_at"}),
        )
        for stream in sample_data.STREAMS
    ]
    today: ClassVar = {"count": 12, "seed": 3, "records_per_slice": 5}
    tomorrow: ClassVar = {"count": 15, "seed": 4, "records_per_slice": 5}

    def create(self) -> str:
        self._now = self.today
        self._id = self.bench.source({"sourceType": "faker", **self.today})
        return self._id

    def rows(self, stream: Stream) -> list[Row]:
        catalog = {"streams": [{"stream": {"name": stream.name}, "sync_mode": "full_refresh"}]}
        around = Surroundings(local_root=self.bench.server.local)
        said = sample_data.SampleData().read(self._now, catalog, [], around)
        return [message["record"]["data"] for message in said if message["type"] == "RECORD"]

    def change(self) -> None:
        self._now = self.tomorrow
        self.bench.reconfigure(self._id, self.tomorrow)

    def news(self, stream: Stream, known: list[Row]) -> list[Row]:
        """Everything, `updated_at` being new for all of it."""
        return self.rows(stream)

    def state(self, stream: Stream) -> dict[str, Any]:
        where = {} if stream.name == "products" else {"loop_offset": self._now["count"]}
        return {"seed": self._now["seed"], **where}
