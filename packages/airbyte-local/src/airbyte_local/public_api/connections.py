"""Connections: streams named, checked and turned into a catalog, which the shared handlers then keep.

Schedules are manual or cron in UTC; basic ones are shown, never taken.
"""

from __future__ import annotations

from airbyte_local.handlers import connections
from airbyte_local.jobs.world import Call, Errand, World
from airbyte_local.model.errors import Problem, Refusal, named_problem
from airbyte_local.model.json_values import Json, bean, form
from airbyte_local.model.records import Connection
from airbyte_local.model.schedules import reason_against
from airbyte_local.public_api.answers import bad_request, listed, pagination, problem, workspace_ids
from airbyte_local.public_api.streams import NAMES, chosen_catalog, default_catalog, destination_modes, discovered
from airbyte_local.store.database import Session
from airbyte_local.versions.profiles import Profile

QUARTZ_PAGE = "https://www.quartz-scheduler.org/documentation/quartz-2.3.0/tutorials/crontrigger.html"
NAMESPACES = {"source": "source", "destination": "destination", "custom_format": "customformat"}
SCHEMA_UPDATES = {
    "disable_connection": "disable",
    **{word: word for word in ("ignore", "propagate_columns", "propagate_fully")},
}
DEFAULTS: Json = {"status": "active", "namespaceDefinition": "destination", "prefix": ""}


def create(errand: Errand) -> Json:
    """In the vendor's order: schedule, destination, discovery of the source, streams; only then is it made."""
    world, body = errand.world, errand.body
    said = _said(world, body)
    modes = destination_modes(world, body["destinationId"])
    catalog, definition = discovered(world, body["sourceId"])
    given = body.get("configurations", {}).get("streams", [])
    streams, suggested = catalog.streams, definition.suggested_streams
    chosen = chosen_catalog(streams, given, modes) if given else default_catalog(streams, suggested)
    ends = {"sourceId": body["sourceId"], "destinationId": body["destinationId"]}
    made = {**DEFAULTS, **said, **ends, "syncCatalog": chosen, "sourceCatalogId": catalog.id}
    with world.store.transaction() as session:
        try:
            kept = connections.create_connection(Call(world=world, session=session, body=made))
            return _read(session, kept, world.profile)
        except Problem:
            raise
        except Refusal as refusal:
            raise problem("unexpected-problem") from refusal  # this one route has a mapping of its own


def patch(errand: Errand) -> Json:
    """A list of streams replaces the whole selection, and moves the connection to what was discovered."""
    world, body = errand.world, errand.body
    said = _said(world, body)
    with world.store.transaction() as session:
        connection = session.connections.find(body["connectionId"])
    if connection.status == "locked":
        raise named_problem(409, "connection/locked", "Connection is locked")
    modes = destination_modes(world, connection.destination_id)
    given = body.get("configurations", {}).get("streams", [])
    if given:
        catalog, _ = discovered(world, connection.source_id)
        said |= {"syncCatalog": chosen_catalog(catalog.streams, given, modes), "sourceCatalogId": catalog.id}
    changed = {**said, "connectionId": connection.id}
    with world.store.transaction() as session:
        return _read(session, connections.patch(Call(world=world, session=session, body=changed)), world.profile)


def get(call: Call) -> Json:
    return _read(call.session, call.session.connections.find(call.body["connectionId"]), call.world.profile)


def list_all(call: Call) -> Json:
    body = bean(
        workspaceIds=workspace_ids(call),
        pagination=pagination(call),
        includeDeleted=call.body.get("includeDeleted"),
        tagIds=call.body.get("tagIds"),
    )
    rows = connections.paginated(call.asking(body))
    return listed(call, "connections", [_read(call.session, row, call.world.profile) for row in rows])


def _read(session: Session, connection: Connection, profile: Profile) -> Json:
    read = connections.connection_read(session, connection)
    updates = {config: public for public, config in SCHEMA_UPDATES.items()}
    namespaces = {config: public for public, config in NAMESPACES.items()}
    return form(
        "public_connection",
        connectionId=read["connectionId"],
        name=read["name"],
        sourceId=read["sourceId"],
        destinationId=read["destinationId"],
        workspaceId=connection.workspace_id,
        status=read.get("status"),
        schedule=schedule_read(read),
        nonBreakingSchemaUpdatesBehavior=updates[read["nonBreakingChangesPreference"]],
        namespaceDefinition=namespaces[read["namespaceDefinition"]],
        namespaceFormat=read.get("namespaceFormat"),
        prefix=read.get("prefix", ""),
        dataResidency=read.get("geography"),
        configurations={"streams": [_stream_read(entry, profile) for entry in read["syncCatalog"]["streams"]]},
        createdAt=read["created_at"],
        tags=read["tags"],
    )


def _stream_read(entry: Json, profile: Profile) -> Json:
    """A pair of sync modes without a public name is shown without one; selectedFields are always there."""
    stream, config = entry["stream"], entry["config"]
    mode = NAMES.get((config["syncMode"], config["destinationSyncMode"]))
    return form(
        "public_stream_configuration",
        name=stream["name"],
        namespace=stream.get("namespace"),
        syncMode=mode if mode in profile.public_sync_modes else None,
        cursorField=config["cursorField"],
        primaryKey=config["primaryKey"],
        selectedFields=config["selectedFields"],
        mappers=config["mappers"],
        includeFiles=config.get("includeFiles"),
        destinationObjectName=config.get("destinationObjectName"),
    )


def _said(world: World, body: Json) -> Json:
    """What the request says, but for its ends and streams, in the words of the shared handlers."""
    return bean(
        name=body.get("name"),
        status=body.get("status"),
        namespaceDefinition=NAMESPACES.get(body.get("namespaceDefinition", "")),
        namespaceFormat=body.get("namespaceFormat"),
        prefix=body.get("prefix"),
        geography=body.get("dataResidency"),
        nonBreakingChangesPreference=SCHEMA_UPDATES.get(body.get("nonBreakingSchemaUpdatesBehavior", "")),
        tags=body.get("tags"),
        **schedule_from(body.get("schedule"), hourly=world.profile.is_cloud),
    )


def schedule_from(given: Json | None, *, hourly: bool) -> Json:
    """The shared handlers' `scheduleType` and `scheduleData`; empty where nothing was said.

    *hourly*: more often than once an hour is refused, as on Cloud.
    """
    if given is None:
        return {}
    if given["scheduleType"] == "manual":
        return {"scheduleType": "manual"}
    if not given.get("cronExpression"):
        raise bad_request("Missing cron expression in the schedule.")
    expression = given["cronExpression"].strip().removesuffix("UTC").strip()
    _check(expression, hourly=hourly)
    cron = {"cronExpression": expression, "cronTimeZone": "UTC"}
    return {"scheduleType": "cron", "scheduleData": {"cron": cron}}


def schedule_read(read: Json) -> Json:
    """Of a connection as the Config API shows it."""
    kind, data = read["scheduleType"], read.get("scheduleData", {})
    cron, basic = data.get("cron"), data.get("basicSchedule")
    return bean(
        scheduleType=kind,
        cronExpression=f"{cron['cronExpression']} {cron['cronTimeZone']}" if cron else None,
        basicTiming=f"Every {basic['units']} {basic['timeUnit'].upper()}" if basic else None,
    )


def _check(expression: str, *, hourly: bool) -> None:
    if reason := reason_against(expression):
        raise bad_request(
            f"The cron expression {expression} is not valid. Error: {reason}. "
            f"Please check the cron expression format at {QUARTZ_PAGE}"
        )
    parts = expression.split()
    if not all(part.isdigit() for part in (parts[:2] if len(parts) == 7 else parts[:1])):
        raise bad_request(
            f"The cron expression {expression} is not valid or is less than the one hour minimum. "
            "The seconds and minutes values cannot be `*`."
        )
    if hourly and not parts[1].isdigit():
        name, data = "cron-validation/under-one-hour-not-allowed", {"cronExpression": expression}
        raise named_problem(400, name, "The schedule runs more often than once an hour.", data)
