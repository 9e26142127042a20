"""Connections as answers show them."""

from __future__ import annotations

from airbyte_local.model.catalogs import entry_read
from airbyte_local.model.json_values import Json, bean, form
from airbyte_local.model.schedules import legacy_schedule
from airbyte_local.store import Connection, Session, Tag

DATAPLANE_GROUP = "7d0c3b52-64a1-4f0e-9a55-0d2f8a1c6e11"
"""The one dataplane group ("AUTO") of a self-managed instance; the id is ours."""


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
        workspaceId=connection.workspace_id,
    )


def shared_properties(session: Session, connection: Connection) -> Json:
    """What both forms of an answer call by the same names."""
    details = connection.details
    return bean(
        connectionId=connection.id,
        name=connection.name,
        namespaceDefinition=details["namespaceDefinition"],
        namespaceFormat=details.get("namespaceFormat"),
        prefix=details.get("prefix"),
        sourceId=connection.source_id,
        destinationId=connection.destination_id,
        operationIds=details.get("operationIds", []),
        schedule=legacy_schedule(details),
        scheduleType=details["scheduleType"],
        scheduleData=details.get("scheduleData"),
        status=connection.status,
        resourceRequirements=details.get("resourceRequirements"),
        destinationCatalogId=details.get("destinationCatalogId"),
        dataplaneGroupId=details.get("dataplaneGroupId", DATAPLANE_GROUP),
        notifySchemaChanges=details.get("notifySchemaChanges", False),
        notifySchemaChangesByEmail=details.get("notifySchemaChangesByEmail", False),
        nonBreakingChangesPreference=details.get("nonBreakingChangesPreference", "ignore"),
        backfillPreference=details.get("backfillPreference", "disabled"),
        tags=tags_of(session, connection),
    )


def tags_of(session: Session, connection: Connection) -> list[Json]:
    tags = (session.tags.get(each) for each in connection.details.get("tagIds", []))
    return [tag_read(tag) for tag in tags if tag is not None]  # a deleted tag is gone from its connections


def tag_read(tag: Tag) -> Json:
    return {"tagId": tag.id, "workspaceId": tag.workspace_id, "name": tag.name, "color": tag.color}


def schema_change(session: Session, connection: Connection) -> str:
    if connection.details.get("breakingChange"):
        return "breaking"
    mine = connection.details.get("sourceCatalogId")
    newest = session.catalogs.newest(connection.source_id)
    return "non_breaking" if mine and newest and newest[0] != mine else "no_change"
