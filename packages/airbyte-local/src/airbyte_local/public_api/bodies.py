"""What each route of the Public API reads from its body and its query, in the words of `bodies`."""

from __future__ import annotations

from airbyte_local.handlers.jobs import TIMES
from airbyte_local.http.bodies import Shape
from airbyte_local.model.catalogs import STREAM_CONFIG
from airbyte_local.model.json_values import Form
from airbyte_local.model.vocabulary import Vocabulary
from airbyte_local.public_api.streams import PAIRS
from airbyte_local.public_api.workspaces import EVENTS

PAGE: Shape = {"includeDeleted": "flag", "limit": "whole", "offset": "whole"}
OF_WORKSPACES: Shape = {"workspaceIds": ["uuid"], **PAGE}
CONNECTIONS: Shape = Form("connections_of", {**OF_WORKSPACES, "tagIds": ["uuid"]})
TAGS: Shape = {"workspaceIds": ["uuid"]}
COORDINATES: Shape = Form("coordinates", {"includeSecretCoordinates": "flag"})
STREAMS: Shape = Form("public_streams_of", {"sourceId!": "uuid", "destinationId": "uuid", "ignoreCache": "flag"})
JOB_TYPES = "sync|reset|clear|refresh"
JOBS: Shape = {
    "connectionId": "uuid",
    "jobType": JOB_TYPES,
    "workspaceIds": ["uuid"],
    "status": "pending|running|incomplete|failed|succeeded|cancelled",
    **dict.fromkeys(TIMES, "moment"),
    "orderBy": "text",
    "limit": "whole",
    "offset": "whole",
}
JOB_CREATE: Shape = Form("public_job_create", {"connectionId!": "uuid", "jobType!": JOB_TYPES})
CONNECTORS: Shape = {"type!": "source|destination", "workspaceId": "uuid"}
STREAM: Shape = Form(
    "public_stream_configuration",
    {
        "name!": "text",
        "namespace": "text",
        "syncMode": "|".join(PAIRS),
        "cursorField": ["text"],
        "primaryKey": [["text"]],
        "selectedFields": [{"fieldPath": ["text"]}],
        "mappers": STREAM_CONFIG["mappers"],
        "includeFiles": "flag",
        "destinationObjectName": "text",
    },
)
CONNECTION: Shape = Form(
    "public_connection_body",
    {
        "name": "text",
        "configurations": {"streams": [STREAM]},
        "schedule": {"scheduleType!": "manual|cron", "cronExpression": "text"},
        "dataResidency": "text",
        "namespaceDefinition": "source|destination|custom_format",
        "namespaceFormat": "text",
        "prefix": "text",
        "nonBreakingSchemaUpdatesBehavior": "ignore|disable_connection|propagate_columns|propagate_fully",
        "status": "active|inactive|deprecated",
        "tags": [{"tagId!": "uuid", "workspaceId!": "uuid", "name!": "text", "color!": "text"}],
    },
)
CONNECTION_CREATE: Shape = Form(
    "public_connection_body", {"sourceId!": "uuid", "destinationId!": "uuid", **CONNECTION}
)
NOTIFICATION: Shape = {"email": {"enabled": "flag"}, "webhook": {"enabled": "flag", "url": "text"}}
WORKSPACE: Shape = {"notifications": dict.fromkeys(EVENTS, NOTIFICATION), "regionId": "uuid"}
WORKSPACE_CREATE: Shape = Form("public_workspace_create", {"name!": "text", "organizationId": "uuid", **WORKSPACE})
WORKSPACE_PATCH: Shape = Form("public_workspace_patch", {"name": "text", **WORKSPACE})
TAG_PATCH: Shape = {"name!": "text", "color!": "text"}
TAG_CREATE: Shape = {**TAG_PATCH, "workspaceId!": "uuid"}
DEFINITION_CREATE: Shape = {
    "name!": "text",
    "dockerRepository!": "text",
    "dockerImageTag!": "text",
    "documentationUrl": "text",
}
DEFINITION_PUT: Shape = {"name!": "text", "dockerImageTag!": "text"}
DECLARATIVE_CREATE: Shape = {"name!": "text", "manifest!": "any"}
DECLARATIVE_PUT: Shape = {"manifest!": "any"}


class PublicActorBodies:
    """The bodies of sources, or of destinations."""

    def __init__(self, words: Vocabulary) -> None:
        resources: Shape = {"resourceAllocation": "object"}
        secret: Shape = {"secretId": "text"} if words.kind == "source" else {}
        workspace: Shape = {"workspaceId": "uuid"} if words.kind == "source" else {}  # accepted, never obeyed
        self.create: Shape = Form(
            "actor_body",
            {
                "name!": "text",
                "definitionId": "uuid",
                "workspaceId!": "uuid",
                "configuration!": "object",
                **secret,
                **resources,
            },
        )
        self.put: Shape = Form("actor_body", {"name!": "text", "configuration!": "object", **resources})
        self.patch: Shape = Form(
            "actor_body", {"name": "text", "configuration": "object", **workspace, **secret, **resources}
        )
