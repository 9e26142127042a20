"""The rows of the store as values. What nobody searches by stays together in `details`, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from airbyte_local.json_values import Json


def marks(values: Sequence[object]) -> str:
    """As many question marks as SQL needs for *values*."""
    return ", ".join("?" * len(values))


StreamKey = tuple[str | None, str]
"""(namespace, name)"""


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
    kind: str
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
