"""A file's bytes as one stream: made of pieces, unpacked, and copied to disk for those who must seek."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Generator, Iterator
from typing import Any, BinaryIO, cast

from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.connectors.protocol import ConnectorFailed

BLOCK = 1 << 20
RESERVE = 256 << 20  # bytes of the disk that no copy may take
# By extension as the vendor's connector has it, but for .xz. What does not begin so was unpacked on the way.
PACKINGS: dict[str, tuple[bytes, Callable[[Any], Any]]] = {
    ".gz": (b"\x1f\x8b", lambda stream: gzip.GzipFile(fileobj=stream)),
    ".bz2": (b"BZh", bz2.BZ2File),
    ".xz": (b"\xfd7zXZ", lzma.LZMAFile),
}


class Pieces(io.RawIOBase):
    """Pieces of bytes as a file that is read once, from its beginning to its end."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def as_stream(pieces: Iterator[bytes]) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(Pieces(pieces), BLOCK))


@contextlib.contextmanager
def unpacked(stream: BinaryIO, name: str, cancellation: Cancellation) -> Generator[BinaryIO]:
    """*stream* without the packing that its name tells of."""
    extension = name[name.rfind(".") :].lower()
    if extension == ".zip":
        with on_disk(stream, cancellation) as copy, _only_member(copy) as member:
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
def on_disk(stream: BinaryIO, cancellation: Cancellation) -> Generator[BinaryIO]:
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
