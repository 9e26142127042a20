"""Dagster's `AirbyteResource`, called as its ops, its assets and its reconciler call it; no sync is started."""

import json
import sys
from typing import Any

import loopback  # noqa: F401 - before the client
from dagster_airbyte import AirbyteResource, build_airbyte_assets, load_assets_from_airbyte_instance
from ways import legacy


def told(airbyte: AirbyteResource, source: str, connection: str) -> dict[str, Any]:
    workspace = airbyte.get_default_workspace()
    destination_type = airbyte.get_destination_definition_by_name("local json")
    schema = airbyte.get_source_schema(source)
    details = airbyte.get_connection_details(connection)
    cached = load_assets_from_airbyte_instance(airbyte)
    loaded = cached.build_definitions(cached.compute_cacheable_data())
    (built,) = build_airbyte_assets(connection, destination_tables=["users"])
    return {
        "workspace": workspace,
        "definitions": [airbyte.get_source_definition_by_name("Sample Data"), destination_type],
        "unknown": airbyte.get_source_definition_by_name("No such thing"),
        "streams": [stream["stream"]["name"] for stream in schema["catalog"]["streams"]],
        "catalog": airbyte.get_source_catalog_id(source) == schema["catalogId"],
        "normalization": airbyte.does_dest_support_normalization(destination_type, workspace),
        "connection": [details["name"], details["status"]],
        "assets": sorted(key.to_user_string() for each in loaded for key in each.keys),
        "built": [key.to_user_string() for key in built.keys],
    }


way = json.load(sys.stdin)
json.dump(told(legacy(way), *sys.argv[1:]), sys.stdout)
