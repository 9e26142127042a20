"""Discovery of a source's streams: cached, never an HTTP error, and able to disable a connection."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from airbyte_local.catalogs import Difference, difference, proposed
from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.definitions import ActorDefinition, Directory
from airbyte_local.errors import NotFound
from airbyte_local.handlers.actors import find_actor
from airbyte_local.handlers.connections import find_connection
from airbyte_local.handlers.running import Errand, Outcome, discover, offered_runnable, stored_runnable
from airbyte_local.handlers.synchronous import job_read
from airbyte_local.handlers.vocabulary import SOURCE
from airbyte_local.json_values import Form, Json, bean, dumps
from airbyte_local.store import Actor, Catalog, Connection, Session
from airbyte_local.world import Call, World, new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    definition: ActorDefinition
    catalog: Catalog | None
    failure: str | None = None
    crashed: bool = False
    from_cache: bool = False


def discover_schema(errand: Errand) -> Json:
    body, world = errand.body, errand.world
    found = discover_source(world, body["sourceId"], use_cache=not body.get("disable_cache", False))
    answer = _answer(world, found, config_id=found.definition.id)
    if found.catalog is not None and "connectionId" in body:
        with world.store.transaction() as session:
            connection, changes = judge(session, body["connectionId"], found.catalog)
        answer |= {
            "catalogDiff": changes.read(),
            "breakingChange": changes.breaking,
            "connectionStatus": connection.status,
        }
    return answer


def discover_offered(errand: Errand) -> Json:
    """With a configuration that is not saved."""
    with errand.world.store.transaction() as session:
        runnable = offered_runnable(session, SOURCE, errand.body)
    outcome = discover(errand.world, runnable)
    catalog = _saved(errand.world, outcome)
    found = Discovered(definition=runnable.definition, catalog=catalog, failure=outcome.failure)
    return _answer(errand.world, found, config_id=runnable.definition.id)


def most_recent_catalog(call: Call) -> Json:
    find_actor(call.session, SOURCE, call.body["sourceId"])
    newest = call.session.catalogs.newest(call.body["sourceId"])
    catalog = call.session.catalogs.get(newest[0]) if newest else None
    if newest is None or catalog is None:
        raise NotFound(type="ACTOR_CATALOG", id=call.body["sourceId"])
    return {"updatedAt": newest[1], "catalog": {"streams": [Form("stream", stream) for stream in catalog.streams]}}


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
    catalog = _saved(world, outcome)
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


def _answer(world: World, found: Discovered, *, config_id: str) -> Json:
    at = 0 if found.from_cache else world.now()
    suggested = found.definition.suggested_streams
    return bean(
        catalog=proposed(found.catalog.streams, suggested) if found.catalog else None,
        catalogId=found.catalog.id if found.catalog else None,
        jobInfo=job_read("discover_schema", at=at, config_id=config_id, failure=found.failure),
    )


def _cached(session: Session, source: Actor, definition: ActorDefinition) -> Catalog | None:
    catalog_id = session.catalogs.cached(
        actor_id=source.id, image=definition.runs, configuration_hash=_hash(source)
    )
    return session.catalogs.get(catalog_id) if catalog_id else None


def _hash(source: Actor) -> str:
    """Of the stored configuration, secret coordinates and all: a secret sent again is a new configuration."""
    return hashlib.md5(dumps(source.configuration).encode(), usedforsecurity=False).hexdigest()


def _saved(world: World, outcome: Outcome) -> Catalog | None:
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
