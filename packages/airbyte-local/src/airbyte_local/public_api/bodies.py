"""What each route of the Public API reads from its body and its query, in the words of `http.bodies`."""

from __future__ import annotations

from airbyte_local.handlers.jobs import TIMES
from airbyte_local.model.catalogs import FIELDS, STREAM_CONFIG
from airbyte_local.model.json_values import shape
from airbyte_local.model.vocabulary import Vocabulary
from airbyte_local.public_api.streams import PAIRS
from airbyte_local.public_api.workspaces import EVENTS

PAGE = "includeDeleted: flag, limit: whole, offset: whole"
OF_WORKSPACES = shape(f"workspaceIds: [uuid], {PAGE}")
CONNECTIONS = shape(f"workspaceIds: [uuid], tagIds: [uuid], {PAGE}", name="connections_of")
TAGS = shape("workspaceIds: [uuid]")
COORDINATES = shape("includeSecretCoordinates: flag", name="coordinates")
STREAMS = shape("sourceId!: uuid, destinationId: uuid, ignoreCache: flag", name="public_streams_of")
JOB_TYPES = "sync|reset|clear|refresh"
JOBS = shape(
    f"connectionId: uuid, jobType: {JOB_TYPES}, workspaceIds: [uuid], "
    "status: pending|running|incomplete|failed|succeeded|cancelled, orderBy: text, limit: whole, offset: whole",
    dict.fromkeys(TIMES, "moment"),
)
JOB_CREATE = shape(f"connectionId!: uuid, jobType!: {JOB_TYPES}", name="public_job_create")
CONNECTORS = shape("type!: source|destination, workspaceId: uuid")
STREAM = shape(
    f"name!: text, namespace: text, syncMode: {'|'.join(PAIRS)}, cursorField: [text], primaryKey: [[text]], "
    "includeFiles: flag, destinationObjectName: text",
    {"selectedFields": FIELDS, "mappers": STREAM_CONFIG["mappers"]},
    name="public_stream_configuration",
)
CONNECTION = shape(
    "name: text, namespaceDefinition: source|destination|custom_format, "
    "namespaceFormat: text, prefix: text, status: active|inactive|deprecated, "
    "nonBreakingSchemaUpdatesBehavior: ignore|disable_connection|propagate_columns|propagate_fully",
    {
        "configurations": {"streams": [STREAM]},
        "schedule": shape("scheduleType!: manual|cron, cronExpression: text"),
        "tags": [shape("tagId!: uuid, workspaceId!: uuid, name!: text, color!: text")],
    },
    name="public_connection_body",
)
CONNECTION_CREATE = shape("sourceId!: uuid, destinationId!: uuid", CONNECTION, name="public_connection_body")
NOTIFICATION = {"email": shape("enabled: flag"), "webhook": shape("enabled: flag, url: text")}
WORKSPACE = {"notifications": dict.fromkeys(EVENTS, NOTIFICATION), "regionId": "uuid"}
WORKSPACE_CREATE = shape("name!: text, organizationId: uuid", WORKSPACE, name="public_workspace_create")
WORKSPACE_PATCH = shape("name: text", WORKSPACE, name="public_workspace_patch")
TAG_PATCH = shape("name!: text, color!: text")
TAG_CREATE = shape("name!: text, color!: text, workspaceId!: uuid")
DEFINITION_CREATE = shape("name!: text, dockerRepository!: text, dockerImageTag!: text, documentationUrl: text")
DEFINITION_PUT = shape("name!: text, dockerImageTag!: text")
DECLARATIVE_CREATE = shape("name!: text, manifest!: any")
DECLARATIVE_PUT = shape("manifest!: any")


class PublicActorBodies:
    """The bodies of sources, or of destinations."""

    def __init__(self, words: Vocabulary) -> None:
        is_source = words.kind == "source"
        secret = "secretId: text, " if is_source else ""
        workspace = "workspaceId: uuid, " if is_source else ""  # accepted, never obeyed
        resources = "resourceAllocation: object"
        self.create = shape(
            f"name!: text, definitionId: uuid, workspaceId!: uuid, configuration!: object, {secret}{resources}",
            name="actor_body",
        )
        self.put = shape(f"name!: text, configuration!: object, {resources}", name="actor_body")
        self.patch = shape(f"name: text, configuration: object, {workspace}{secret}{resources}", name="actor_body")
