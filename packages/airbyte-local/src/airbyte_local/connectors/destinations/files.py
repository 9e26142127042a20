"""The Local JSON and Local CSV destinations: a file a stream, `_airbyte_raw_<stream>.jsonl` or `.csv`.

All files of a job are as they were until all of them are new. In CSV the row is JSON in the third column; unlike
the vendor's, which always writes commas, this one writes the delimiter that is asked for. A value that JSON does
not have (NaN, an infinity) fails the job; half a surrogate pair is written as its escape.

There are no namespaces: two streams of one name clash. What is appended goes to the end of a copy. The copy is made
when the job ends, so that two jobs which append to one file lose nothing of each other.
"""

from __future__ import annotations

import os
import shutil
from abc import abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from airbyte_local.connectors.destinations.encoding import NO_JSON, in_quotes, no_json, raw_ids, to_bytes, to_json
from airbyte_local.connectors.destinations.naming import file_stem
from airbyte_local.connectors.destinations.staging import Lease, locked, make_durable, take_lease, tidy_up, writing
from airbyte_local.connectors.local_paths import writable
from airbyte_local.connectors.protocol import ConnectorFailed, Destination, Surroundings, Target
from airbyte_local.connectors.specifications import Specified
from airbyte_local.model.json_values import Json

FILE_CHARACTERS = 1 << 18
"""Of one stream this much waits in memory, or one row that is longer."""
ALL_CHARACTERS = 4 << 20
"""Of all streams together."""
DELIMITERS = {"\\u002c": ",", "\\u003b": ";", "\\u007c": "|", "\\u0009": "\t", "\\u0020": " "}
COLUMNS = ("_airbyte_ab_id", "_airbyte_emitted_at", "_airbyte_data")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What the lines of one sort of file are."""

    suffix: str
    line: Callable[[str, int, Json], str]  # of the row's id, its milliseconds since 1970 and its data
    header: str = ""


def _json_line(raw_id: str, emitted_at: int, data: Json) -> str:
    return f'{{"_airbyte_ab_id":"{raw_id}","_airbyte_emitted_at":{emitted_at},"_airbyte_data":{to_json(data)}}}\n'


def _csv(delimiter: str) -> Layout:
    """Lines end as RFC 4180 has it, and as the vendor's do."""

    def line(raw_id: str, emitted_at: int, data: Json) -> str:
        return f"{raw_id}{delimiter}{emitted_at}{delimiter}{in_quotes(to_json(data))}\r\n"

    return Layout(suffix=".csv", line=line, header=delimiter.join(COLUMNS) + "\r\n")


JSON_LINES = Layout(suffix=".jsonl", line=_json_line)


class _LocalFiles(Specified, Destination):
    def check(self, configuration: Json, around: Surroundings, /) -> None:
        check_folder(configuration["destination_path"], around)

    def open(self, configuration: Json, targets: Sequence[Target], around: Surroundings, /) -> FileSink:
        folder, layout = configuration["destination_path"], self._layout(configuration)
        with writing():
            lease = take_lease(writable(around.local_root, folder), targets[0].sync_id if targets else 0)
            try:
                return FileSink(lease, [_staged(lease, target, layout) for target in targets], layout)
            except BaseException:
                lease.release()
                raise

    @abstractmethod
    def _layout(self, configuration: Json, /) -> Layout: ...


class LocalJson(_LocalFiles):
    image = "destination-local-json"

    def _layout(self, _configuration: Json, /) -> Layout:
        return JSON_LINES


class LocalCsv(_LocalFiles):
    image = "destination-csv"

    def _layout(self, configuration: Json, /) -> Layout:
        mark: str = configuration.get("delimiter_type", {}).get("delimiter", "\\u002c")
        return _csv(DELIMITERS.get(mark, mark))


class _File:
    def __init__(self, target: Target, staged: Path, final: Path) -> None:
        self.target = target
        self.staged = staged
        self.final = final
        self.waiting: list[str] = []
        self.characters = 0

    def spill(self) -> None:
        rows = to_bytes("".join(self.waiting))
        self.waiting.clear()
        self.characters = 0
        with self.staged.open("ab", buffering=0) as file:
            left = memoryview(rows)
            while left:
                left = left[file.write(left) :]


class FileSink:
    def __init__(self, lease: Lease, files: Sequence[_File], layout: Layout) -> None:
        self._lease = lease
        self._files = files
        self._layout = layout
        self._ids = raw_ids()
        self._characters = 0

    def write(self, target: int, data: Json, emitted_at: int, /) -> None:
        file = self._files[target]
        try:
            line = self._layout.line(next(self._ids), emitted_at, data)
        except NO_JSON as error:
            raise no_json(file.target.name, data) from error
        file.waiting.append(line)
        file.characters += len(line)
        self._characters += len(line)
        if file.characters > FILE_CHARACTERS:
            self._spill([file])
        elif self._characters > ALL_CHARACTERS:
            self._spill(self._files)

    def flush(self) -> bool:
        """Files become visible together, at the end."""
        return False

    def finish(self) -> None:
        try:
            with writing(), locked(self._lease.folder):
                self._spill(self._files)
                tidy_up(self._lease.folder)  # a job that died since may have moves to finish before we copy
                moves = {self._whole(position, file): file.final for position, file in enumerate(self._files)}
                for whole in moves:
                    make_durable(whole)
                self._lease.move(moves)
        finally:
            self.abort()  # nothing is left of it but what was moved

    def abort(self) -> None:
        with suppress(OSError):
            self._lease.release()

    def _spill(self, files: Sequence[_File]) -> None:
        with writing():
            for file in files:
                file.spill()
        self._characters = sum(file.characters for file in self._files)

    def _whole(self, position: int, file: _File) -> Path:
        """The file as it is to be: what is new, behind what is there where that stays."""
        if not _extends(file.final, file.target, self._layout):
            return file.staged
        whole = self._lease.path(f"whole_{position}")
        shutil.copyfile(file.final, whole)
        with whole.open("r+b") as old, file.staged.open("rb") as new:
            old.seek(-1, os.SEEK_END)
            if old.read(1) != b"\n":
                old.write(b"\n")
            new.seek(len(to_bytes(self._layout.header)))
            shutil.copyfileobj(new, old)
        return whole


def check_folder(folder: str, around: Surroundings) -> None:
    """Raises:
    ConnectorFailed: nothing can be written there.
    """
    place = writable(around.local_root, folder)
    while not place.exists():
        place = place.parent
    if not place.is_dir():
        raise ConnectorFailed(f"{folder!r} is a file or in one; a folder is needed")
    if not os.access(place, os.W_OK | os.X_OK):
        raise ConnectorFailed(f"{folder!r} cannot be written")


def _staged(lease: Lease, target: Target, layout: Layout) -> _File:
    stem = file_stem(target.name)
    final = lease.folder / f"{stem}{layout.suffix}"
    staged = lease.path(f"{stem}{layout.suffix}")
    _extends(final, target, layout)
    try:
        with staged.open("xb") as file:
            file.write(to_bytes(layout.header))
    except FileExistsError as error:  # said by the file system, which knows whether upper case matters
        raise ConnectorFailed(f"Two streams would write to one file: {final.name} ({target.name!r})") from error
    return _File(target, staged, final)


def _extends(final: Path, target: Target, layout: Layout) -> bool:
    """Whether there is something that *target*'s rows go behind.

    Raises:
        ConnectorFailed: there is something else.
    """
    if final.is_symlink() or (final.exists() and not final.is_file()):
        raise ConnectorFailed(f"Stream {target.name!r}: {final.name} is there already and is no file")
    if target.replaces or not final.exists() or not final.stat().st_size:
        return False
    header = to_bytes(layout.header)
    with final.open("rb") as file:
        if file.read(len(header)) != header:
            raise ConnectorFailed(f"Stream {target.name!r}: {final.name} has another header or delimiter")
    return True
