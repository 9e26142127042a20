"""Which properties came with which version, by the form of the object they are in: of answers and of requests."""

from __future__ import annotations

from collections.abc import Mapping

from airbyte_local.model.json_values import Json

Fields = Mapping[str, frozenset[str]]


def _fields(**forms: str) -> Fields:
    return {form: frozenset(names.split()) for form, names in forms.items()}


def together(*tables: Fields) -> Fields:
    """All properties of all *tables*: a version lacks what came with any later one."""
    found: dict[str, frozenset[str]] = {}
    for table in tables:
        for form, names in table.items():
            found[form] = found.get(form, frozenset()) | names
    return found


# What 1.7 and 1.8 brought; nobody here has met a 1.7.
CAME_WITH_1_8 = _fields(
    source="connectionJobStatuses numConnections",
    destination="connectionJobStatuses numConnections",
    page="page_size num_connections",
    stream="isFileBased",
    stream_config="destinationObjectName includeFiles namespace",
    connection="destinationCatalogId onDemandEnabled",
    web_connection="dataplaneGroupId destinationCatalogId",
    destination_definition="supportsDataActivation",
    actor_version="supportsDataActivation",
    public_stream="streamnamespace",
    public_stream_configuration="destinationObjectName includeFiles namespace",
    actors_of="cursor pageSize sortKey filters",
    web_connections_of="cursor pageSize sortKey filters",
    definitions_of="filterByUsed",
    definition_update="workspaceId",
    workspace_create="dataplaneGroupId",
    workspace_update="dataplaneGroupId",
    connection_body="destinationCatalogId dataplaneGroupId",
    web_connection_create="destinationCatalogId dataplaneGroupId",
    web_connection_body="destinationCatalogId dataplaneGroupId",
    coordinates="includeSecretCoordinates",
    stats="recordsRejected",
)
CAME_WITH_1_6 = _fields(
    builder_project="updatedAt componentsFileContent",
    project="componentsFileContent",
    project_publish="componentsFileContent",
    manifest_create="componentsFileContent",
    source="isEntitled resourceAllocation",
    destination="isEntitled resourceAllocation",
    source_definition="enterprise",
    destination_definition="enterprise",
    connection="dataplaneGroupId tags",
    workspace="dataplaneGroupId",
    public_source="resourceAllocation",
    public_destination="resourceAllocation",
    public_connection="tags",
    public_workspace="notifications",
    actor_body="resourceAllocation",
    workspace_update="name",
    connections_of="tagIds",
    connection_body="tags",
    public_connection_body="tags",
    public_workspace_create="notifications regionId",
    public_workspace_patch="notifications regionId",
)
CAME_WITH_1_5 = _fields(
    breaking_changes="deadlineAction",
    breaking_change="deadlineAction",
    project="yamlManifest",
    source="createdAt status",
    destination="createdAt status",
    stream="isResumable",
    stream_config="generationId hashedFields mappers minimumGenerationId syncId",
    web_connection="tags sourceActorDefinitionVersion destinationActorDefinitionVersion",
    web_connection_item="tags sourceActorDefinitionVersion destinationActorDefinitionVersion",
    instance="version auth airbyteUrl defaultOrganizationEmail",
    job="logType",
    job_row="refreshConfig",
    attempt_logs="logType",
    workspace="tombstone",
    webhook="customDbtHost",
    public_source="createdAt definitionId",
    public_destination="createdAt definitionId",
    public_connection="createdAt",
    public_stream_configuration="mappers selectedFields",
    resources="ephemeral_storage_limit ephemeral_storage_request",
    definition_update="name",
    discover="priority",
    web_connection_create="notifySchemaChanges tags",
    web_connection_body="tags",
    public_workspace_create="organizationId",
)


def _geography(connection: Json) -> str:
    return connection.get("geography", "auto")


# What was there, and went away with 1.7.
GEOGRAPHY: Mapping[str, Json] = {
    "workspace": {"defaultGeography": "auto"},
    "connection": {"geography": _geography},
    "web_connection": {"geography": _geography},
    "public_connection": {"dataResidency": "auto"},
}


def _normalization(definition: Json) -> Json:
    return {"supported": str(definition["dockerRepository"]).endswith("-postgres")}


OF_0_50: Mapping[str, Json] = {
    **GEOGRAPHY,
    "instance": {"webappUrl": "http://localhost:8000"},  # as its configuration has it, not as it is reached
    "organization": {"orgLevelBilling": False, "pba": False},
    "destination_definition": {
        "supportsDbt": False,
        "normalizationConfig": _normalization,
    },
}
# What a version says it also takes: clients send streams back as they came.
WORDS_OF_THE_FUTURE: Mapping[str, Mapping[str, list[str]]] = {
    "stream": {"supportedSyncModes": ["full_refresh|incremental|change_feed"]},
}
# A version that does not exist: words that no client can know, in every place where the vendor may add some.
OF_THE_FUTURE: Mapping[str, Json] = {
    "source": {"supportState": "sunsetting", "status": "warming", "quota": {"rows": 9}},
    "destination": {"supportState": "sunsetting", "status": "warming", "quota": {"rows": 9}},
    "source_definition": {
        "supportLevel": "platinum",
        "releaseStage": "epsilon",
        "sourceType": "stream",
        "origin": 9,
    },
    "destination_definition": {"supportLevel": "platinum", "releaseStage": "epsilon", "origin": 9},
    "specification": {"supportedDestinationSyncModes": ["merge_into"], "dialect": "9"},
    "actor_version": {"supportLevel": "platinum", "supportState": "sunsetting"},
    "stream": {"supportedSyncModes": ["change_feed"], "isVersioned": True},
    "stream_config": {"partitioning": {"by": "day"}},
    "connection": {"lineage": [], "backfillPreference": "weekly"},
    "web_connection": {"lineage": [], "backfillPreference": "weekly", "schemaChange": "reviewing"},
    "web_connection_item": {"lineage": [], "schemaChange": "reviewing"},
    "workspace": {"tier": "platinum"},
    "instance": {"edition": "galactic", "trackingStrategy": "sampled", "flags": {"fluid": True}},
    "job": {"logType": "binary", "lane": "fast"},
    "page": {"took_ms": 9},
    "public_source": {"lifecycle": "warming"},
    "public_destination": {"lifecycle": "warming"},
    "public_connection": {"lineage": []},
    "public_stream": {"syncModes": ["change_feed_merge"], "isVersioned": True},
    "public_stream_configuration": {"partitioning": {"by": "day"}},
    "public_workspace": {"dataResidency": "orbit", "tier": "platinum"},
    "public_definition": {"origin": 9},
}
