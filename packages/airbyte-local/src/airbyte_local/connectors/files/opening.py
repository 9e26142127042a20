"""The file that a configuration means, opened and unpacked: its bytes as one stream, from here or from the web."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import parse_qs, urlencode, urlsplit

from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.connectors.files.texts import BLOCK, shown
from airbyte_local.connectors.local_paths import readable
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed, Surroundings
from airbyte_local.model.json_values import Json

RESERVE = 256 << 20  # bytes of the disk that no copy may take
# By extension as the vendor's connector has it, but for .xz. What does not begin so was unpacked on the way.
PACKINGS: dict[str, tuple[bytes, Callable[[Any], Any]]] = {
    ".gz": (b"\x1f\x8b", lambda stream: gzip.GzipFile(fileobj=stream)),
    ".bz2": (b"BZh", bz2.BZ2File),
    ".xz": (b"\xfd7zXZ", lzma.LZMAFile),
}


@contextlib.contextmanager
def opened(configuration: Json, around: Surroundings) -> Generator[BinaryIO]:
    """Within the block the stream can be read.

    Raises:
        ConnectorFailed: the configuration or the file does not work.
        ConnectorCrashed: the way there failed, or the file changed; another try may succeed.
    """
    url = _address(configuration["url"])
    try:
        with _stored(configuration["provider"], url, around) as stream:
            name = url.partition("?")[0].rpartition("/")[2]
            with unpacked(stream, name, around.cancellation) as plain:
                yield plain
    except (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError) as error:
        raise ConnectorFailed(f"{shown(url)!r} cannot be unpacked: {error}") from error
    except OSError as error:
        raise ConnectorFailed(f"{shown(url)!r} could not be read: {error.strerror or error}") from error


def _address(url: str) -> str:
    """Links to a page about a file are to the file, where that can be had."""
    parts = urlsplit(url)
    if parts.netloc == "docs.google.com" and parts.path.lower().startswith("/spreadsheets/"):
        raise ConnectorFailed(f"{shown(url)!r} is a Google Sheet, which the Google Sheets source reads")
    query = parse_qs(parts.query)
    if parts.netloc.endswith("dropbox.com") and query.get("dl") == ["0"]:
        return parts._replace(query=urlencode({**query, "dl": "1"}, doseq=True)).geturl()
    return url


def _stored(provider: Json, url: str, around: Surroundings) -> contextlib.AbstractContextManager[BinaryIO]:
    if provider["storage"] == "local":
        path = readable(around.local_root, url.removeprefix("file://"))  # as the vendor's connector takes it
        return cast(BinaryIO, io.BufferedReader(Watched(path, url), BLOCK))
    # Imported here: it brings an HTTP client, a tenth of the memory of a server at rest.
    from airbyte_local.connectors.files.fetching import fetched

    return fetched(url, user_agent=bool(provider.get("user_agent")), cancellation=around.cancellation)


class Watched(io.FileIO):
    """A file below `/local`. Says at its end when it is not what it was: rows may be missing, or cut."""

    def __init__(self, path: Path, url: str) -> None:
        super().__init__(path)
        self._url = url
        self._before = self._now()

    def readinto(self, buffer: Any, /) -> int | None:
        count = super().readinto(buffer)
        if count == 0 and self._now() != self._before:
            raise ConnectorCrashed(f"{self._url!r} was changed while it was read")
        return count

    def _now(self) -> tuple[int, int]:
        status = os.fstat(self.fileno())
        return status.st_size, status.st_mtime_ns


@contextlib.contextmanager
def unpacked(stream: BinaryIO, name: str, cancellation: Cancellation) -> Generator[BinaryIO]:
    """*stream* without the packing that its name tells of."""
    extension = name[name.rfind(".") :].lower()
    if extension == ".zip":
        with _on_disk(stream, cancellation) as copy, _only_member(copy) as member:
            yield member
        return
    magic, unpacking = PACKINGS.get(extension, (b"", None))
    beginning = cast(Any, stream).peek(len(magic))[: len(magic)] if magic else b""
    if unpacking is None or beginning != magic:
        yield stream
        return
    with unpacking(stream) as plain, io.BufferedReader(plain, BLOCK) as buffered:
        yield buffered


@contextlib.contextmanager
def _only_member(stream: BinaryIO) -> Generator[BinaryIO]:
    try:
        archive = zipfile.ZipFile(stream)
    except zipfile.BadZipFile as error:
        raise ConnectorFailed(f"The file is no zip archive: {error}") from error
    with archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) != 1:
            raise ConnectorFailed(f"The zip archive holds {len(members)} files; it must hold one")
        if members[0].flag_bits & 1:
            raise ConnectorFailed("The zip archive is encrypted")
        with archive.open(members[0]) as member, io.BufferedReader(cast(Any, member), BLOCK) as buffered:
            yield buffered


@contextlib.contextmanager
def _on_disk(stream: BinaryIO, cancellation: Cancellation) -> Generator[BinaryIO]:
    """*stream* itself where it is a file of this machine, else a copy that is gone at the end of the block."""
    if isinstance(getattr(stream, "raw", None), io.FileIO):
        yield stream
        return
    with tempfile.TemporaryFile() as copy:
        while block := stream.read(BLOCK):
            cancellation.raise_if_requested()
            if shutil.disk_usage(tempfile.gettempdir()).free < RESERVE:
                raise ConnectorFailed(f"{tempfile.gettempdir()} has no room for a copy of the file")
            copy.write(block)
        copy.seek(0)
        yield cast(BinaryIO, copy)
