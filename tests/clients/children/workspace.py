"""Dagster's `AirbyteWorkspace` and `AirbyteCloudWorkspace`: what they make of a workspace, as asset specs."""

import json
import sys
from typing import Any

import loopback  # noqa: F401 - before the client
from dagster import AssetSpec
from dagster_airbyte import (
    AirbyteCloudWorkspace,
    AirbyteWorkspace,
    build_airbyte_assets_definitions,
    load_airbyte_asset_specs,
)

Workspace = AirbyteWorkspace | AirbyteCloudWorkspace


def self_managed(way: dict[str, Any]) -> AirbyteWorkspace:
    logins = {
        "none": {},
        "basic": {"username": way["username"], "password": way["password"]},
        "client": {"client_id": way["client_id"], "client_secret": way["client_secret"]},
    }
    return AirbyteWorkspace(
        rest_api_base_url=way["public_url"],
        configuration_api_base_url=f"{way['url']}/api/v1",
        workspace_id=way["workspace_id"],
        request_max_retries=0,
        **logins[way["auth"]],
    )


def cloud(way: dict[str, Any]) -> AirbyteCloudWorkspace:
    """Its two addresses are attributes of the class, and no configuration reaches them."""
    AirbyteCloudWorkspace.rest_api_base_url = way["public_url"]
    AirbyteCloudWorkspace.configuration_api_base_url = f"{way['url']}/api/v1"
    return AirbyteCloudWorkspace(
        workspace_id=way["workspace_id"],
        client_id=way["client_id"],
        client_secret=way["client_secret"],
        request_max_retries=0,
    )


def shown(spec: AssetSpec) -> dict[str, Any]:
    columns = spec.metadata["dagster/column_schema"].columns
    return {
        "table": spec.metadata.get("dagster/table_name"),
        "connection": spec.metadata["dagster-airbyte/connection_name"],
        "kinds": sorted(spec.kinds),
        "columns": {each.name: each.type for each in columns},
    }


def specs(workspace: Workspace) -> dict[str, Any]:
    return {spec.key.to_user_string(): shown(spec) for spec in load_airbyte_asset_specs(workspace)}


def definitions(workspace: Workspace) -> list[str]:
    made = build_airbyte_assets_definitions(workspace=workspace)
    return sorted(key.to_user_string() for each in made for key in each.keys)


def public(workspace: Workspace) -> dict[str, Any]:
    """What is asked of the Public API alone."""
    client = workspace.get_client()
    client.validate_workspace_id()
    found = client.get_connections()
    ends = {each["destinationId"] for each in found}
    return {
        "connections": [each["name"] for each in found],
        "destinations": [client.get_destination_details(each)["destinationType"] for each in ends],
    }


way = json.load(sys.stdin)
kind, *questions = sys.argv[1:]
asked = {"specs": specs, "definitions": definitions, "public": public}
workspace = {"self-managed": self_managed, "cloud": cloud}[kind](way)
json.dump({name: asked[name](workspace) for name in questions}, sys.stdout)
