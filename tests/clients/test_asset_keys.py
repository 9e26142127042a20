"""Assets that Dagster's own dagster-airbyte has had keep their keys, and are built where it cannot build them."""

from __future__ import annotations

import json

import dagster as dg
import pytest
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteInstance,
    AirbyteSource,
    AirbyteSyncMode,
    build_connection_assets,
    load_assets_from_connections,
)

from .conftest import CHILDREN, Client

MODE = AirbyteSyncMode.full_refresh_overwrite()
NOWHERE = AirbyteInstance(url="http://127.0.0.1:9")
SOURCE, DESTINATION = AirbyteSource("s", "Postgres", {}), AirbyteDestination("d", "Postgres", {})
CONNECTIONS = {
    "plain": (None, ["orders", "people"]),
    "Shop to Lake": ("raw_", ["orders", "Order Lines"]),
    "shop -> lake (EU)": ("EU-", ["orders-2024", "a.b", "a/b", "a b"]),
    "Größe/注文 → 湖": ("préfixe ", ["注文", "Ünïcode", "naïve table", "🙂"]),
    "UPPER_Case": ("", ["UPPER", "camelCase", "snake_case", "1st", "config", "type"]),
}
UNBUILT = {"Shop to Lake", "shop -> lake (EU)", "Größe/注文 → 湖", "UPPER_Case"}
"""Where a name is none of Python's, or one that Dagster keeps."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def declared(name: str) -> AirbyteConnection:
    """With a namespace beside each name, which moves no key."""
    prefix, streams = CONNECTIONS[name]
    config = {("eu", stream): MODE for stream in streams}
    return AirbyteConnection(name, SOURCE, DESTINATION, config, prefix=prefix, destination_namespace="x")


def test_keys_and_groups_are_those_of_dagsters_own(dagster: Client):
    told = [{"name": name, "prefix": prefix, "streams": of} for name, (prefix, of) in CONNECTIONS.items()]
    done = dagster.run(str(CHILDREN / "asset_keys.py"), told=json.dumps(told), PYTHONWARNINGS="ignore")
    assert done.returncode == 0, done.stderr
    for name, theirs in zip(CONNECTIONS, json.loads(done.stdout), strict=True):
        (definition,) = build_connection_assets(NOWHERE, [declared(name)])
        (by_their_name,) = load_assets_from_connections(NOWHERE, [declared(name)])
        for ours in (definition, by_their_name):
            assert [list(spec.key.path) for spec in ours.specs] == theirs["keys"]
            assert {spec.group_name for spec in ours.specs} == {theirs["group"]}
        dg.Definitions(assets=[definition]).get_repository_def()
        assert theirs["builds"] == (name not in UNBUILT), name
