"""The connection endpoints made for the vendor's UI: all streams, both ends, cheap lists, and automatic resets."""

from __future__ import annotations

from collections.abc import Callable

from airbyte_local.connectors.definitions import ActorDefinition
from airbyte_local.handlers.actors import actor_read
from airbyte_local.handlers.connections import (
    DATAPLANE_GROUP,
    connection_read,
    create_connection,
    patch,
    schema_change,
    shared_properties,
    tags_of,
)
from airbyte_local.handlers.definitions import version_read
from airbyte_local.handlers.operations import operation_read, upsert_operation
from airbyte_local.handlers.workspaces import find_workspace
from airbyte_local.jobs.discovery import discover_source, judge
from airbyte_local.jobs.world import Call, Errand, World
from airbyte_local.model.catalogs import everything, key_of
from airbyte_local.model.json_values import Json, form
from airbyte_local.model.paging import page_after, page_size
from airbyte_local.model.records import Catalog, Connection, ConnectionLine, Job, JobLine
from airbyte_local.model.vocabulary import DESTINATION, SOURCE, Vocabulary
from airbyte_local.store.database import Session


def get(errand: Errand) -> Json:
    """`withRefreshedCatalog` runs a discovery, and may disable the connection."""
    world, body = errand.world, errand.body
    if not body.get("withRefreshedCatalog", False):
        with world.store.transaction() as session:
            return read(world, session, session.connections.find(body["connectionId"]))
    with world.store.transaction() as session:
        source_id = session.connections.find(body["connectionId"]).source_id
    found = discover_source(world, source_id, use_cache=False)
    with world.store.transaction() as session:
        if found.catalog is None:
            return read(world, session, session.connections.find(body["connectionId"]))
        connection, changes = judge(session, body["connectionId"], found.catalog)
        return read(world, session, connection, refreshed=found.catalog, catalogDiff=changes.read())


def create(call: Call) -> Json:
    operations = [upsert_operation(call.session, operation).id for operation in call.body.get("operations", [])]
    listed = [*call.body.get("operationIds", []), *operations]
    body = {**call.body, "operationIds": listed}
    made = create_connection(call.asking(body))
    shown = read(call.world, call.session, made)
    shown["syncCatalog"] = connection_read(call.session, made)["syncCatalog"]  # of the selected streams alone
    return shown


def update(call: Call) -> Json:
    """Streams whose modes, key, cursor or schema changed start afresh, unless `skipReset` says not to."""
    session, body = call.session, dict(call.body)
    before = session.connections.find(body["connectionId"])
    if "operations" in body:
        body["operationIds"] = [upsert_operation(session, operation).id for operation in body["operations"]]
    after = patch(Call(world=call.world, session=session, body=body))
    if "syncCatalog" in body and not body.get("skipReset", False):
        old, new = (
            {key_of(entry["stream"]): _essence(entry) for entry in connection.details["streams"]}
            for connection in (before, after)
        )
        changed = [key for key in {**old, **new} if old.get(key) != new.get(key)]
        session.states.forget(after.id, changed, new_generation=True, stale=True)
    return read(call.world, session, after)


def list_by_cursor(call: Call) -> Json:
    body, session = call.body, call.session
    find_workspace(session, body["workspaceId"])
    filters: Json = body.get("filters", {})
    tagged = session.connections.tagged(filters["tagIds"]) if filters.get("tagIds") else None
    ends = _Ends(call)
    rows = [
        line
        for line in session.connections.lines([body["workspaceId"]])
        if _wanted(line, body) and ends.match(line, filters) and (tagged is None or line.id in tagged)
    ]
    sort, _, direction = body.get("sortKey", "connectionName_asc").partition("_")
    rows.sort(key=ends.sorting(sort), reverse=direction == "desc")
    size = page_size(body, call.world.profile.cursor_page_size)
    shown = page_after(rows, cursor=body.get("cursor"), size=size, id_of=lambda c: c.id, not_found="STANDARD_SYNC")
    items = [ends.item(connection) for connection in session.connections.whole([line.id for line in shown])]
    return form("page", connections=items, page_size=size, num_connections=len(rows))


def status_counts(call: Call) -> Json:
    newest = call.session.jobs.newest()
    counts: Json = dict.fromkeys(("running", "healthy", "failed", "paused", "notSynced"), 0)
    for line in call.session.connections.lines([call.body["workspaceId"]]):
        job = newest.get(line.id)
        healths = {"succeeded": "healthy", "failed": "failed", "cancelled": "notSynced"}
        health = healths.get(job.status, "running") if job else "notSynced"
        counts["paused" if line.status == "inactive" else health] += 1
    return counts


def read(
    world: World, session: Session, connection: Connection, refreshed: Catalog | None = None, **more: Json
) -> Json:
    catalog_id = refreshed.id if refreshed else connection.details.get("sourceCatalogId")
    catalog = refreshed or (session.catalogs.get(catalog_id) if catalog_id else None)
    discovered = catalog.streams if catalog else []
    source, source_definition = _end(world, session, SOURCE, connection.source_id)
    destination, destination_definition = _end(world, session, DESTINATION, connection.destination_id)
    operations = [session.operations.get(id_) for id_ in connection.details.get("operationIds", [])]
    return form(
        "web_connection",
        **shared_properties(session, connection),
        syncCatalog=everything(connection.details["streams"], discovered, refreshed=refreshed is not None),
        source=source,
        destination=destination,
        operations=[operation_read(operation) for operation in operations if operation],
        **_latest(next(iter(session.jobs.latest(connection.id, most=1)), None)),
        catalogId=catalog_id,
        dataplaneGroupId=connection.details.get("dataplaneGroupId", DATAPLANE_GROUP),
        schemaChange=schema_change(session, connection),
        createdAt=connection.created_at,
        sourceActorDefinitionVersion=version_read(source_definition),
        destinationActorDefinitionVersion=version_read(destination_definition),
        **more,
    )


def _latest(job: Job | JobLine | None) -> Json:
    """What is shown of the newest job of a connection."""
    if job is None:
        return {"isSyncing": False}
    latest = {"latestSyncJobCreatedAt": job.created_at, "latestSyncJobStatus": job.status}
    return {"isSyncing": not job.ended, **latest}


def _end(world: World, session: Session, words: Vocabulary, actor_id: str) -> tuple[Json, ActorDefinition]:
    actor = session.actors.find(words, actor_id)
    definition = world.definitions(session, words.kind).get(actor.definition_id)
    return actor_read(words, actor, definition), definition


def _wanted(line: ConnectionLine, body: Json) -> bool:
    return (
        line.source_id in body.get("sourceId", [line.source_id])
        and line.destination_id in body.get("destinationId", [line.destination_id])
        and line.status in body.get("filters", {}).get("states", [line.status])
    )


class _Ends:
    """Both ends of every connection of a workspace, read once for one list."""

    def __init__(self, call: Call) -> None:
        self._session = session = call.session
        self._actors = {
            actor.id: actor
            for words in (SOURCE, DESTINATION)
            for actor in session.actors.lines(words.kind, [call.body["workspaceId"]], deleted=True)
        }
        self._jobs = session.jobs.newest()
        self._directories = {words.kind: call.definitions(words.kind) for words in (SOURCE, DESTINATION)}

    def match(self, line: ConnectionLine, filters: Json) -> bool:
        needle: str = filters.get("searchTerm", "").lower()
        source, destination = self._actors[line.source_id], self._actors[line.destination_id]
        texts = (line.name, source.name, destination.name)
        return (
            source.definition_id in filters.get("sourceDefinitionIds", [source.definition_id])
            and destination.definition_id in filters.get("destinationDefinitionIds", [destination.definition_id])
            and any(needle in text.lower() for text in texts)
        )

    def sorting(self, key: str) -> Callable[[ConnectionLine], tuple[str, str]]:
        end = {"sourceName": "source_id", "destinationName": "destination_id"}.get(key)
        return lambda line: ((self._actors[getattr(line, end)] if end else line).name.lower(), line.id)

    def item(self, connection: Connection) -> Json:
        """No catalog: this is the cheap listing."""
        return form(
            "web_connection_item",
            connectionId=connection.id,
            name=connection.name,
            scheduleType=connection.details["scheduleType"],
            scheduleData=connection.details.get("scheduleData"),
            status=connection.status,
            source=self._snippet(SOURCE, connection.source_id),
            destination=self._snippet(DESTINATION, connection.destination_id),
            **_latest(self._jobs.get(connection.id)),
            schemaChange=schema_change(self._session, connection),
            sourceActorDefinitionVersion=version_read(self._definition(SOURCE, connection.source_id)),
            destinationActorDefinitionVersion=version_read(
                self._definition(DESTINATION, connection.destination_id)
            ),
            tags=tags_of(self._session, connection),
        )

    def _definition(self, words: Vocabulary, actor_id: str) -> ActorDefinition:
        return self._directories[words.kind].get(self._actors[actor_id].definition_id)

    def _snippet(self, words: Vocabulary, actor_id: str) -> Json:
        definition = self._definition(words, actor_id)
        return {
            words.id: actor_id,
            "name": self._actors[actor_id].name,
            words.definition_id: definition.id,
            words.definition_name: definition.name,
        }


def _essence(entry: Json) -> tuple[object, ...]:
    """What, when it changes, makes the records already written useless."""
    config = entry["config"]
    modes = (config["syncMode"], config["destinationSyncMode"])
    return (*modes, config["cursorField"], config["primaryKey"], entry["stream"]["jsonSchema"])
