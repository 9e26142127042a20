"""Files that a job has not finished yet: beside the finished ones, in a folder whose name tells whose they are.

A job leases a folder, `_airbyte_tmp_<job>_<random>`, which is locked for as long as the job lives and free however
it dies. One that nobody holds is that of a killed job: the next one in that place tidies up after it, and touches
nothing else. Whoever looks at leases or moves files holds the lock of the place itself.

Several files become visible all or none: their moves are written to `moves.json` first, which commits them. A job
that dies before has changed nothing; where it dies after, whoever tidies up does the moves that are missing.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Generator, Mapping
from pathlib import Path

from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed

LEASE = re.compile(r"_airbyte_tmp_\d+_[0-9a-f]{16}")
MOVES = "moves.json"
FINISHED = "_airbyte_raw_"


class Lease:
    """A folder for the unfinished files of one job, beside the finished ones. Every method may raise OSError."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.folder = path.parent
        self._path = path
        self._descriptor: int | None = descriptor

    def path(self, name: str) -> Path:
        return self._path / name

    def move(self, moves: Mapping[Path, Path]) -> None:
        """Each file that is leased to its finished name, all or none. They are durable already.

        Needs `locked`.
        """
        kept = {final: self.path(f"before_{position}") for position, final in enumerate(moves.values())}
        for final, before in kept.items():
            _keep(final, before)
        record = self.path(MOVES)
        draft = self.path("moves.draft")
        draft.write_text(json.dumps({staged.name: final.name for staged, final in moves.items()}))
        make_durable(draft)
        draft.rename(record)
        make_durable(self._path)
        make_durable(self.folder)
        try:
            for staged, final in moves.items():
                staged.replace(final)
        except OSError:
            _undo(moves, kept)
            record.unlink()
            raise
        make_durable(self.folder)
        record.unlink()

    def release(self) -> None:
        """Remove what is left of it, but for moves that could be neither done nor undone: the next job does them.

        A second time is as good as the first.
        """
        if self._descriptor is not None:
            if not self.path(MOVES).exists():
                shutil.rmtree(self._path)
            os.close(self._descriptor)
            self._descriptor = None


def take_lease(folder: Path, job: int) -> Lease:
    """A lease in *folder*, which is made where it is missing, after what killed jobs left there is put in order.

    Raises:
        OSError: the folder cannot be made or written.
        ConnectorFailed: its file system has no locks.
    """
    _make(folder)
    with locked(folder):
        tidy_up(folder)
        path = folder / f"_airbyte_tmp_{job}_{secrets.token_hex(8)}"
        path.mkdir(0o700)
        descriptor = os.open(path, os.O_RDONLY)
        _lock(descriptor, wait=False)
        return Lease(path, descriptor)


@contextlib.contextmanager
def locked(folder: Path) -> Generator[None]:
    """The folder to oneself, among all who ask."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _lock(descriptor, wait=True)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def writing() -> Generator[None]:
    """Within the block an error of the system is raised as ConnectorCrashed."""
    try:
        yield
    except OSError as error:
        raise ConnectorCrashed(f"Cannot write to the destination: {error.strerror or error}") from error


def tidy_up(folder: Path) -> None:
    """Finish or undo what jobs that were killed have left in *folder*. Needs `locked`."""
    for path in list(folder.iterdir()):
        if LEASE.fullmatch(path.name) is None or path.is_symlink() or not path.is_dir():
            continue
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:  # its job has ended in between
            continue
        try:
            if _lock(descriptor, wait=False):
                _finish_moves(path)
                with contextlib.suppress(FileNotFoundError):
                    shutil.rmtree(path)
        finally:
            os.close(descriptor)


def make_durable(path: Path) -> None:
    """What is in a file, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make(folder: Path) -> None:
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(exist_ok=True)
        make_durable(folder.parent)


def _keep(final: Path, before: Path) -> None:
    try:
        os.link(final, before)
    except FileNotFoundError:
        return
    except OSError:  # the file system knows no hard links
        shutil.copyfile(final, before)


def _finish_moves(path: Path) -> None:
    try:
        moves: dict[str, str] = json.loads((path / MOVES).read_text())
    except FileNotFoundError:
        return
    for staged, final in moves.items():
        is_ours = final.startswith(FINISHED) and "/" not in staged + final
        if is_ours and (path / staged).is_file():  # else that one was done
            (path / staged).replace(path.parent / final)
    make_durable(path.parent)


def _undo(moves: Mapping[Path, Path], kept: Mapping[Path, Path]) -> None:
    for staged, final in moves.items():
        if staged.exists():  # the one that could not be moved, and those after it
            break
        if kept[final].exists():
            kept[final].replace(final)
        else:
            final.unlink()


def _lock(descriptor: int, *, wait: bool) -> bool:
    """Whether the lock is ours now."""
    import fcntl  # which Windows does not have; there, only the destinations that need it are missing

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError as error:
        raise ConnectorFailed(f"The file system of the destination has no locks: {error.strerror}") from error
    return True
