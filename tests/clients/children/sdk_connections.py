"""Connections, from the streams of a source to their deletion."""

from typing import Any

from airbyte_api import AirbyteAPI, api, models
from sdk_actors import LOGIN, read

MODES = models.ConnectionSyncModeEnum


def connections(sdk: AirbyteAPI, workspace: str) -> dict[str, Any]:
    room = sdk.connections
    source, destination = ends(sdk, workspace)
    streams = sdk.streams.get_stream_properties(request={"source_id": source, "destination_id": destination})
    made = room.create_connection(request=wanted(source, destination)).connection_response
    asked = {"connection_id": made.connection_id}
    before = connection_names(sdk, workspace)
    patch = api.PatchConnectionRequest(**asked, connection_patch_request=changes())
    patched = room.patch_connection(request=patch).connection_response
    got = room.get_connection(request=asked).connection_response
    gone = room.delete_connection(request=asked).status_code
    return {
        "streams": [shown_stream(each) for each in streams.stream_properties_response],
        "created": shown(made),
        "patched": shown(patched),
        "got the same": got == patched,
        "listed": [before, connection_names(sdk, workspace)],
        "deleted": gone,
    }


def ends(sdk: AirbyteAPI, workspace: str) -> tuple[str, str]:
    new = {"workspace_id": workspace, "name": "an end"}
    source = models.SourceCreateRequest(**new, configuration=models.SourceFaker(count=3))
    lake = models.DestinationPostgres(database="lake", **LOGIN)
    destination = models.DestinationCreateRequest(**new, configuration=lake)
    made = read(lambda: sdk.destinations.create_destination(request=destination))
    return sdk.sources.create_source(request=source).source_response.source_id, made["destinationId"]


def wanted(source: str, destination: str) -> models.ConnectionCreateRequest:
    users = models.StreamConfiguration(name="users", sync_mode=MODES.INCREMENTAL_DEDUPED_HISTORY)
    chosen = [models.SelectedFieldInfo(field_path=[each]) for each in ("id", "make")]
    products = models.StreamConfiguration(
        name="products", sync_mode=MODES.FULL_REFRESH_OVERWRITE, selected_fields=chosen
    )
    daily = models.AirbyteAPIConnectionSchedule(
        schedule_type=models.ScheduleTypeEnum.CRON, cron_expression="0 0 6 * * ?"
    )
    return models.ConnectionCreateRequest(
        source_id=source,
        destination_id=destination,
        name="numbers to lake",
        prefix="raw_",
        namespace_definition=models.NamespaceDefinitionEnum.CUSTOM_FORMAT,
        namespace_format="lake_${SOURCE_NAMESPACE}",
        configurations=models.StreamConfigurations(streams=[users, products]),
        schedule=daily,
    )


def changes() -> models.ConnectionPatchRequest:
    purchases = models.StreamConfiguration(name="purchases", sync_mode=MODES.INCREMENTAL_APPEND)
    manual = models.AirbyteAPIConnectionSchedule(schedule_type=models.ScheduleTypeEnum.MANUAL)
    return models.ConnectionPatchRequest(
        name="purchases to lake",
        status=models.ConnectionStatusEnum.INACTIVE,
        configurations=models.StreamConfigurations(streams=[purchases]),
        schedule=manual,
        non_breaking_schema_updates_behavior=models.NonBreakingSchemaUpdatesBehaviorEnumNoDefault.PROPAGATE_COLUMNS,
    )


def connection_names(sdk: AirbyteAPI, workspace: str) -> list[str]:
    asked = api.ListConnectionsRequest(workspace_ids=[workspace])
    return [each.name for each in sdk.connections.list_connections(request=asked).connections_response.data]


def shown_stream(stream: models.StreamProperties) -> list[Any]:
    return [
        stream.stream_name,
        stream.source_defined_primary_key,
        next(mode for mode in stream.sync_modes if mode == "full_refresh_overwrite"),  # in no order
    ]


def shown(connection: models.ConnectionResponse) -> dict[str, Any]:
    said = connection.model_dump(mode="json", by_alias=True)
    streams = {
        stream["name"]: [stream["syncMode"], *(field["fieldPath"][0] for field in stream["selectedFields"])]
        for stream in said["configurations"]["streams"]
    }
    simple = ("name", "status", "prefix", "namespaceDefinition", "namespaceFormat", "tags")
    return {
        "streams": streams,
        "schedule": {key: value for key, value in said["schedule"].items() if value is not None},
        "updates": said["nonBreakingSchemaUpdatesBehavior"],
        **{name: said[name] for name in simple},
    }
