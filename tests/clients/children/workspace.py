"""Dagster's `AirbyteWorkspace` and `AirbyteCloudWorkspace`: what they make of a workspace, as asset specs."""

import json
import sys
from typing import Any

import loopback  # noqa: F401 - before the client
from dagster import AssetSpec
from dagster_airbyte import build_airbyte_assets_definitions, load_airbyte_asset_specs
from outcomes import plain
from ways import WORKSPACES, Workspace


def specs(workspace: Workspace) -> dict[str, Any]:
    return {spec.key.to_user_string(): shown(spec) for spec in load_airbyte_asset_specs(workspace)}


def shown(spec: AssetSpec) -> dict[str, Any]:
    known = plain(spec.metadata)
    return {
        "table": known.get("dagster/table_name"),
        "connection": known["dagster-airbyte/connection_name"],
        "kinds": sorted(spec.kinds),
        "columns": known["dagster/column_schema"],
    }


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
        "destinations": [client.get_destination_details(end)["destinationType"] for end in ends],
    }


way = json.load(sys.stdin)
kind, *questions = sys.argv[1:]
asked = {"specs": specs, "definitions": definitions, "public": public}
workspace = WORKSPACES[kind](way)
json.dump({name: asked[name](workspace) for name in questions}, sys.stdout)
