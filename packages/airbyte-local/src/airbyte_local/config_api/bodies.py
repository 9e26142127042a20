"""What each route of the Config API reads from its body, in the words of `http.bodies`."""

from __future__ import annotations

from airbyte_local.handlers.jobs import TIMES
from airbyte_local.handlers.operations import OPERATION, OPERATOR
from airbyte_local.handlers.states import STATE
from airbyte_local.handlers.workspaces import SETTINGS
from airbyte_local.model.catalogs import CATALOG
from airbyte_local.model.json_values import Form, shape
from airbyte_local.model.schedules import SCHEDULE_DATA, UNITS
from airbyte_local.model.vocabulary import Vocabulary

PAGINATION = shape("pageSize: whole, rowOffset: whole")
BY_WORKSPACE = shape("workspaceId!: uuid")
BY_CONNECTION = shape("connectionId!: uuid")
BY_OPERATION = shape("operationId!: uuid")
BY_ORGANIZATION = shape("organizationId!: uuid")
BY_SLUG = shape("slug!: text")
BY_ACTOR_DEFINITION = shape("actorDefinitionId!: uuid, actorType!: source|destination")
LISTING = {"pagination": PAGINATION, "nameContains": "text"}
BY_USER = shape("userId!: uuid")
OF_USER = {**BY_USER, **LISTING}
OF_ORGANIZATION = {**BY_ORGANIZATION, **LISTING}
OF_WORKSPACES = shape(
    "workspaceIds!: [uuid], includeDeleted: flag", {"pagination!": PAGINATION, "nameContains": "text"}
)
WORKSPACE_GET = shape("workspaceId!: uuid, includeTombstone: flag")
WORKSPACE_CREATE = shape("name!: text, organizationId!: uuid", SETTINGS, name="workspace_create")
WORKSPACE_CREATE_WITH_ID = shape("id!: uuid", WORKSPACE_CREATE, name="workspace_create")
WORKSPACE_UPDATE = shape(
    "workspaceId!: uuid, name: text, initialSetupComplete: flag", SETTINGS, name="workspace_update"
)
WORKSPACE_UPDATE_NAME = shape("workspaceId!: uuid, name!: text")
DEFINITIONS = shape("workspaceId!: uuid, includeTombstone: flag, filterByUsed: flag", name="definitions_of")
DEFINITION_SCOPE = shape("actorDefinitionId!: uuid, scopeId!: uuid, scopeType!: workspace|organization")
DISCOVER = shape("sourceId!: uuid, connectionId: uuid, disable_cache: flag, priority: text", name="discover")
SEARCH = shape("name: text")  # and more, which comes to the same
STATUS = "active|inactive|deprecated"
TAG = shape("tagId!: uuid, workspaceId!: uuid, name!: text, color!: text")
TAG_CREATE = shape("workspaceId!: uuid, name!: text, color!: text")
TAG_DELETE = shape("tagId!: uuid, workspaceId!: uuid")
RESOURCES = shape(
    "cpu_request: text, cpu_limit: text, memory_request: text, memory_limit: text, "
    "ephemeral_storage_request: text, ephemeral_storage_limit: text",
    name="resources",
)
BY_MANIFESTS = shape("workspaceId!: uuid, sourceDefinitionId!: uuid")
MANIFEST_VERSION = {**BY_MANIFESTS, "version!": "whole"}
MANIFEST = shape(
    "version!: whole, description!: text, manifest!: object",
    {"spec!": shape("documentationUrl: text, connectionSpecification: object")},
)
MANIFEST_CREATE = shape(
    "workspaceId!: uuid, sourceDefinitionId!: uuid, setAsActiveManifest!: flag",
    {"declarativeManifest!": MANIFEST, "componentsFileContent": "text"},
    name="manifest_create",
)
PROJECT = shape(
    "name!: text, draftManifest: object, yamlManifest: text, componentsFileContent: text", name="project"
)
PROJECTS = shape("workspaceId!: uuid, includeTombstone: flag")
PROJECT_CREATE = {**BY_WORKSPACE, "builderProject!": PROJECT}
BY_PROJECT = shape("workspaceId!: uuid, builderProjectId!: uuid, version: whole")
PROJECT_UPDATE = shape("workspaceId!: uuid, builderProjectId!: uuid", {"builderProject!": PROJECT})
PROJECT_PUBLISH = shape(
    "workspaceId!: uuid, builderProjectId!: uuid, name!: text",
    {"initialDeclarativeManifest!": MANIFEST, "componentsFileContent": "text"},
    name="project_publish",
)
CONNECTION = shape(
    "name: text, namespaceDefinition: source|destination|customformat, namespaceFormat: text, prefix: text, "
    "operationIds: [uuid], scheduleType: manual|basic|cron, sourceCatalogId: uuid, destinationCatalogId: uuid, "
    "dataplaneGroupId: uuid, notifySchemaChanges: flag, notifySchemaChangesByEmail: flag, "
    "nonBreakingChangesPreference: ignore|disable|propagate_columns|propagate_fully, "
    "backfillPreference: enabled|disabled",
    {
        "syncCatalog": CATALOG,
        "schedule": shape(f"units!: whole, timeUnit!: {UNITS}"),
        "scheduleData": SCHEDULE_DATA,
        "resourceRequirements": RESOURCES,
        "tags": [TAG],
    },
)
CONNECTION_CREATE = shape(
    f"sourceId!: uuid, destinationId!: uuid, status: {STATUS}", CONNECTION, name="connection_body"
)
CONNECTION_UPDATE = shape(
    f"connectionId!: uuid, status: {STATUS}, breakingChange: flag", CONNECTION, name="connection_body"
)
CONNECTIONS_OF_WORKSPACES = shape(
    "workspaceIds!: [uuid], includeDeleted: flag, tagIds: [uuid]", {"pagination": PAGINATION}, name="connections_of"
)
WEB_BACKEND_GET = shape("connectionId!: uuid, withRefreshedCatalog: flag")
WEB_BACKEND_CREATE = Form(
    "web_connection_create",
    {
        "operations": [OPERATION],
        **{name: kind for name, kind in CONNECTION_CREATE.items() if name != "notifySchemaChangesByEmail"},
    },
)
WEB_BACKEND_UPDATE = shape(
    f"connectionId!: uuid, status: {STATUS}, skipReset: flag",
    {
        "operations": [{"operationId": "uuid", **OPERATION}],
        **{name: kind for name, kind in CONNECTION.items() if name != "operationIds"},
    },
    name="web_connection_body",
)
WEB_BACKEND_LIST = shape(
    "workspaceId!: uuid, sourceId: [uuid], destinationId: [uuid], cursor: uuid, pageSize: whole, "
    "sortKey: connectionName_asc|connectionName_desc|sourceName_asc|sourceName_desc"
    "|destinationName_asc|destinationName_desc|lastSync_asc|lastSync_desc",
    {
        "filters": shape(
            "sourceDefinitionIds: [uuid], destinationDefinitionIds: [uuid], tagIds: [uuid], searchTerm: text, "
            "statuses: [healthy|failed|running|paused], states: [active|inactive]"
        )
    },
    name="web_connections_of",
)
ACTORS_BY_CURSOR = shape(
    "workspaceId!: uuid, cursor: uuid, pageSize: whole, sortKey: actorName_asc|actorName_desc"
    "|actorDefinitionName_asc|actorDefinitionName_desc|lastSync_asc|lastSync_desc",
    {"filters": shape("states: [active|inactive], searchTerm: text")},
    name="actors_of",
)
BY_JOB = shape("id!: whole")
BY_CONNECTIONS = shape("connectionIds!: [uuid]")
STREAMS = [shape("streamName!: text, streamNamespace: text")]
STREAMS_OF_CONNECTION = shape("connectionId!: uuid", {"streams!": STREAMS})
REFRESH = shape("connectionId!: uuid, refreshMode!: Truncate|Merge", {"streams": STREAMS})
JOB_TYPES = (
    "check_connection_source|check_connection_destination|discover_schema|get_spec"
    "|sync|reset_connection|refresh|clear"
)
JOBS_ANYWHERE = shape(
    f"configTypes!: [{JOB_TYPES}], configId: text, "
    "statuses: [pending|running|incomplete|failed|succeeded|cancelled], "
    "orderByField: createdAt|updatedAt, orderByMethod: ASC|DESC",
    {"pagination": PAGINATION, **dict.fromkeys(TIMES, "moment")},
)
JOBS = shape("includingJobId: whole", JOBS_ANYWHERE, name="jobs_of")
JOBS_OF_WORKSPACES = shape("workspaceIds: [uuid]", JOBS_ANYWHERE, name="jobs_of")
CUSTOM_DEFINITION = shape(
    "name!: text, dockerRepository!: text, dockerImageTag!: text, documentationUrl!: text, icon: text, "
    "resourceRequirements: object"
)
OPERATION_UPDATE = shape("operationId!: uuid, name!: text", {"operatorConfiguration!": OPERATOR})
STATE_UPDATE = shape("connectionId!: uuid", {"connectionState!": STATE})


class ActorBodies:
    """The bodies of sources, or of destinations."""

    def __init__(self, words: Vocabulary) -> None:
        changes = shape(
            "secretId: text, resourceAllocation: object" if words.kind == "source" else "resourceAllocation: object"
        )
        self.by_id = shape(f"{words.id}!: uuid")
        self.by_definition = shape(f"{words.definition_id}!: uuid")
        both = f"{words.definition_id}!: uuid, workspaceId!: uuid"
        self.by_definition_and_workspace = shape(both)
        self.create = shape(f"{both}, name: text, connectionConfiguration!: tree", changes, name="actor_body")
        self.update = shape(
            f"{words.id}!: uuid, name!: text, connectionConfiguration!: tree", changes, name="actor_body"
        )
        # The contract forgets to require the id of a destination here.
        partial_id = f"{words.id}!" if words.kind == "source" else words.id
        self.partial_update = shape(
            f"{partial_id}: uuid, connectionConfiguration: object, name: text", changes, name="actor_body"
        )
        changed = shape("connectionConfiguration: object, name: text")
        self.clone = shape(f"{words.kind}CloneId!: uuid", {f"{words.kind}Configuration": changed})
        self.offered = shape(f"{both}, {words.id}: uuid, connectionConfiguration!: object")
        self.create_custom = shape(
            "workspaceId: uuid, scopeId: uuid, scopeType: workspace|organization",
            {f"{words.definition}!": CUSTOM_DEFINITION},
        )
        self.update_definition = shape(
            f"{both}, name: text, dockerImageTag!: text, resourceRequirements: object", name="definition_update"
        )
