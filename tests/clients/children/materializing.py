"""Dagster's `AirbyteWorkspace` and `AirbyteCloudWorkspace` at work: assets of theirs, materialised in a run."""

import json
import sys
from collections.abc import Mapping
from typing import Any

import loopback  # noqa: F401 - before the client
from dagster import AssetExecutionContext, AssetsDefinition, materialize
from dagster_airbyte import airbyte_assets, build_airbyte_assets_definitions
from dagster_airbyte.resources import BaseAirbyteWorkspace
from outcomes import plain, told
from ways import WORKSPACES, Workspace


def decorated(workspace: Workspace, connection: str) -> list[AssetsDefinition]:
    @airbyte_assets(connection_id=connection, workspace=workspace, name="moved", group_name="lake")
    def moved(context: AssetExecutionContext, airbyte: BaseAirbyteWorkspace):
        yield from airbyte.sync_and_poll(context=context)

    return [moved]


def built(workspace: Workspace, connection: str) -> list[AssetsDefinition]:
    return list(
        build_airbyte_assets_definitions(
            workspace=workspace, connection_selector_fn=lambda each: each.id == connection
        )
    )


def known(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """All but the translator, which only Dagster can read."""
    return {name: value for name, value in plain(metadata).items() if not name.endswith("translator")}


way = json.load(sys.stdin)
kind, making, connection, options = sys.argv[1:]
workspace = WORKSPACES[kind](way, **json.loads(options))
assets = {"decorated": decorated, "built": built}[making](workspace, connection)
ran = materialize(assets, resources={"airbyte": workspace}, raise_on_error=False)
json.dump(told(ran, known), sys.stdout)
