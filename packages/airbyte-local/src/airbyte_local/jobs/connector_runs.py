"""Running a connector for one request: a configuration with its secrets, an outcome as a value.

Connectors may take seconds, so they run between transactions, never inside one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from airbyte_local.connectors import ConnectorCrashed, ConnectorFailed
from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.connectors.definitions import ActorDefinition
from airbyte_local.jobs.world import World
from airbyte_local.model import configurations as cfg
from airbyte_local.model.json_values import Json
from airbyte_local.model.validation import violations
from airbyte_local.model.vocabulary import Vocabulary
from airbyte_local.store import Actor, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Runnable:
    """A connector and the configuration to run it with, read from the store."""

    definition: ActorDefinition
    configuration: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    failure: str | None = None
    crashed: bool = False
    streams: tuple[Json, ...] = ()


def stored_runnable(world: World, session: Session, actor: Actor) -> Runnable:
    definition = world.definitions(session, actor.kind).get(actor.definition_id)
    return Runnable(
        definition=definition, configuration=cfg.hydrate(actor.configuration or {}, session.actors.secret)
    )


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
    return _run(runnable, lambda: connector.discover(runnable.configuration, around))


def _run(runnable: Runnable, act: Callable[[], Any]) -> Outcome:
    found = violations(runnable.definition.connector.spec(), runnable.configuration)
    if found:  # what every connector of the vendor checks by itself, before anything else
        return Outcome(failure=f"Config validation error: {found[0]}")
    try:
        return Outcome(streams=tuple(act() or ()))
    except ConnectorFailed as failed:
        return Outcome(failure=str(failed))
    except ConnectorCrashed as crashed:
        return Outcome(failure=str(crashed), crashed=True)
