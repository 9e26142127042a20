"""Connections: created, patched, deprecated. The vendor trusts the catalog it is given, and so does this."""

from __future__ import annotations

from dataclasses import replace

from airbyte_local.handlers.catalog_checks import configured_streams
from airbyte_local.handlers.connection_reads import connection_read
from airbyte_local.jobs.requesting import stop_jobs_of
from airbyte_local.jobs.world import Call, World, new_id
from airbyte_local.model.catalogs import key_of
from airbyte_local.model.errors import Broken, database_refused
from airbyte_local.model.json_values import Json, bean
from airbyte_local.model.paging import page
from airbyte_local.model.schedules import schedule_for_create, schedule_for_update
from airbyte_local.model.vocabulary import DESTINATION, SOURCE
from airbyte_local.store import Connection, Session, StreamKey

PLAIN = (
    "namespaceDefinition",
    "namespaceFormat",
    "prefix",
    "resourceRequirements",
    "sourceCatalogId",
    "destinationCatalogId",
    "dataplaneGroupId",
    "notifySchemaChanges",
    "notifySchemaChangesByEmail",
    "nonBreakingChangesPreference",
    "backfillPreference",
    "breakingChange",
)
"""What a request sets as it is, and an update leaves alone where it is absent."""


def create(call: Call) -> Json:
    return connection_read(call.session, create_connection(call))


def create_connection(call: Call) -> Connection:
    body, session = call.body, call.session
    source = session.actors.find(SOURCE, body["sourceId"])
    destination = session.actors.find(DESTINATION, body["destinationId"])
    if source.workspace_id != destination.workspace_id:
        raise Broken(message="IllegalArgumentException: source and destination do not belong to the same workspace")
    details = {
        "namespaceDefinition": "source",
        **_said(session, source.workspace_id, body),
        **schedule_for_create(body),
        "streams": configured_streams(body.get("syncCatalog", {})),
    }
    connection = Connection(
        id=new_id(),
        workspace_id=source.workspace_id,
        source_id=source.id,
        destination_id=destination.id,
        name=body.get("name", f"{source.name} <> {destination.name}"),
        status=body["status"],
        created_at=call.world.now(),
        details=details,
    )
    session.connections.save(connection)
    return connection


def update(call: Call) -> Json:
    return connection_read(call.session, patch(call))


def patch(call: Call) -> Connection:
    """What is absent or null stays. State of streams whose sync mode changes is lost, without a word."""
    body, session = call.body, call.session
    before = session.connections.find(body["connectionId"])
    details = {
        **before.details,
        **_said(session, before.workspace_id, body),
        **_rescheduled(before.details, schedule_for_update(body)),
    }
    if "syncCatalog" in body:
        details["streams"] = configured_streams(body["syncCatalog"])
        changed = _sync_mode_changed(before.details["streams"], details["streams"])
        session.states.forget(before.id, changed, new_generation=False)
    after = replace(
        before, name=body.get("name", before.name), status=body.get("status", before.status), details=details
    )
    session.connections.save(after)
    return after


def get(call: Call) -> Json:
    return connection_read(call.session, call.session.connections.find(call.body["connectionId"]))


def list_all(call: Call) -> Json:
    return _listed(call, deleted=True)


def list_alive(call: Call) -> Json:
    return _listed(call, deleted=False)


def list_paginated(call: Call) -> Json:
    body, session = call.body, call.session
    ids = session.connections.ids(body["workspaceIds"], deleted=body.get("includeDeleted", False))
    if body.get("tagIds"):
        tagged = session.connections.tagged(body["tagIds"])
        ids = [each for each in ids if each in tagged]
    pagination = body.get("pagination", {})
    size = pagination.get("pageSize", call.world.profile.default_page_size)
    shown = session.connections.whole(page(ids, size=size, offset=pagination.get("rowOffset", 0)))
    return {"connections": [connection_read(session, connection) for connection in shown]}


def search(call: Call) -> Json:
    body, session = call.body, call.session
    rows = session.connections.of_workspaces([workspace.id for workspace in session.workspaces.all()])
    found = [
        connection
        for connection in rows
        if body.get("connectionId", connection.id) == connection.id
        and body.get("name", connection.name) == connection.name
        and body.get("sourceId", connection.source_id) == connection.source_id
        and body.get("destinationId", connection.destination_id) == connection.destination_id
        and body.get("status", connection.status) == connection.status
    ]
    return {"connections": [connection_read(session, connection) for connection in found]}


def list_by_actor_definition(call: Call) -> Json:
    session = call.session
    found: dict[str, Connection] = {}
    for actor in session.actors.of_definition(call.body["actorDefinitionId"]):
        found |= {connection.id: connection for connection in session.connections.of_actor(actor.id)}
    return {"connections": [connection_read(session, connection) for connection in found.values()]}


def delete(call: Call) -> None:
    """Twice is as good as once."""
    deprecate(call.world, call.session, call.session.connections.find(call.body["connectionId"]))


def deprecate(world: World, session: Session, connection: Connection) -> None:
    """Its jobs end with it."""
    stop_jobs_of(world, session, connection.id)
    session.connections.save(replace(connection, status="deprecated"))


def _listed(call: Call, *, deleted: bool) -> Json:
    rows = call.session.connections.of_workspaces([call.body["workspaceId"]], deleted=deleted)
    return {"connections": [connection_read(call.session, connection) for connection in rows]}


def _said(session: Session, workspace_id: str, body: Json) -> Json:
    """The details that a request sets."""
    said = bean(**{name: body.get(name) for name in PLAIN})
    if "sourceCatalogId" in said and session.catalogs.get(said["sourceCatalogId"]) is None:
        raise database_refused()  # a foreign key of the vendor's database
    if "operationIds" in body:
        operations = [session.operations.get(each) for each in body["operationIds"]]
        if any(operation is None or operation.workspace_id != workspace_id for operation in operations):
            raise Broken(message="IllegalArgumentException: operation of another workspace")
        said["operationIds"] = body["operationIds"]
    if "tags" in body:
        known = {tag.id for tag in session.tags.of_workspace(workspace_id)}
        said["tagIds"] = [tag["tagId"] for tag in body["tags"] if tag["tagId"] in known]  # others: silently ignored
    return said


def _rescheduled(before: Json, schedule: Json) -> Json:
    """A change to manual drops the data of the schedule before it."""
    return {"scheduleData": None, **schedule} if schedule else {"scheduleData": before.get("scheduleData")}


def _sync_mode_changed(before: list[Json], after: list[Json]) -> list[StreamKey]:
    modes = {key_of(entry["stream"]): entry["config"]["syncMode"] for entry in before}
    return [
        key
        for entry in after
        if (key := key_of(entry["stream"])) in modes and modes[key] != entry["config"]["syncMode"]
    ]
