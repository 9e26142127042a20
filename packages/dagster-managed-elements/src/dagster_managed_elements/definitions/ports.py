"""What Dagster's room asks of an integration, as values and one protocol: which tables a connection fills, and how
its sync is started, followed and cancelled. Knows no vendor, and no Dagster.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

StreamId: TypeAlias = tuple[str, str]
"""A stream of a connection: (namespace, name), "" for no namespace."""

JobStatus: TypeAlias = Literal["pending", "running", "succeeded", "failed", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column that a stream fills, as far as it is known when assets are built.

    Args:
        name: Of the column.
        type: In the words of the integration, such as `string`.
        nullable: Whether a row may have none.
        description: What the source says of it.
    """

    name: str
    type: str
    nullable: bool = True
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamProps:
    """A stream of a declared connection: what a translator makes an asset's spec of.

    Args:
        connection_name: Of the connection that syncs it.
        stream_name: As the source calls it.
        namespace: At the source; None where nothing is said of one.
        stream_prefix: What the connection puts before the names of its tables, "" for nothing.
        mode: How it is read and written.
        integration: Who runs the sync, such as `airbyte`.
        source_name: Of the source.
        source_type: The connector, where it is known by a name.
        destination_name: Of the destination.
        destination_type: The connector, where it is known by a name.
        database: Which the destination writes to, where its configuration says so.
        schema: In which the table is written, where that can be told.
        columns: What it fills; None where that is not known.
        tags: Which the connection wears.
        is_ambiguous: Whether another stream of the connection fills a table of the same name.
    """

    connection_name: str
    stream_name: str
    namespace: str | None = None
    stream_prefix: str = ""
    mode: str = ""
    integration: str
    source_name: str
    source_type: str | None = None
    destination_name: str
    destination_type: str | None = None
    database: str | None = None
    schema: str | None = None
    columns: Sequence[Column] | None = None
    tags: Sequence[str] = ()
    is_ambiguous: bool = False

    @property
    def id(self) -> StreamId:
        """What tells it from the other streams of the connection."""
        return (self.namespace or "", self.stream_name)

    @property
    def table_name(self) -> str:
        """As the destination is told, before it makes a name of its own of it."""
        return f"{self.stream_prefix}{self.stream_name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """What a sync has moved so far; None where the API does not tell.

    Args:
        rows: How many.
        bytes: How much, as the vendor counts.
    """

    rows: int | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A sync as the API tells of it.

    Args:
        id: By which it is looked at again.
        status: How far it is.
        total: All that it has moved.
        streams: What it has moved of each stream, where the API tells it.
        reason: Why it failed, without secrets, where the API tells it.
        lines: What it has logged since it was last looked at, without secrets, where that was asked for.
    """

    id: str
    status: JobStatus
    total: Amounts = Amounts()
    streams: Mapping[StreamId, Amounts] = field(default_factory=dict[StreamId, Amounts])
    reason: str = ""
    lines: Sequence[str] = ()

    @property
    def is_over(self) -> bool:
        return self.status in {"succeeded", "failed", "cancelled"}


class Syncs(Protocol):
    """The syncs of one connection, for as long as it is open. All raise `ManagedElementsError`."""

    async def running(self) -> Job | None:
        """The sync that waits or is under way there, whoever started it."""
        ...

    async def start(self) -> Job:
        """A new one; the one that is under way where somebody else was faster. Never a second one."""
        ...

    async def read(self, job_id: str, *, after: int | None = None) -> Job:
        """How it is doing by now.

        Args:
            job_id: Of the sync.
            after: How many lines of its log are known; None: without lines.
        """
        ...

    async def cancel(self, job_id: str) -> None:
        """One that is over already is left as it is.

        Args:
            job_id: Of the sync.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncedConnection:
    """A declared connection as assets are made of it.

    Args:
        name: Of the connection.
        integration: Who runs its syncs, such as `airbyte`.
        streams: What it syncs, each with a table of its own.
        open: Connects to whoever runs them; asks nothing before it is entered.
    """

    name: str
    integration: str
    streams: Sequence[StreamProps]
    open: Callable[[], AbstractAsyncContextManager[Syncs]] = field(repr=False)
