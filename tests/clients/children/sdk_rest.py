"""Everything else the SDK has words for here: workspaces, definitions, tags, pages, and what is refused."""

from collections.abc import Callable
from typing import Any

from airbyte_api import AirbyteAPI, api, errors, models
from sdk_actors import LOGIN
from sdk_connections import ends

NOBODY = "99999999-9999-4999-8999-999999999999"
PAGE = 10


def workspaces(sdk: AirbyteAPI, workspace: str) -> dict[str, Any]:
    room = sdk.workspaces
    made = room.create_workspace(request=models.WorkspaceCreateRequest(name="team")).workspace_response.workspace_id
    between = workspace_names(sdk)
    renamed = models.WorkspaceUpdateRequest(name="the team")
    asked = {"workspace_id": made}
    room.update_workspace(request=api.UpdateWorkspaceRequest(**asked, workspace_update_request=renamed))
    got = room.get_workspace(request=asked).workspace_response
    gone = room.delete_workspace(request=asked).status_code
    return {
        "listed": [between, workspace_names(sdk)],
        "got": [got.name, got.notifications.failure.email.enabled],
        "deleted": gone,
        "first": room.get_workspace(request={"workspace_id": workspace}).workspace_response.name,
    }


def workspace_names(sdk: AirbyteAPI) -> list[str]:
    return sorted(each.name for each in sdk.workspaces.list_workspaces(request={}).workspaces_response.data)


def refusals(sdk: AirbyteAPI, workspace: str) -> dict[str, Any]:
    source, destination = ends(sdk, workspace)
    unfit = models.SourcePostgres(database="shop", host="db", username="me", port=99999999)
    create = models.SourceCreateRequest(name="unfit", workspace_id=workspace, configuration=unfit)
    stream = models.StreamConfiguration(name="nothing")
    streams = models.StreamConfigurations(streams=[stream])
    connect = models.ConnectionCreateRequest(source_id=source, destination_id=destination, configurations=streams)
    return {
        "unknown": refused(lambda: sdk.sources.get_source(request={"source_id": NOBODY})),
        "unfit": refused(lambda: sdk.sources.create_source(request=create)),
        "stream": refused(lambda: sdk.connections.create_connection(request=connect)),
    }


def refused(ask: Callable[[], Any]) -> list[Any]:
    try:
        ask()
    except errors.AirbyteAPIError as error:
        return [type(error).__name__, error.status_code, str(error)]
    return ["accepted"]


def coordinates(sdk: AirbyteAPI, workspace: str) -> str:
    configuration = models.SourcePostgres(database="shop", **LOGIN)
    create = models.SourceCreateRequest(name="shop", workspace_id=workspace, configuration=configuration)
    made = sdk.sources.create_source(request=create).source_response.source_id
    asked = api.GetSourceRequest(source_id=made, include_secret_coordinates=True)
    return sdk.sources.get_source(request=asked).source_response.configuration.password


def definitions(sdk: AirbyteAPI, workspace: str) -> dict[str, Any]:
    room = sdk.source_definitions
    wanted = models.CreateDefinitionRequest(
        name="Ours", docker_repository="acme/source-ours", docker_image_tag="1.0.0", documentation_url=None
    )
    asked = api.CreateSourceDefinitionRequest(workspace_id=workspace, create_definition_request=wanted)
    made = room.create_source_definition(request=asked).definition_response
    found = room.list_source_definitions(request={"workspace_id": workspace}).definitions_response.data
    into = sdk.destination_definitions.list_destination_definitions(request={"workspace_id": workspace})
    gone = room.delete_source_definition(request={"workspace_id": workspace, "definition_id": made.id})
    return {
        "made": [made.name, made.docker_image_tag],
        "listed": [each.name for each in found],
        "destinations": [each.name for each in into.definitions_response.data],
        "deleted": [gone.status_code, gone.definition_response.id == made.id],
    }


def low_code(sdk: AirbyteAPI, workspace: str) -> dict[str, Any]:
    room = sdk.declarative_source_definitions
    asked = {"workspace_id": workspace}
    create = models.CreateDeclarativeSourceDefinitionRequest(name="Ours", manifest=manifest("a"))
    made = room.create_declarative_source_definition(
        request=api.CreateDeclarativeSourceDefinitionRequest(
            **asked, create_declarative_source_definition_request=create
        )
    ).declarative_source_definition_response
    asked["definition_id"] = made.id
    update = models.UpdateDeclarativeSourceDefinitionRequest(manifest=manifest("b"))
    changed = room.update_declarative_source_definition(
        request=api.UpdateDeclarativeSourceDefinitionRequest(
            **asked, update_declarative_source_definition_request=update
        )
    ).declarative_source_definition_response
    got = room.get_declarative_source_definition(request=asked).declarative_source_definition_response
    gone = room.delete_declarative_source_definition(request=asked).status_code
    return {"versions": [made.version, changed.version], "got": got.manifest == manifest("b"), "deleted": gone}


def manifest(property_name: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {property_name: {"type": "string"}}}
    return {"version": "4.3.0", "type": "DeclarativeSource", "spec": {"connection_specification": schema}}


def pages(sdk: AirbyteAPI, workspace: str) -> list[str]:
    found: list[str] = []
    while True:
        asked = api.ListSourcesRequest(workspace_ids=[workspace], limit=PAGE, offset=len(found))
        page = sdk.sources.list_sources(request=asked).sources_response
        found += [each.name for each in page.data]
        if not page.next:
            return found


def tags(sdk: AirbyteAPI, workspace: str) -> dict[str, Any]:
    create = models.TagCreateRequest(name="gold", color="FFD700", workspace_id=workspace)
    made = sdk.tags.create_tag(request=create).tag_response
    again = refused(lambda: sdk.tags.create_tag(request=create))
    asked = {"tag_id": made.tag_id}
    patch = models.TagPatchRequest(name="silver", color="C0C0C0")
    sdk.tags.update_tag(request=api.UpdateTagRequest(**asked, tag_patch_request=patch))
    source, destination = ends(sdk, workspace)
    worn = models.Tag(tag_id=made.tag_id, workspace_id=workspace, name="silver", color="C0C0C0")
    connect = models.ConnectionCreateRequest(source_id=source, destination_id=destination, tags=[worn])
    tagged = sdk.connections.create_connection(request=connect).connection_response
    listed = sdk.tags.list_tags(request={"workspace_ids": [workspace]}).tags_response.data
    gone = sdk.tags.delete_tag(request=asked).status_code
    return {
        "again": again,
        "listed": [each.name for each in listed],
        "worn": [tag.name for tag in tagged.tags],
        "deleted": gone,
    }
