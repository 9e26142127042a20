"""A file below `/local`, which must not change under the reader's hands."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any, BinaryIO, cast

from airbyte_local.connectors.files.streams import BLOCK
from airbyte_local.connectors.local_paths import readable
from airbyte_local.connectors.protocol import ConnectorCrashed


class Watched(io.FileIO):
    """Says at its end when the file is not what it was at the beginning: rows may be missing, or cut."""

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


def opened(root: Path, url: str) -> BinaryIO:
    """The vendor's connector takes `file:///local/x` for `/local/x`."""
    path = readable(root, url.removeprefix("file://"))
    return cast(BinaryIO, io.BufferedReader(Watched(path, url), BLOCK))
