"""Rows into tables, whatever the database: staged in temporary tables, moved in one transaction.

Temporary tables belong to the connection and vanish with it, so that a job that is killed leaves nothing, and two
jobs that write to one database do not see each other's rows. What a job has staged becomes visible at a flush, for
targets that checkpoint, or at its end, for all others, in one transaction. Tables, columns and schemas are made in
that same transaction. A table that gives way is dropped and made anew, as the vendor's destinations do it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, Generic, Protocol, TypeVar

from airbyte_local.connectors.cancelling import Cancellation, Cancelled
from airbyte_local.connectors.destinations.naming import folded
from airbyte_local.connectors.protocol import ConnectorFailed, Target
from airbyte_local.model.json_values import Json

STREAM_CHARACTERS = 1 << 20
"""Of one stream this much waits in memory, or one row that is longer."""
ALL_CHARACTERS = 6 << 20
"""Of all streams together."""
Line = TypeVar("Line")


class Engine(Protocol):
    """One connection to a database, for one job. Whatever the database says goes through `guarded`."""

    def guarded(self) -> AbstractContextManager[None]:
        """Within the block an error of the database is raised as ConnectorFailed or ConnectorCrashed."""
        ...

    def transact(self, act: Callable[[], None]) -> None:
        """Whatever *act* executes, all of it or nothing, and durable. It may be called again."""
        ...

    def interrupt(self) -> None:
        """From any thread: what runs is given up."""
        ...

    def close(self) -> None:
        """Temporary tables go with it. Never raises."""
        ...


@contextmanager
def transaction(execute: Callable[[str], object], begin: str = "BEGIN") -> Generator[None]:
    """Of a database that is told of one in SQL: what the block executes, all of it or nothing."""
    execute(begin)
    try:
        yield
        execute("COMMIT")
    except BaseException:
        with suppress(Exception):
            execute("ROLLBACK")
        raise


class TooNarrow(Exception):
    """A value fits the schema of its stream, but not the table as it is: *widen* it, and try again."""

    def __init__(self, widen: Callable[[], None]) -> None:
        super().__init__()
        self.widen = widen


class Stream(ABC, Generic[Line]):
    """One target under way: rows wait in memory, then in a staging table, then are moved into the table."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.waiting: list[Line] = []
        self.characters = 0
        self.staged = False  # rows are in the staging table
        self.settled = False  # the table has the shape it needs, and one row a key where it has one

    @abstractmethod
    def add(self, data: Json, emitted_at: int) -> int:
        """One row waits more. Returns how many characters it has. Raises TooNarrow."""

    @abstractmethod
    def stage(self) -> None:
        """What waits goes into the staging table; there is something."""

    @abstractmethod
    def move(self) -> None:
        """What is staged goes into the table, within a transaction."""

    def moved(self) -> None:
        """After the transaction."""
        self.staged, self.settled = False, True

    def load(self) -> None:
        if self.waiting:
            self.stage()
            self.staged = True
            self.waiting.clear()
            self.characters = 0


class Writer:
    """The sink of all databases."""

    def __init__(self, engine: Engine, streams: Sequence[Stream[Any]], cancellation: Cancellation) -> None:
        self._engine = engine
        self._streams = streams
        self._cancellation = cancellation
        self._characters = 0

    def write(self, target: int, data: Json, emitted_at: int, /) -> None:
        stream = self._streams[target]
        try:
            added = stream.add(data, emitted_at)
        except TooNarrow as narrow:
            with self._guarded():
                narrow.widen()
            self.write(target, data, emitted_at)
            return
        stream.characters += added
        self._characters += added
        if stream.characters > STREAM_CHARACTERS:
            self._load([stream])
        elif self._characters > ALL_CHARACTERS:
            self._load(self._streams)

    def flush(self) -> bool:
        self._move([stream for stream in self._streams if stream.target.checkpoints and not stream.target.replaces])
        return True

    def finish(self) -> None:
        try:
            self._move(self._streams, empty=True)
        finally:
            self._engine.close()

    def abort(self) -> None:
        self._engine.close()

    def _load(self, streams: Iterable[Stream[Any]]) -> None:
        with self._guarded():
            for stream in streams:
                stream.load()
        self._characters = sum(stream.characters for stream in self._streams)

    def _move(self, streams: Sequence[Stream[Any]], *, empty: bool = False) -> None:
        self._load(streams)
        moving = [stream for stream in streams if empty or stream.staged]
        if not moving:
            return

        def move() -> None:
            for stream in moving:
                stream.move()

        with self._guarded():
            self._engine.transact(move)
        with self._engine.guarded():
            for stream in moving:
                stream.moved()

    @contextmanager
    def _guarded(self) -> Generator[None]:
        """Also given up as soon as the job is cancelled, in whatever thread; what comes of it is Cancelled."""

        def stop() -> None:
            with suppress(Exception):
                self._engine.interrupt()

        self._cancellation.raise_if_requested()
        with self._cancellation.calling(stop):
            try:
                with self._engine.guarded():
                    yield
            except Cancelled:
                raise
            except Exception as error:
                if self._cancellation.requested:
                    raise Cancelled from error
                raise


def require_distinct(targets: Sequence[Target], tables: Sequence[str], *, folds_case: bool) -> None:
    """Raises:
    ConnectorFailed: two of *targets* have one table.
    """
    owners: dict[str, Target] = {}
    for target, table in zip(targets, tables, strict=True):
        if (owner := owners.setdefault(folded(table) if folds_case else table, target)) is not target:
            raise ConnectorFailed(
                f"Two streams would write to one table, {table}: {owner.name!r} and {target.name!r}"
            )
