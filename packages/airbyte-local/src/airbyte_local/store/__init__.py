"""All state of one local Airbyte, in one SQLite file. Knows no HTTP, no connector and no rule of Airbyte."""

from airbyte_local.model.records import (
    Actor,
    ActorLine,
    Attempt,
    Catalog,
    Connection,
    ConnectionLine,
    Definition,
    Job,
    JobLine,
    Operation,
    StreamKey,
    StreamStates,
    StreamStats,
    Tag,
    Workspace,
)
from airbyte_local.store.database import DataFolderInUse, DataFolderUnreadable, Session, Store
from airbyte_local.store.jobs import JobQuery, Span

__all__ = [
    "Actor",
    "ActorLine",
    "Attempt",
    "Catalog",
    "Connection",
    "ConnectionLine",
    "DataFolderInUse",
    "DataFolderUnreadable",
    "Definition",
    "Job",
    "JobLine",
    "JobQuery",
    "Operation",
    "Session",
    "Span",
    "Store",
    "StreamKey",
    "StreamStates",
    "StreamStats",
    "Tag",
    "Workspace",
]
