"""All state of one local Airbyte, in one SQLite file. Knows no HTTP, no connector and no rule of Airbyte."""

from airbyte_local.store.database import DataFolderInUse, DataFolderUnreadable, Store
from airbyte_local.store.records import (
    Actor,
    ActorLine,
    Catalog,
    Connection,
    ConnectionLine,
    Definition,
    Operation,
    StreamKey,
    StreamStates,
    Tag,
    Workspace,
)
from airbyte_local.store.session import Session

__all__ = [
    "Actor",
    "ActorLine",
    "Catalog",
    "Connection",
    "ConnectionLine",
    "DataFolderInUse",
    "DataFolderUnreadable",
    "Definition",
    "Operation",
    "Session",
    "Store",
    "StreamKey",
    "StreamStates",
    "Tag",
    "Workspace",
]
