"""Connections: created, patched, shown, deprecated. The vendor trusts the catalog it is given, and so does this.

Streams, sync modes, keys and cursors are *not* checked; a few other things about a catalog are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from airbyte_local.jobs.requesting import stop_jobs_of
from airbyte_local.jobs.world import Call, World, new_id
from airbyte_local.model.catalogs import check_mappers, entry_read, key_of, with_keys
from airbyte_local.model.errors import Broken, Known, configuration_invalid, database_refused, named
from airbyte_local.model.json_values import Json, bean, form, is_object
from airbyte_local.model.paging import bounds, page
from airbyte_local.model.records import Connection, Tag
from airbyte_local.model.schedules import legacy_schedule, schedule_for_create, schedule_for_update
from airbyte_local.model.vocabulary import DESTINATION, SOURCE
from airbyte_local.store.database import Session

SHOWN: Json = {
    "namespaceDefinition": None,
    "namespaceFormat": None,
    "prefix": None,
    "resourceRequirements": None,
    "destinationCatalogId": None,
    "geography": None,
    "notifySchemaChanges": False,
    "notifySchemaChangesByEmail": False,
    "nonBreakingChangesPreference": "ignore",
    "backfillPreference": "disabled",
}
"""What a request sets as it is, an update leaves alone where it is absent, and answers show, by default as here."""
PLAIN = (*SHOWN, "sourceCatalogId", "dataplaneGroupId", "breakingChange")
"""All that a request sets as it is."""
DATAPLANE_GROUP = "7d0c3b52-64a1-4f0e-9a55-0d2f8a1c6e11"
"""The one dataplane group ("AUTO") of a self-managed instance; the id is ours."""
MAX_FIELDS = 20_000


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
        "notifySchemaChangesByEmail": False,  # what a create says of it the vendor does not read
        **schedule_for_create(body, by_second=call.world.profile.crons_by_second),
        "streams": configured_streams(body.get("syncCatalog", {})),
        "unstated": "status" not in body,
    }
    connection = Connection(
        id=new_id(),
        workspace_id=source.workspace_id,
        source_id=source.id,
        destination_id=destination.id,
        name=named(body.get("name", f"{source.name} <> {destination.name}")),
        status=body.get("status", "deprecated"),
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
    details = {**before.details, **_said(session, before.workspace_id, body)}
    if schedule := schedule_for_update(body, by_second=call.world.profile.crons_by_second):
        details |= {"scheduleData": None, **schedule}  # a change to manual drops the data of the one before it
    if "syncCatalog" in body:
        details["streams"] = configured_streams(body["syncCatalog"], before.details["streams"])
        old, new = (
            {key_of(entry["stream"]): entry["config"]["syncMode"] for entry in entries}
            for entries in (before.details["streams"], details["streams"])
        )
        changed = [key for key, mode in new.items() if old.get(key, mode) != mode]
        session.states.forget(before.id, changed, new_generation=False)
    if "status" in body:
        details["unstated"] = False
    name = named(body.get("name", before.name))
    after = replace(before, name=name, status=body.get("status", before.status), details=details)
    session.connections.save(after)
    return after


def get(call: Call) -> Json:
    return connection_read(call.session, call.session.connections.find(call.body["connectionId"]))


def list_of_workspace(call: Call, *, deleted: bool) -> Json:
    rows = call.session.connections.of_workspaces([call.body["workspaceId"]], deleted=deleted)
    return _listed(call.session, rows)


def list_paginated(call: Call) -> Json:
    return _listed(call.session, paginated(call))


def paginated(call: Call) -> list[Connection]:
    """In no order: an update may move a row from one page to another."""
    body, session = call.body, call.session
    ids = session.connections.ids(body["workspaceIds"], deleted=body.get("includeDeleted", False))
    if body.get("tagIds"):
        tagged = session.connections.tagged(body["tagIds"])
        ids = [connection_id for connection_id in ids if connection_id in tagged]
    return session.connections.whole(page(ids, **bounds(body, call.world.profile.default_page_size)))


def search(_: Call) -> Json:
    """Nothing, whatever there is: see the search of sources."""
    return {"connections": []}


def list_by_actor_definition(call: Call) -> Json:
    session = call.session
    found: dict[str, Connection] = {}
    for actor in session.actors.of_definition(call.body["actorDefinitionId"]):
        found |= {connection.id: connection for connection in session.connections.of_actor(actor.id)}
    return _listed(session, found.values())


def delete(call: Call) -> None:
    """Twice is as good as once."""
    deprecate(call.world, call.session, call.session.connections.find(call.body["connectionId"]))


def deprecate(world: World, session: Session, connection: Connection) -> None:
    """Its jobs end with it."""
    stop_jobs_of(world, session, connection.id)
    session.connections.save(replace(connection, status="deprecated"))


def _listed(session: Session, rows: Iterable[Connection]) -> Json:
    return {"connections": [connection_read(session, connection) for connection in rows]}


def _said(session: Session, workspace_id: str, body: Json) -> Json:
    """The details that a request sets."""
    said = bean(**{name: body.get(name) for name in PLAIN})
    if "sourceCatalogId" in said and session.catalogs.get(said["sourceCatalogId"]) is None:
        raise database_refused()  # a foreign key of the vendor's database
    if "operationIds" in body:
        operations = [session.operations.get(operation_id) for operation_id in body["operationIds"]]
        if any(operation is None or operation.workspace_id != workspace_id for operation in operations):
            raise Broken(message="IllegalArgumentException: operation of another workspace")
        said["operationIds"] = body["operationIds"]
    if "tags" in body:
        known = {tag.id for tag in session.tags.of_workspace(workspace_id)}
        said["tagIds"] = [tag["tagId"] for tag in body["tags"] if tag["tagId"] in known]  # others: silently ignored
    return said


def connection_read(session: Session, connection: Connection) -> Json:
    """Only selected streams: the others are not kept."""
    details = connection.details
    return form(
        "connection",
        **shared_properties(session, connection),
        syncCatalog={"streams": [entry_read(entry["stream"], entry["config"]) for entry in details["streams"]]},
        sourceCatalogId=details.get("sourceCatalogId"),
        breakingChange=details.get("breakingChange", False),
        created_at=connection.created_at,
        onDemandEnabled=False,
    )


def shared_properties(session: Session, connection: Connection) -> Json:
    """What both forms of an answer call by the same names."""
    details = connection.details
    return bean(
        connectionId=connection.id,
        name=connection.name,
        **{name: details.get(name, default) for name, default in SHOWN.items()},
        sourceId=connection.source_id,
        destinationId=connection.destination_id,
        operationIds=details.get("operationIds", []),
        schedule=legacy_schedule(details),
        scheduleType=details["scheduleType"],
        scheduleData=details.get("scheduleData"),
        status=None if details.get("unstated") else connection.status,
        tags=tags_of(session, connection),
    )


def tags_of(session: Session, connection: Connection) -> list[Json]:
    tags = (session.tags.get(tag_id) for tag_id in connection.details.get("tagIds", []))
    return [tag_read(tag) for tag in tags if tag is not None]  # a deleted tag is gone from its connections


def tag_read(tag: Tag) -> Json:
    return {"tagId": tag.id, "workspaceId": tag.workspace_id, "name": tag.name, "color": tag.color}


def schema_change(session: Session, connection: Connection) -> str:
    if connection.details.get("breakingChange"):
        return "breaking"
    mine = connection.details.get("sourceCatalogId")
    newest = session.catalogs.newest(connection.source_id)
    return "non_breaking" if mine and newest and newest[0] != mine else "no_change"


def configured_streams(catalog: Json, before: Sequence[Json] = ()) -> list[Json]:
    """The selected streams of *catalog* as the connection keeps them, which had those *before*."""
    mappers = {key_of(entry["stream"]): entry["config"]["mappers"] for entry in before}
    entries: list[Json] = catalog.get("streams", [])
    for entry in entries:
        if "stream" not in entry or "config" not in entry:
            raise Broken(message="NullPointerException: stream or config")
    keys = [key_of(entry["stream"]) for entry in entries]
    if len(set(keys)) < len(keys):
        raise Broken(message="IllegalArgumentException: duplicate stream")
    if any("selected" not in entry["config"] for entry in entries):
        raise Broken(message="NullPointerException: config.selected")
    kept = [
        _kept(entry, mappers.get(key_of(entry["stream"]), [])) for entry in entries if entry["config"]["selected"]
    ]
    fields = sum(len(entry["stream"]["jsonSchema"].get("properties") or {}) for entry in kept)
    if fields > MAX_FIELDS:
        message = f"A connection can contain at most {MAX_FIELDS} fields in total. This one has {fields}."
        raise Known(status=400, message=message)
    return kept


def _kept(entry: Json, mappers: Sequence[Json]) -> Json:
    """The schema of a selection of fields is cut to them: the whole one is in the discovered catalog alone."""
    stream: Json = entry["stream"]
    config: Json = entry["config"]
    lists: Json = {"supportedSyncModes": [], "defaultCursorField": [], "sourceDefinedPrimaryKey": []}
    selected, mapped = _field_selection(stream, config), with_keys(config.get("mappers", []), mappers)
    if selected:
        names = {field["fieldPath"][0] for field in selected if field.get("fieldPath")}
        schema: Json = stream.get("jsonSchema", {})
        columns: Json = schema.get("properties") or {}
        properties = {name: column for name, column in columns.items() if name in names}
        stream = {**stream, "jsonSchema": {**schema, "properties": properties}}
    check_mappers(stream, mapped)
    return {
        "stream": {"jsonSchema": {}, **lists, **stream},
        "config": {
            "cursorField": [],
            "primaryKey": [],
            "hashedFields": [],
            "includeFiles": False,
            **config,
            "aliasName": re.sub(r"[^A-Za-z0-9_]", "_", stream["name"]),
            "fieldSelectionEnabled": bool(selected),
            "selectedFields": selected,
            "mappers": [{"id": new_id(), **mapper} for mapper in mapped],
        },
    }


def _field_selection(stream: Json, config: Json) -> list[Json]:
    """The selected fields; none where selection is off, or where all are selected (which is the same)."""
    if not config.get("fieldSelectionEnabled"):
        return []
    if "selectedFields" not in config:
        raise configuration_invalid("Requested field selection but no selected fields provided")
    selected: list[Json] = config["selectedFields"]
    names = {field["fieldPath"][0] for field in selected if field.get("fieldPath")}
    cursor: list[str] = config.get("cursorField", [])
    if config["syncMode"] == "incremental" and cursor and cursor[0] not in names:
        raise configuration_invalid("Cursor field cannot be de-selected in INCREMENTAL syncs")
    keys = {path[0] for path in config.get("primaryKey", []) if path}
    if config["destinationSyncMode"].endswith("_dedup") and keys - names:
        raise configuration_invalid("Primary key field cannot be de-selected in DEDUP mode")
    properties = stream.get("jsonSchema", {}).get("properties")
    return [] if is_object(properties) and set(properties) == names else selected
