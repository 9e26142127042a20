"""State in a file of this machine: compared and replaced under flock, by a rename, so that none is half there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from hashlib import blake2b
from itertools import islice
from pathlib import Path

from dagster_managed_elements.engine.errors import StateError
from dagster_managed_elements.state.stores import LARGEST, MOST, Moved, Stored


class FileStore:
    """See `Store`. Its files are for their owner alone."""

    def __init__(self, url: str, path: str) -> None:
        self._url, self._path = url, Path(path).expanduser().absolute()

    @property
    def url(self) -> str:
        return self._url

    def read(self, suffix: str = "") -> Stored | None:
        try:
            with self._of(suffix).open("rb") as file:
                data = file.read(LARGEST + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateError(f"The state {self._url}{suffix} cannot be read: {error.strerror}.") from error
        if len(data) > LARGEST:
            raise StateError(f"The state {self._url}{suffix} cannot be read: it is larger than any.")
        return Stored(data, _tag(data))

    def write(self, data: bytes, replacing: str | None, suffix: str = "") -> str:
        path = self._of(suffix)
        try:
            self._of("").parent.mkdir(parents=True, exist_ok=True)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            with self._guarded():
                there = self.read(suffix)
                if (there.tag if there else None) != replacing:
                    raise Moved(f"The state {self._url} was written by somebody else meanwhile.")
                _replace(path, data)
        except OSError as error:
            raise StateError(f"The state {self._url}{suffix} cannot be written: {error.strerror}.") from error
        return _tag(data)

    def names(self, suffix: str) -> list[str]:
        try:
            found = [entry.name for entry in islice(os.scandir(self._of(suffix)), MOST + 1)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StateError(f"The state {self._url}{suffix} cannot be read: {error.strerror}.") from error
        if len(found) > MOST:
            raise StateError(f"There are more than {MOST:,} files in {self._url}{suffix}; move the oldest away.")
        return [name for name in found if not name.startswith(".")]  # those are on their way to be one

    def _of(self, suffix: str) -> Path:
        """Where a link leads, which a rename would put a file in the place of."""
        path = self._path.resolve()
        return path.parent / f"{path.name}{suffix}"

    @contextmanager
    def _guarded(self) -> Generator[None]:
        """One writer at a time; whoever ends, however he ends, lets go."""
        try:
            import fcntl
        except ImportError:
            raise StateError(f"{self._url}: this system has no flock; keep the state in a bucket.") from None
        descriptor = os.open(self._of(".guard"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _replace(path: Path, data: bytes) -> None:
    descriptor, scratch = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(scratch).replace(path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _tag(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()
