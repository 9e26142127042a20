"""`/_local/`: health, request log, faults, seed, reset, files; for this machine only."""

from __future__ import annotations

from typing import Any

import pytest
from airbyte_local.http.request_log import Exchange, RequestLog
from airbyte_local.jobs.world import NIL_ID

DATA = {"sources": [{"name": "s{n}", "count": 2}, {"name": "s0"}], "destinations": [{"name": "d"}]}


def test_health_says_the_version(api):
    assert api.client.get("/_local/health").json() == {"status": "ok", "version": "2.0.0"}


def test_the_request_log_has_both_bodies_and_can_be_forgotten(api):
    api.source("named")
    api.refused(400, "sources/get", sourceId="x")
    found = api.client.get("/_local/requests").json()
    assert [(each["path"].rpartition("/v1/")[2], each["status"]) for each in found] == [
        ("source_definitions/list", 200),
        ("sources/create", 200),
        ("sources/get", 400),
    ]
    assert found[1]["request"]["name"] == found[1]["response"]["name"] == "named"
    assert api.client.delete("/_local/requests").status_code == 204
    assert api.server.requests == []


def test_faults_are_put_read_and_cleared(api):
    rule = {"match": "health", "action": "status", "status": 503, "times": 1}
    (shown,) = api.client.put("/_local/faults", json=[rule]).json()
    assert rule.items() <= shown.items()
    assert [api.client.get("/api/v1/health").status_code for _ in range(2)] == [503, 200]
    assert api.client.delete("/_local/faults").json() == []
    for wrong in ([{"action": "explode"}], {"action": "die"}):
        assert api.client.put("/_local/faults", json=wrong).status_code == 400
    assert api.client.put("/_local/faults", content=b"{").status_code == 400


def test_a_seed_makes_many_objects_with_chosen_and_repeated_names(api):
    ids = api.client.post("/_local/seed", json=DATA).json()
    assert sorted(api.names("sources")) == ["s0", "s0", "s1"]
    assert {kind: len(made) for kind, made in ids.items()} == {
        "workspaces": 0,
        "sources": 3,
        "destinations": 1,
        "connections": 0,
    }


def test_a_seed_connects_what_it_made(api):
    ids = api.server.seed(
        workspaces=[{"name": "w"}],
        sources=[{"name": "s", "workspace": "w"}],
        destinations=[{"name": "d", "workspace": "w"}],
        connections=[
            {"name": "c", "source": "s", "destination": "d", "streams": ["users"], "prefix": "p_"},
            {"name": "all", "source": "s", "destination": "d"},
        ],
    )
    one, everything = (api.ok("connections/get", connectionId=made) for made in ids["connections"])
    assert (one["name"], one["prefix"]) == ("c", "p_")
    workspace = {"workspaceIds": ids["workspaces"], "userId": NIL_ID}
    assert len(api.ok("connections/list_paginated", workspace)["connections"]) == 2
    assert [entry["stream"]["name"] for entry in one["syncCatalog"]["streams"]] == ["users"]
    assert len(everything["syncCatalog"]["streams"]) == 3


@pytest.mark.parametrize(
    "plan",
    [{"tables": []}, {"sources": [{"type": "Nothing"}]}, {"sources": [{"type": "Postgres"}]}],
    ids=["unknown kind", "unknown type", "invalid configuration"],
)
def test_a_seed_that_means_nothing_is_refused_whole(api, plan):
    refusal = api.client.post("/_local/seed", json={"workspaces": [{"name": "w"}], **plan})
    assert (refusal.status_code, list(refusal.json())) == (400, ["message"])
    nil = "00000000-0000-0000-0000-000000000000"
    assert len(api.ok("workspaces/list_by_user_id", userId=nil)["workspaces"]) == 1


def test_a_reset_leaves_a_new_default_workspace_and_nothing_else(api):
    before = api.workspace
    api.server.seed(**DATA)
    api.server.fault("health", "status")
    (api.server.files / "kept.txt").write_text("kept")
    assert api.client.post("/_local/reset").status_code == 204
    assert api.server.requests == []
    assert api.workspace != before
    assert api.names("sources") == []
    assert api.client.get("/api/v1/health").status_code == 200
    assert api.client.get("/_local/files/kept.txt").text == "kept"


def test_files_are_published_and_nothing_beside_them(api):
    (api.server.files / "sub").mkdir()
    (api.server.files / "sub" / "a.csv").write_text("a,b\n")
    (api.server.files / "link").symlink_to(api.server.data / "state.db")
    assert api.client.get("/_local/files/sub/a.csv").text == "a,b\n"
    assert api.client.head("/_local/files/sub/a.csv").headers["content-length"] == "4"
    for path in ("../state.db", "%2e%2e/state.db", "..%2fstate.db", "link", "sub", "", "%00", "/etc/passwd"):
        assert api.client.get(f"/_local/files/{path}").status_code == 404, path


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
    ],
)
def test_a_foreign_host_or_origin_is_refused(api, headers):
    assert api.client.post("/_local/reset", headers=headers).status_code == 403
    assert api.client.get("/_local/requests", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "headers", [{"host": "localhost:1"}, {"host": "[::1]:80"}, {"origin": "http://localhost:3000"}]
)
def test_names_of_this_machine_are_let_in(api, headers):
    assert api.client.get("/_local/health", headers=headers).status_code == 200


def test_what_is_not_there_is_not_there(api):
    assert api.client.get("/_local/nothing").status_code == 404
    for path in ("/nothing", "/v1/sources"):
        assert api.client.get(path).text == "Object not found."
    assert api.client.get("/", headers={"accept": "application/json"}).text == "Object not found."


def test_a_request_that_is_being_answered_is_forgotten_with_those_before_it():
    log = RequestLog(bodies=False)
    said: dict[str, Any] = {
        "method": "GET",
        "path": "/",
        "status": 200,
        "delivered": True,
        "fault": None,
        "began": 0.0,
    }
    said |= {"seconds": 0.0, "request_bytes": b"", "response_bytes": b""}
    under_way = log.number()
    log.clear()
    log.record(Exchange(number=under_way, **said))
    log.record(Exchange(number=log.number(), **said))
    assert [exchange.number for exchange in log.all()] == [under_way + 1]
