"""What a request or a job names, found in the store, or refused as the vendor refuses it."""

from __future__ import annotations

from airbyte_local.model.errors import NotFound
from airbyte_local.model.records import Actor, Connection
from airbyte_local.model.vocabulary import Vocabulary
from airbyte_local.store.session import Session


def find_actor(session: Session, words: Vocabulary, actor_id: str) -> Actor:
    """Deleted ones too: the vendor's GET answers 200 for them."""
    actor = session.actors.get(words.kind, actor_id)
    if actor is None:
        raise NotFound(type=words.not_found, id=actor_id)
    return actor


def find_connection(session: Session, connection_id: str) -> Connection:
    connection = session.connections.get(connection_id)
    if connection is None:
        raise NotFound(type="STANDARD_SYNC", id=connection_id)
    return connection
