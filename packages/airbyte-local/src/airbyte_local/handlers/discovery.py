"""Discovery of a source's streams on request: never an HTTP error."""

from __future__ import annotations

import re

from airbyte_local.handlers.synchronous import job_read
from airbyte_local.jobs.discovery import Discovered, discover, discover_source, judge, offered_runnable, saved
from airbyte_local.jobs.world import Call, Errand, World
from airbyte_local.model.catalogs import proposed
from airbyte_local.model.errors import NotFound
from airbyte_local.model.json_values import Json, bean
from airbyte_local.model.vocabulary import SOURCE

SNAKE = re.compile("[A-Z]")


def discover_schema(errand: Errand) -> Json:
    body, world = errand.body, errand.world
    found = discover_source(world, body["sourceId"], use_cache=not body.get("disable_cache", False))
    answer = _answer(world, found)
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
        runnable = offered_runnable(errand.world, session, SOURCE, errand.body)
    outcome = discover(errand.world, runnable)
    catalog = saved(errand.world, outcome)
    found = Discovered(definition=runnable.definition, catalog=catalog, failure=outcome.failure)
    return _answer(errand.world, found)


def most_recent_catalog(call: Call) -> Json:
    call.session.actors.find(SOURCE, call.body["sourceId"])
    newest = call.session.catalogs.newest(call.body["sourceId"])
    catalog = call.session.catalogs.get(newest[0]) if newest else None
    if newest is None or catalog is None:
        raise NotFound(type="ACTOR_CATALOG", id=call.body["sourceId"])
    streams = [
        {SNAKE.sub(r"_\g<0>", name).lower(): said for name, said in each.items()} for each in catalog.streams
    ]
    return {"updatedAt": newest[1], "catalog": {"streams": streams}}  # as connectors say it


def _answer(world: World, found: Discovered) -> Json:
    at = 0 if found.from_cache else world.now()
    ran = None if found.from_cache else found.definition.id
    suggested = found.definition.suggested_streams
    return bean(
        catalog=proposed(found.catalog.streams, suggested) if found.catalog else None,
        catalogId=found.catalog.id if found.catalog else None,
        jobInfo=job_read("discover_schema", at=at, definition_id=ran, failure=found.failure),
    )
