"""What each route of the Config API reads from its body, in the words of `bodies`."""

from __future__ import annotations

from airbyte_local.handlers.jobs import TIMES
from airbyte_local.handlers.operations import OPERATION, OPERATOR
from airbyte_local.handlers.states import STATE
from airbyte_local.handlers.workspaces import SETTINGS
from airbyte_local.http.bodies import Shape
from airbyte_local.model.catalogs import CATALOG
from airbyte_local.model.json_values import Form
from airbyte_local.model.schedules import SCHEDULE_DATA, UNITS
from airbyte_local.model.vocabulary import Vocabulary

PAGINATION: Shape = {"pageSize": "whole", "rowOffset": "whole"}
BY_WORKSPACE: Shape = {"workspaceId!": "uuid"}
BY_CONNECTION: Shape = {"connectionId!": "uuid"}
BY_OPERATION: Shape = {"operationId!": "uuid"}
BY_ORGANIZATION: Shape = {"organizationId!": "uuid"}
BY_SLUG: Shape = {"slug!": "text"}
BY_ACTOR_DEFINITION: Shape = {"actorDefinitionId!": "uuid", "actorType!": "source|destination"}
LISTING: Shape = {"pagination": PAGINATION, "nameContains": "text"}
BY_USER: Shape = {"userId!": "uuid"}
OF_USER: Shape = {**BY_USER, **LISTING}
OF_ORGANIZATION: Shape = {"organizationId!": "uuid", **LISTING}
OF_WORKSPACES: Shape = {
    "workspaceIds!": ["uuid"],
    "includeDeleted": "flag",
    "pagination!": PAGINATION,
    "nameContains": "text",
}
WORKSPACE_GET: Shape = {"workspaceId!": "uuid", "includeTombstone": "flag"}
WORKSPACE_CREATE: Shape = Form("workspace_create", {"name!": "text", "organizationId!": "uuid", **SETTINGS})
WORKSPACE_CREATE_WITH_ID: Shape = Form("workspace_create", {"id!": "uuid", **WORKSPACE_CREATE})
WORKSPACE_UPDATE: Shape = Form(
    "workspace_update", {"workspaceId!": "uuid", "name": "text", "initialSetupComplete": "flag", **SETTINGS}
)
WORKSPACE_UPDATE_NAME: Shape = {"workspaceId!": "uuid", "name!": "text"}
DEFINITIONS: Shape = Form(
    "definitions_of", {"workspaceId!": "uuid", "includeTombstone": "flag", "filterByUsed": "flag"}
)
DEFINITION_SCOPE: Shape = {
    "actorDefinitionId!": "uuid",
    "scopeId!": "uuid",
    "scopeType!": "workspace|organization",
}
DISCOVER: Shape = Form(
    "discover", {"sourceId!": "uuid", "connectionId": "uuid", "disable_cache": "flag", "priority": "text"}
)
SEARCH: Shape = {"name": "text"}  # and more, which comes to the same
STATUS = "active|inactive|deprecated"
TAG: Shape = {"tagId!": "uuid", "workspaceId!": "uuid", "name!": "text", "color!": "text"}
TAG_CREATE: Shape = {"workspaceId!": "uuid", "name!": "text", "color!": "text"}
TAG_UPDATE: Shape = TAG
TAG_DELETE: Shape = {"tagId!": "uuid", "workspaceId!": "uuid"}
RESOURCES: Shape = Form(
    "resources",
    {
        f"{what}_{bound}": "text"
        for what in ("cpu", "memory", "ephemeral_storage")
        for bound in ("request", "limit")
    },
)
BY_MANIFESTS: Shape = {"workspaceId!": "uuid", "sourceDefinitionId!": "uuid"}
MANIFEST_VERSION: Shape = {**BY_MANIFESTS, "version!": "whole"}
MANIFEST: Shape = {
    "version!": "whole",
    "description!": "text",
    "manifest!": "object",
    "spec!": {"documentationUrl": "text", "connectionSpecification": "object"},
}
MANIFEST_CREATE: Shape = Form(
    "manifest_create",
    {
        **BY_MANIFESTS,
        "setAsActiveManifest!": "flag",
        "declarativeManifest!": MANIFEST,
        "componentsFileContent": "text",
    },
)
PROJECT: Shape = Form(
    "project", {"name!": "text", "draftManifest": "object", "yamlManifest": "text", "componentsFileContent": "text"}
)
PROJECTS: Shape = {"workspaceId!": "uuid", "includeTombstone": "flag"}
PROJECT_CREATE: Shape = {"workspaceId!": "uuid", "builderProject!": PROJECT}
BY_PROJECT: Shape = {"workspaceId!": "uuid", "builderProjectId!": "uuid", "version": "whole"}
PROJECT_UPDATE: Shape = {"workspaceId!": "uuid", "builderProjectId!": "uuid", "builderProject!": PROJECT}
PROJECT_PUBLISH: Shape = Form(
    "project_publish",
    {
        "workspaceId!": "uuid",
        "builderProjectId!": "uuid",
        "name!": "text",
        "initialDeclarativeManifest!": MANIFEST,
        "componentsFileContent": "text",
    },
)
CONNECTION: Shape = {
    "name": "text",
    "namespaceDefinition": "source|destination|customformat",
    "namespaceFormat": "text",
    "prefix": "text",
    "operationIds": ["uuid"],
    "syncCatalog": CATALOG,
    "schedule": {"units!": "whole", "timeUnit!": UNITS},
    "scheduleType": "manual|basic|cron",
    "scheduleData": SCHEDULE_DATA,
    "resourceRequirements": RESOURCES,
    "sourceCatalogId": "uuid",
    "destinationCatalogId": "uuid",
    "dataplaneGroupId": "uuid",
    "notifySchemaChanges": "flag",
    "notifySchemaChangesByEmail": "flag",
    "nonBreakingChangesPreference": "ignore|disable|propagate_columns|propagate_fully",
    "backfillPreference": "enabled|disabled",
    "tags": [TAG],
}
CONNECTION_CREATE: Shape = Form(
    "connection_body", {"sourceId!": "uuid", "destinationId!": "uuid", "status": STATUS, **CONNECTION}
)
CONNECTION_UPDATE: Shape = Form(
    "connection_body", {"connectionId!": "uuid", "status": STATUS, "breakingChange": "flag", **CONNECTION}
)
CONNECTIONS_OF_WORKSPACES: Shape = Form(
    "connections_of",
    {
        "workspaceIds!": ["uuid"],
        "pagination": PAGINATION,
        "includeDeleted": "flag",
        "tagIds": ["uuid"],
    },
)
WEB_BACKEND_GET: Shape = {"connectionId!": "uuid", "withRefreshedCatalog": "flag"}
WEB_BACKEND_CREATE: Shape = Form(
    "web_connection_create",
    {
        "operations": [OPERATION],
        **{name: kind for name, kind in CONNECTION_CREATE.items() if name != "notifySchemaChangesByEmail"},
    },
)
WEB_BACKEND_UPDATE: Shape = Form(
    "web_connection_body",
    {
        "connectionId!": "uuid",
        "status": STATUS,
        "skipReset": "flag",
        "operations": [{"operationId": "uuid", **OPERATION}],
        **{name: kind for name, kind in CONNECTION.items() if name != "operationIds"},
    },
)
WEB_BACKEND_LIST: Shape = Form(
    "web_connections_of",
    {
        "workspaceId!": "uuid",
        "sourceId": ["uuid"],
        "destinationId": ["uuid"],
        "cursor": "uuid",
        "pageSize": "whole",
        "sortKey": (
            "connectionName_asc|connectionName_desc|sourceName_asc|sourceName_desc"
            "|destinationName_asc|destinationName_desc|lastSync_asc|lastSync_desc"
        ),
        "filters": {
            "sourceDefinitionIds": ["uuid"],
            "destinationDefinitionIds": ["uuid"],
            "statuses": ["healthy|failed|running|paused"],
            "states": ["active|inactive"],
            "tagIds": ["uuid"],
            "searchTerm": "text",
        },
    },
)
ACTORS_BY_CURSOR: Shape = Form(
    "actors_of",
    {
        "workspaceId!": "uuid",
        "cursor": "uuid",
        "pageSize": "whole",
        "sortKey": (
            "actorName_asc|actorName_desc|actorDefinitionName_asc|actorDefinitionName_desc|lastSync_asc|lastSync_desc"
        ),
        "filters": {"states": ["active|inactive"], "searchTerm": "text"},
    },
)
BY_JOB: Shape = {"id!": "whole"}
BY_CONNECTIONS: Shape = {"connectionIds!": ["uuid"]}
STREAM_NAME: Shape = {"streamName!": "text", "streamNamespace": "text"}
STREAMS_OF_CONNECTION: Shape = {"connectionId!": "uuid", "streams!": [STREAM_NAME]}
REFRESH: Shape = {"connectionId!": "uuid", "refreshMode!": "Truncate|Merge", "streams": [STREAM_NAME]}
JOB_TYPES = (
    "check_connection_source|check_connection_destination|discover_schema|get_spec"
    "|sync|reset_connection|refresh|clear"
)
JOBS_ANYWHERE: Shape = {
    "configTypes!": [JOB_TYPES],
    "configId": "text",
    "pagination": PAGINATION,
    "statuses": ["pending|running|incomplete|failed|succeeded|cancelled"],
    **dict.fromkeys(TIMES, "moment"),
    "orderByField": "createdAt|updatedAt",
    "orderByMethod": "ASC|DESC",
}
JOBS: Shape = Form("jobs_of", {"includingJobId": "whole", **JOBS_ANYWHERE})
JOBS_OF_WORKSPACES: Shape = Form("jobs_of", {"workspaceIds": ["uuid"], **JOBS_ANYWHERE})
CUSTOM_DEFINITION: Shape = {
    "name!": "text",
    "dockerRepository!": "text",
    "dockerImageTag!": "text",
    "documentationUrl!": "text",
    "icon": "text",
    "resourceRequirements": "object",
}
OPERATION_UPDATE: Shape = {"operationId!": "uuid", "name!": "text", "operatorConfiguration!": OPERATOR}
STATE_UPDATE: Shape = {"connectionId!": "uuid", "connectionState!": STATE}


class ActorBodies:
    """The bodies of sources, or of destinations."""

    def __init__(self, words: Vocabulary) -> None:
        an_id: Shape = {words.id: "uuid"}
        changes: Shape = {"resourceAllocation": "object"}
        if words.kind == "source":
            changes = {"secretId": "text", **changes}
        self.by_id: Shape = {f"{words.id}!": "uuid"}
        self.by_definition: Shape = {f"{words.definition_id}!": "uuid"}
        self.by_definition_and_workspace: Shape = {**self.by_definition, "workspaceId!": "uuid"}
        nameless: Shape = {"connectionConfiguration!": "tree", **changes}
        self.create: Shape = Form("actor_body", {**self.by_definition_and_workspace, "name": "text", **nameless})
        self.update: Shape = Form("actor_body", {**self.by_id, "name!": "text", **nameless})
        # The contract forgets to require the id of a destination here.
        partial_id = self.by_id if words.kind == "source" else an_id
        self.partial_update: Shape = Form(
            "actor_body", {**partial_id, "connectionConfiguration": "object", "name": "text", **changes}
        )
        changed: Shape = {"connectionConfiguration": "object", "name": "text"}
        self.clone: Shape = {f"{words.kind}CloneId!": "uuid", f"{words.kind}Configuration": changed}
        self.offered: Shape = {**self.by_definition_and_workspace, **an_id, "connectionConfiguration!": "object"}
        self.create_custom: Shape = {
            "workspaceId": "uuid",
            "scopeId": "uuid",
            "scopeType": "workspace|organization",
            f"{words.definition}!": CUSTOM_DEFINITION,
        }
        self.update_definition: Shape = Form(
            "definition_update",
            {
                **self.by_definition_and_workspace,
                "name": "text",
                "dockerImageTag!": "text",
                "resourceRequirements": "object",
            },
        )
