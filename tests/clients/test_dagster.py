"""Dagster's own dagster-airbyte against the local Airbyte: legacy resource, reconciler and workspaces."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from airbyte_local import LocalAirbyte, server

from .conftest import CHILDREN, Client, ClientFailed, child_environment, way_into

EXAMPLE = Path(__file__).parents[2] / "examples" / "cereals"
SAMPLE_DATA = "dfd88b22-b603-4c3d-aad7-3701784586b1"
LOCAL_JSON = "a625d593-bba5-4a1c-a53d-2d246268a816"
LAKE = {"host": "db", "port": 5432, "database": "lake", "schema": "raw", "username": "me", "password": "hush"}
SEED = {
    "sources": [{"name": "numbers"}],
    "destinations": [{"name": "lake", "type": "Postgres", "configuration": LAKE}, {"name": "files"}],
    "connections": [
        {
            "name": "to lake",
            "source": "numbers",
            "destination": "lake",
            "streams": ["products"],
            "operationIds": [],
        },
        {"name": "to files", "source": "numbers", "destination": "files", "prefix": "raw_", "operationIds": []},
    ],
}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def cereals() -> Any:
    """An Airbyte of the reconciler's days, with the example's file."""
    with server(airbyte_version="1.5", auth="basic") as airbyte:
        airbyte.files.mkdir(parents=True, exist_ok=True)
        shutil.copy(EXAMPLE / "files" / "cereals.csv", airbyte.files)
        yield airbyte


def told(airbyte: LocalAirbyte) -> dict[str, str]:
    return {
        "AIRBYTE_PORT": str(airbyte.port),
        "AIRBYTE_PASSWORD": "password",
        "CEREALS_URL": f"{airbyte.url}/_local/files/cereals.csv",
    }


def theirs(dagster: Client, airbyte: LocalAirbyte, verb: str, **more: str) -> str:
    """What their command says, their module being `children/theirs.py`."""
    words = [str(CHILDREN / "command.py"), verb, "-m", "theirs:reconciler"]
    done = dagster.run(*words, **told(airbyte), **more)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("version", "auth"), [("0.50", "basic"), ("1.5", "none"), ("1.5", "basic"), ("1.6", "none")]
)
def test_the_legacy_resource_finds_all_it_asks_for(dagster, version, auth):
    with server(airbyte_version=version, auth=auth) as airbyte:
        ids = airbyte.seed(**SEED)
        seen = dagster.ask("legacy", way_into(airbyte, auth), ids["sources"][0], ids["connections"][0])
        assert seen == {
            "workspace": airbyte.workspace_id,
            "definitions": [SAMPLE_DATA, LOCAL_JSON],
            "unknown": None,
            "streams": ["users", "products", "purchases"],
            "catalog": True,
            "normalization": False,
            "connection": ["to lake", "active"],
            "assets": ["products", "raw_products", "raw_purchases", "raw_users"],
            "built": ["users"],
        }
        assert {request.status for request in airbyte.requests} == {200}


def test_from_1_7_on_the_legacy_resource_fails_at_its_first_request(dagster):
    with server(airbyte_version="1.8") as airbyte:
        with pytest.raises(ClientFailed, match=r"exceeded with url: .*/workspaces/list"):
            dagster.ask("legacy", way_into(airbyte, "none"), "any", "any")
        assert [(request.path, request.status) for request in airbyte.requests] == [
            ("/api/v1/workspaces/list", 404)
        ]


def test_their_reconciler_checks_applies_and_then_finds_no_difference(dagster, cereals):
    planned = theirs(dagster, cereals, "check")
    for line in ("+ cereals-csv:", "+ local-json:", "+ download-cereals:", "+ cereals:"):
        assert line in planned
    assert [request.path for request in cereals.requests if "create" in request.path] == []
    assert "Changes applied:" in theirs(dagster, cereals, "apply")
    assert "No diff found." in theirs(dagster, cereals, "check")
    (connection,) = [request for request in cereals.requests if request.path.endswith("/connections/create")]
    (stream,) = connection.response["syncCatalog"]["streams"]
    assert (stream["stream"]["name"], stream["config"]["destinationSyncMode"]) == ("cereals", "overwrite")
    assert {request.status for request in cereals.requests} == {200}


def test_their_reconciler_changes_what_differs(dagster, cereals):
    theirs(dagster, cereals, "apply")
    assert "~ user_agent: False -> True" in theirs(dagster, cereals, "check", USER_AGENT="yes")
    theirs(dagster, cereals, "apply", USER_AGENT="yes")
    assert "No diff found." in theirs(dagster, cereals, "check", USER_AGENT="yes")
    (created,) = [
        request.response["sourceId"] for request in cereals.requests if request.path.endswith("/sources/create")
    ]
    assert cereals.stored("source", created)["provider"] == {"storage": "HTTPS", "user_agent": True}


def test_what_their_reconciler_made_is_in_sync_for_ours(dagster, cereals, tmp_path):
    theirs(dagster, cereals, "apply")
    ours = subprocess.run(
        [Path(sys.executable).parent / "dagster-me", "check", "-m", "cereals:reconciler", "--exit-code"],
        cwd=EXAMPLE,
        env=child_environment(tmp_path, **told(cereals)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ours.returncode == 0, ours.stdout + ours.stderr


@pytest.mark.parametrize(
    ("version", "auth", "kind"),
    [(version, auth, "self-managed") for version in ("1.8", "2.0") for auth in ("none", "basic", "client")]
    + [("2.0", "client", "cloud")],
)
def test_a_workspace_becomes_asset_specs(dagster, version, auth, kind):
    with server(airbyte_version=version, auth=auth) as airbyte:
        airbyte.seed(**SEED)
        seen = dagster.ask("workspace", way_into(airbyte, auth), kind, "specs", "definitions")
        assert {request.status for request in airbyte.requests} == {200}
    assert (
        sorted(seen["specs"]) == ["products", "raw_products", "raw_purchases", "raw_users"] == seen["definitions"]
    )
    products = seen["specs"]["products"]
    columns = products.pop("columns")
    assert products == {"table": "lake.raw.products", "connection": "to lake", "kinds": ["airbyte", "postgres"]}
    assert (columns["id"], columns["price"]) == ("integer", "number")
    files = {spec["connection"] for name, spec in seen["specs"].items() if name.startswith("raw_")}
    assert files == {"to files"}


def test_a_workspace_of_two_pages_is_read_whole(dagster):
    with server() as airbyte:
        connection = {"name": "c{n}", "source": "numbers", "destination": "files", "prefix": "c{n}_"}
        many = [{**connection, "streams": ["users"], "count": 120}]
        airbyte.seed(sources=[{"name": "numbers"}], destinations=[{"name": "files"}], connections=many)
        seen = dagster.ask("workspace", way_into(airbyte, "none"), "self-managed", "specs")
    assert sorted(seen["specs"]) == sorted(f"c{n}_users" for n in range(120))


def test_on_cloud_a_workspace_needs_one_route_beyond_the_public_api(dagster):
    """It is `connections/get` of a Config API that nobody promises there."""
    with server(airbyte_version="cloud", auth="client") as airbyte:
        airbyte.seed(**SEED)
        way = way_into(airbyte, "client")
        seen = dagster.ask("workspace", way, "cloud", "public", "specs")
        asked = {request.path for request in airbyte.requests if not request.path.startswith("/v1/")}
        assert {request.status for request in airbyte.requests} == {200}
    assert asked == {"/api/v1/connections/get"}
    assert {name: sorted(values) for name, values in seen["public"].items()} == {
        "connections": ["to files", "to lake"],
        "destinations": ["local-json", "postgres"],
    }
    assert sorted(seen["specs"]) == ["products", "raw_products", "raw_purchases", "raw_users"]


def test_on_a_cloud_without_that_route_a_workspace_fails_at_it(dagster):
    with server(airbyte_version="cloud", absent=["connections/get"]) as airbyte:
        airbyte.seed(**SEED)
        with pytest.raises(ClientFailed, match=r"exceeded with url: .*/api/v1/connections/get"):
            dagster.ask("workspace", way_into(airbyte, "client"), "cloud", "specs")


def test_a_child_reaches_this_machine_only(dagster):
    program = "import runpy, socket, sys; runpy.run_path(sys.argv[1]); socket.create_connection(('192.0.2.1', 9))"
    done = dagster.run("-c", program, str(CHILDREN / "loopback.py"))
    assert done.stderr.endswith("ConnectionRefusedError: this process may not ask for 192.0.2.1\n")
