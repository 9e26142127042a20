"""Checks and discoveries on request: never an HTTP error, the report on the run says what came of it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from airbyte_local.handlers.actors import validated
from airbyte_local.jobs.discovery import (
    Outcome,
    Runnable,
    check,
    discover,
    discover_source,
    judge,
    offered_runnable,
    stored_runnable,
)
from airbyte_local.jobs.world import Call, Errand, World, new_id
from airbyte_local.model.catalogs import proposed
from airbyte_local.model.errors import NotFound
from airbyte_local.model.json_values import Json, bean, form
from airbyte_local.model.vocabulary import SOURCE, Vocabulary

SNAKE = re.compile("[A-Z]")


def job_read(config_type: str, *, at: int, definition_id: str | None = None, failure: str | None = None) -> Json:
    """*failure* is what the connector said when the job did not succeed; without *definition_id* none ran."""
    told = {"externalMessage": failure, "internalMessage": failure, "timestamp": at * 1000}
    reason = {"failureOrigin": "source", "failureType": "config_error", **told}
    return form(
        "job",
        id=new_id(),
        configType=config_type,
        configId=f"Optional[{definition_id}]" if definition_id else "NoConfiguration",  # Java's own words
        createdAt=at,
        endedAt=at,
        succeeded=failure is None,
        connectorConfigurationUpdated=False,
        logType="formatted",
        logs={"logLines": []},
        failureReason=None if failure is None else reason,
    )


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
    return _answer(errand.world, discover(errand.world, runnable))


def most_recent_catalog(call: Call) -> Json:
    call.session.actors.find(SOURCE, call.body["sourceId"])
    newest = call.session.catalogs.newest(call.body["sourceId"])
    catalog = call.session.catalogs.get(newest[0]) if newest else None
    if newest is None or catalog is None:
        raise NotFound(type="ACTOR_CATALOG", id=call.body["sourceId"])
    streams = [
        {SNAKE.sub(r"_\g<0>", name).lower(): said for name, said in stream.items()} for stream in catalog.streams
    ]
    return {"updatedAt": newest[1], "catalog": {"streams": streams}}  # as connectors say it


def _answer(world: World, found: Outcome) -> Json:
    at = 0 if found.from_cache else world.now()
    ran = None if found.from_cache else found.definition.id
    suggested = found.definition.suggested_streams
    return bean(
        catalog=proposed(found.catalog.streams, suggested) if found.catalog else None,
        catalogId=found.catalog.id if found.catalog else None,
        jobInfo=job_read("discover_schema", at=at, definition_id=ran, failure=found.failure),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckHandlers:
    words: Vocabulary

    def check(self, errand: Errand) -> Json:
        with errand.world.store.transaction() as session:
            actor = session.actors.find(self.words, errand.body[self.words.id])
            runnable = stored_runnable(errand.world, session, actor)
        return self._answer(errand, runnable)

    def check_offered(self, errand: Errand, *, updates: bool = False) -> Json:
        """The configuration that was sent, not its merge with a stored one."""
        with errand.world.store.transaction() as session:
            runnable = offered_runnable(errand.world, session, self.words, errand.body)
        if updates:
            validated(runnable.definition, errand.body["connectionConfiguration"])
        return self._answer(errand, runnable)

    def _answer(self, errand: Errand, runnable: Runnable) -> Json:
        outcome = check(errand.world, runnable)
        status = None if outcome.crashed else ("failed" if outcome.failure else "succeeded")
        crash = outcome.failure if outcome.crashed else None
        config_type, ran = f"check_connection_{self.words.kind}", runnable.definition.id
        return bean(
            status=status,
            message=None if outcome.crashed else outcome.failure,
            jobInfo=job_read(config_type, at=errand.world.now(), definition_id=ran, failure=crash),
        )
