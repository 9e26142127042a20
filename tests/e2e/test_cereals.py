"""The seed page, from its first check to its last, with every exchange held against Airbyte's own description."""

from __future__ import annotations

import json
import re

import pytest

from testing.contracts import check_exchange, require_contract

TREE = """\
+ cereals-csv:
  + url: {url}
  + format: csv
  + dataset_name: cereals
  + provider:
    + storage: HTTPS
    + user_agent: False
+ local-json:
  + destination_path: /local/cereals_out.json
+ download-cereals:
  + source: cereals-csv
  + destination: local-json
  + normalize data: None
  + streams:
    + cereals: FULL_REFRESH_OVERWRITE
"""
WRITES = re.compile(r"/(create|update|partial_update|delete)$")


def writes(server) -> list[str]:
    return [request.path for request in server.requests if WRITES.search(request.path)]


def test_the_page_works_as_written(airbyte_local, cereals):
    tree = TREE.format(url=cereals.environment["CEREALS_URL"])

    first = cereals.here("check", "--module", "cereals:reconciler")
    assert first.stdout == f"Found 1 managed elements, checking...\n{tree}"
    assert first.returncode == 0
    assert writes(airbyte_local) == []

    applied = cereals("apply", "--module", "cereals:reconciler")
    assert applied.stdout == f"Found 1 managed elements, applying...\n{tree}"
    assert applied.returncode == 0
    assert sorted(writes(airbyte_local)) == [
        "/api/v1/connections/create",
        "/api/v1/destinations/create",
        "/api/v1/sources/create",
    ]

    airbyte_local.forget_requests()
    second = cereals.here("check", "--module", "cereals:reconciler")
    assert second.stdout == "Found 1 managed elements, checking...\nNo diff found.\n"
    again = cereals.here("apply", "--module", "cereals:reconciler")
    assert again.stdout == "Found 1 managed elements, applying...\nNo changes applied.\n"
    assert (second.returncode, again.returncode, second.stderr, again.stderr) == (0, 0, "", "")
    assert writes(airbyte_local) == []


@pytest.mark.slow
def test_the_real_csv_is_what_airbyte_discovered(airbyte_local, cereals):
    cereals("apply", "--module", "cereals")
    created = next(request for request in airbyte_local.requests if request.path.endswith("connections/create"))
    (stream,) = created.request["syncCatalog"]["streams"]
    assert list(stream["stream"]["jsonSchema"]["properties"])[:3] == ["name", "maker", "kind"]
    assert stream["config"]["selected"] is True


@pytest.mark.slow
def test_every_request_and_answer_keeps_to_airbytes_description(airbyte_local, cereals):
    contract = require_contract("2.0.0")
    cereals("check", "--module", "cereals")
    cereals("apply", "--module", "cereals")
    text = (cereals.folder / "cereals.py").read_text()
    cereals.module(
        "cereals", text.replace('"user_agent": False', '"user_agent": True').replace("OVERWRITE", "APPEND")
    )
    changed = cereals("apply", "--module", "cereals")
    assert "~ user_agent: False -> True" in changed.stdout
    assert "~ cereals: FULL_REFRESH_OVERWRITE -> FULL_REFRESH_APPEND" in changed.stdout
    cereals.module(
        "cereals",
        text.replace("connections=[cereals_connection]", "connections=[], delete_unmentioned_resources=True"),
    )
    deleted = cereals("apply", "--module", "cereals", "--yes")
    assert "- download-cereals:" in deleted.stdout, deleted
    assert len(airbyte_local.requests) > 40
    violations = [
        violation
        for request in airbyte_local.requests
        for violation in check_exchange(contract, request.path, request.request, request.status, request.response)
    ]
    assert violations == []


@pytest.mark.slow
def test_a_second_check_asks_for_no_more_than_it_needs(airbyte_local, cereals):
    cereals("apply", "--module", "cereals")
    airbyte_local.forget_requests()
    cereals("check", "--module", "cereals")
    asked = [request.path.removeprefix("/api/v1/") for request in airbyte_local.requests]
    assert sorted(asked) == sorted(
        [
            "instance_configuration",
            "workspaces/list_by_organization_id",
            "workspaces/list_by_organization_id",
            *(f"{side}_definitions/list_for_workspace" for side in ("source", "destination")),
            *(f"{side}_definition_specifications/get" for side in ("source", "destination")),
            *(f"{kind}s/list_paginated" for kind in ("source", "destination", "connection")),
            *(f"{kind}s/list_paginated" for kind in ("source", "destination", "connection")),
        ]
    )


@pytest.mark.slow
def test_the_same_diff_is_the_same_bytes_on_every_run(cereals):
    runs = {cereals("check", "--module", "cereals", PYTHONHASHSEED=str(seed)).stdout for seed in (1, 2, 3)}
    assert len(runs) == 1


@pytest.mark.slow
def test_json_and_markdown_say_the_same(cereals):
    document = json.loads(cereals("check", "--module", "cereals", "--output", "json").stdout)
    assert document["version"] == 1
    text = json.dumps(document)
    assert all(name in text for name in ("cereals-csv", "local-json", "download-cereals"))
    markdown = cereals("check", "--module", "cereals", "--output", "markdown").stdout
    assert all(name in markdown for name in ("cereals-csv", "local-json", "download-cereals"))


@pytest.mark.slow
def test_exit_code_tells_pending_changes_only_when_asked(cereals):
    assert cereals("check", "--module", "cereals").returncode == 0
    assert cereals("check", "--module", "cereals", "--exit-code").returncode == 1
    cereals("apply", "--module", "cereals")
    assert cereals("check", "--module", "cereals", "--exit-code").returncode == 0
