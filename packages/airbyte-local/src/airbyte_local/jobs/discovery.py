"""Running a connector for one request: its check, and the discovery of a source's streams, or that of the cache.

Connectors may take seconds, so they run between transactions, never inside one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.connectors.definitions import ActorDefinition
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed
from airbyte_local.jobs.world import World, new_id
from airbyte_local.model import configurations as cfg
from airbyte_local.model.catalogs import Difference, difference
from airbyte_local.model.json_values import Json, dumps
from airbyte_local.model.records import Actor, Catalog, Connection
from airbyte_local.model.validation import violations
from airbyte_local.model.vocabulary import SOURCE, Vocabulary
from airbyte_local.store.database import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Runnable:
    """A connector and the configuration to run it with, read from the store."""

    definition: ActorDefinition
    configuration: Json
    secrets: tuple[object, ...] = ()  # those in the configuration

    def violation(self) -> str | None:
        """What every connector of the vendor checks by itself, before anything else."""
        found = violations(self.definition.connector.spec(), self.configuration)
        return f"Config validation error: {found[0]}" if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a check or a discovery; of the latter *catalog* is as the store has it."""

    definition: ActorDefinition
    failure: str | None = None
    crashed: bool = False
    catalog: Catalog | None = None
    from_cache: bool = False


def stored_runnable(world: World, session: Session, actor: Actor) -> Runnable:
    secrets: list[object] = []

    def read(coordinate: str) -> object:
        secrets.append(session.actors.secret(coordinate))
        return secrets[-1]

    definition = world.definitions(session, actor.kind).get(actor.definition_id)
    configuration = cfg.hydrate(actor.configuration or {}, read)
    return Runnable(definition=definition, configuration=configuration, secrets=tuple(secrets))


def offered_runnable(world: World, session: Session, words: Vocabulary, body: Json) -> Runnable:
    """A configuration that is not saved. With the id of an actor, masks in it stand for that actor's secrets."""
    configuration: Json = body["connectionConfiguration"]
    actor = session.actors.find(words, body[words.id]) if words.id in body else None
    definition_id: str = actor.definition_id if actor else body[words.definition_id]
    definition = world.definitions(session, words.kind).get(definition_id)
    if actor:
        configuration = cfg.keep_masked(definition.connector.spec(), actor.configuration, configuration)
    return Runnable(definition=definition, configuration=cfg.hydrate(configuration, session.actors.secret))


def check(world: World, runnable: Runnable) -> Outcome:
    connector = runnable.definition.connector
    return _run(runnable, lambda: connector.check(runnable.configuration, world.surroundings))


def discover(world: World, runnable: Runnable, cancellation: Cancellation | None = None) -> Outcome:
    connector = runnable.definition.connector
    around = replace(world.surroundings, cancellation=cancellation or Cancellation())
    return _run(runnable, lambda: _saved(world, connector.discover(runnable.configuration, around)))


def _run(runnable: Runnable, act: Callable[[], Catalog | None]) -> Outcome:
    found = Outcome(definition=runnable.definition)
    if violation := runnable.violation():
        return replace(found, failure=violation)
    try:
        return replace(found, catalog=act())
    except ConnectorFailed as failed:
        return replace(found, failure=str(failed))
    except ConnectorCrashed as crashed:
        return replace(found, failure=str(crashed), crashed=True)


def discover_source(
    world: World, source_id: str, *, use_cache: bool, cancellation: Cancellation | None = None
) -> Outcome:
    """The catalog of a stored source; its own connector says it, or the cache."""
    with world.store.transaction() as session:
        source = session.actors.find(SOURCE, source_id)
        runnable = stored_runnable(world, session, source)
        asked = _asked(source, runnable.definition)
        cached = session.catalogs.cached(**asked) if use_cache else None
    if cached is not None:
        return Outcome(definition=runnable.definition, catalog=cached, from_cache=True)
    outcome = discover(world, runnable, cancellation)
    if outcome.catalog is not None:
        with world.store.transaction() as session:
            session.catalogs.record(**asked, catalog_id=outcome.catalog.id, at=world.now())
    return outcome


def judge(session: Session, connection_id: str, catalog: Catalog) -> tuple[Connection, Difference]:
    """Compare a fresh catalog with what the connection was made from, and disable it where that says so."""
    connection = session.connections.find(connection_id)
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


def _asked(source: Actor, definition: ActorDefinition) -> dict[str, str]:
    """What a discovery goes by: by another image or configuration there may be other streams."""
    # Of the stored configuration, secret coordinates and all: a secret sent again is a new configuration.
    digest = hashlib.md5(dumps(source.configuration).encode(), usedforsecurity=False).hexdigest()
    return {"actor_id": source.id, "image": definition.runs, "configuration_hash": digest}


def _saved(world: World, streams: list[Json]) -> Catalog:
    """Under one id as long as it stays the same."""
    with world.store.transaction() as session:
        known = session.catalogs.same(streams)
        if known is not None:
            return known
        catalog = Catalog(id=new_id(), streams=streams)
        session.catalogs.save(catalog)
    return catalog
