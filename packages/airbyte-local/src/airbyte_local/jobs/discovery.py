"""Discovery of a source's streams: by its connector or from the cache, and able to disable a connection."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.connectors.definitions import ActorDefinition, Directory
from airbyte_local.jobs.connector_runs import Outcome, discover, stored_runnable
from airbyte_local.jobs.world import World, new_id
from airbyte_local.model.catalogs import Difference, difference
from airbyte_local.model.json_values import dumps
from airbyte_local.model.vocabulary import SOURCE
from airbyte_local.store import Actor, Catalog, Connection, Session
from airbyte_local.store.lookups import find_actor, find_connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    definition: ActorDefinition
    catalog: Catalog | None
    failure: str | None = None
    crashed: bool = False
    from_cache: bool = False


def discover_source(
    world: World, source_id: str, *, use_cache: bool, cancellation: Cancellation | None = None
) -> Discovered:
    """The catalog of a stored source; its own connector says it, or the cache."""
    with world.store.transaction() as session:
        source = find_actor(session, SOURCE, source_id)
        runnable = stored_runnable(session, source)
        definition = Directory(session, "source").get(source.definition_id)
        cached = _cached(session, source, definition) if use_cache else None
    if cached is not None:
        return Discovered(definition=definition, catalog=cached, from_cache=True)
    outcome = discover(world, runnable, cancellation)
    catalog = saved(world, outcome)
    if catalog is not None:
        with world.store.transaction() as session:
            session.catalogs.record(
                actor_id=source.id,
                image=definition.runs,
                configuration_hash=_hash(source),
                catalog_id=catalog.id,
                at=world.now(),
            )
    return Discovered(definition=definition, catalog=catalog, failure=outcome.failure, crashed=outcome.crashed)


def judge(session: Session, connection_id: str, catalog: Catalog) -> tuple[Connection, Difference]:
    """Compare a fresh catalog with what the connection was made from, and disable it where that says so."""
    connection = find_connection(session, connection_id)
    configured = connection.details["streams"]
    original = session.catalogs.get(connection.details.get("sourceCatalogId", ""))
    before = original.streams if original else [entry["stream"] for entry in configured]
    changes = difference(before, catalog.streams, configured)
    preference = connection.details.get("nonBreakingChangesPreference", "ignore")
    disable = changes.breaking or (bool(changes) and preference == "disable")
    judged = replace(
        connection,
        status="inactive" if disable and connection.status == "active" else connection.status,
        details={**connection.details, "breakingChange": changes.breaking},
    )
    if judged != connection:
        session.connections.save(judged)
    return judged, changes


def _cached(session: Session, source: Actor, definition: ActorDefinition) -> Catalog | None:
    catalog_id = session.catalogs.cached(
        actor_id=source.id, image=definition.runs, configuration_hash=_hash(source)
    )
    return session.catalogs.get(catalog_id) if catalog_id else None


def _hash(source: Actor) -> str:
    """Of the stored configuration, secret coordinates and all: a secret sent again is a new configuration."""
    return hashlib.md5(dumps(source.configuration).encode(), usedforsecurity=False).hexdigest()


def saved(world: World, outcome: Outcome) -> Catalog | None:
    """The catalog of a discovery, under one id as long as it stays the same."""
    if outcome.failure is not None:
        return None
    streams = list(outcome.streams)
    with world.store.transaction() as session:
        known = session.catalogs.same(streams)
        if known is not None:
            return known
        catalog = Catalog(id=new_id(), streams=streams)
        session.catalogs.save(catalog)
    return catalog
