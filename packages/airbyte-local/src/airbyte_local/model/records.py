"""The rows of the store as values. What nobody searches by stays together in `details`, as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from airbyte_local.model.json_values import Json
from airbyte_local.model.vocabulary import ActorKind

StreamKey = tuple[str | None, str]
"""(namespace, name)"""
UNFINISHED = ("pending", "running", "incomplete")
ENDED = frozenset({"succeeded", "failed", "cancelled"})
"""The statuses of a job that nothing more will happen to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    id: str
    slug: str
    name: str
    organization_id: str
    tombstone: bool = False
    details: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A custom definition, or what this instance changed about a public one."""

    id: str
    kind: str
    custom: bool
    tombstone: bool = False
    grants: tuple[str, ...] = ()
    details: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A source or a destination. Secrets of *configuration* are `{"_secret": coordinate}`; None once deleted."""

    id: str
    kind: ActorKind
    workspace_id: str
    definition_id: str
    name: str
    configuration: Json | None
    created_at: int
    tombstone: bool = False
    details: Json = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    id: str
    workspace_id: str
    source_id: str
    destination_id: str
    name: str
    status: str
    created_at: int
    details: Json


@dataclass(frozen=True, slots=True)
class ActorLine:
    """What lists are sorted and filtered by, without the configuration: a page of a long list stays cheap."""

    id: str
    name: str
    definition_id: str


@dataclass(frozen=True, slots=True)
class ConnectionLine:
    id: str
    name: str
    source_id: str
    destination_id: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    id: str
    streams: list[Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    id: str
    workspace_id: str
    name: str
    configuration: Json
    tombstone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    id: str
    workspace_id: str
    name: str
    color: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamStates:
    """The state of one connection, and how often each stream was started afresh (its generation)."""

    connection_id: str
    type: str = "not_set"
    legacy: Json | None = None
    shared: Json | None = None
    streams: dict[StreamKey, Json | None] = field(default_factory=dict[StreamKey, "Json | None"])
    generations: dict[StreamKey, int] = field(default_factory=dict[StreamKey, int])
    stale: frozenset[StreamKey] = frozenset()
    """Streams whose rows at the destination give way to those of the next sync that succeeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One sync, clear or refresh of a connection. Times in seconds since 1970."""

    id: int
    connection_id: str
    config_type: str  # sync, reset_connection, clear, refresh
    status: str  # pending, running, incomplete (between two attempts), succeeded, failed, cancelled
    created_at: int
    updated_at: int
    started_at: int | None = None
    details: Json = field(default_factory=dict[str, Any])
    """`streams` ([{name, namespace?}]) as the job knows them, `refreshMode`, `scheduled`."""

    @property
    def ended(self) -> bool:
        return self.status in ENDED


@dataclass(frozen=True, slots=True)
class JobLine:
    """What lists of connections and schedules look at, of many jobs at a time."""

    id: int
    connection_id: str
    status: str
    created_at: int

    @property
    def ended(self) -> bool:
        return self.status in ENDED


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamStats:
    """What one attempt did for one stream; bytes are those of the rows as JSON, estimated for long streams."""

    name: str
    namespace: str | None = None
    records_emitted: int = 0
    bytes_emitted: int = 0
    records_committed: int = 0
    bytes_committed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try of a job, counted from 0. *failures* in the vendor's words (FailureReason)."""

    job_id: int
    number: int
    status: str  # running, succeeded, failed
    created_at: int
    updated_at: int
    ended_at: int | None = None
    states: int = 0  # how many state messages came from the source
    streams: tuple[StreamStats, ...] = ()
    failures: tuple[Json, ...] = ()

    def total(self, count: str) -> int:
        """Of all streams: `records_emitted` and its like."""
        return sum(getattr(stream, count) for stream in self.streams)
