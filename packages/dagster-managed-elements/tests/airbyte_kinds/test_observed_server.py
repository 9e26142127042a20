"""What a running Airbyte server was seen to do, as far as the library has to know it."""

from __future__ import annotations

from pathlib import Path

import dagster_managed_elements.airbyte
import httpx
import pytest
from airbyte_local import server
from dagster_managed_elements.airbyte import AirbyteConnection, AirbyteDestination, AirbyteSource, AirbyteSyncMode

MODE = AirbyteSyncMode.FULL_REFRESH_OVERWRITE


def three(name="n", **names):
    source = AirbyteSource(names.get("source", name), "Sample Data", {})
    destination = AirbyteDestination(names.get("destination", name), "Local JSON", {"destination_path": "/local/x"})
    return AirbyteConnection(names.get("connection", name), source, destination, {"users": MODE})


@pytest.mark.parametrize("kind", ["source", "destination", "connection"])
def test_a_name_that_the_server_has_no_room_for_is_refused_in_check(workspace, kind):
    (problem,) = [line for line in workspace.problems(three(**{kind: "x" * 257})) if "257 characters" in line]
    assert "room for 256" in problem
    assert workspace.check(three(**{kind: "x" * 256})).error is None


def test_a_create_that_crashes_the_server_is_sent_once_and_its_refusal_is_shown(workspace):
    reason = {"message": "Internal Server Error: sourceDefinitionId must not be null"}
    workspace.server.fault("sources/create", "status", status=500, body=reason)
    report = workspace.apply(AirbyteSource("s", "Sample Data", {})).report
    assert "sourceDefinitionId must not be null" in str(report)
    asked = [request.path for request in workspace.server.requests]
    assert asked.count("/api/v1/sources/create") == 1


def test_a_configuration_of_null_stops_no_check(workspace):
    workspace.apply(three())
    page = {"workspaceIds": [workspace.server.workspace_id], "pagination": {}}
    url = f"{workspace.server.url}/api/v1/sources/list_paginated"
    (row,) = httpx.post(url, json=page, trust_env=False, verify=False).json()["sources"]
    rows = [{**row, "connectionConfiguration": None}]
    workspace.server.fault("sources/list_paginated", "status", status=200, body={"sources": rows}, times=1)
    assert workspace.check(three()).error is None


@pytest.mark.parametrize("version", ["0.50", "1.5", "1.6", "1.8", "2.0"])
def test_nothing_is_ever_searched(workspace, tmp_path, version):
    with server(tmp_path / version, airbyte_version=version) as workspace.server:
        workspace.apply(three())
        workspace.apply(delete=True)
        assert [request.path for request in workspace.server.requests if request.path.endswith("/search")] == []


def test_no_path_of_a_search_stands_in_the_library():
    (folder,) = map(Path, dagster_managed_elements.airbyte.__path__)
    assert [file.name for file in folder.rglob("*.py") if "/search" in file.read_text()] == []
