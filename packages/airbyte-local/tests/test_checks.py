"""Connection checks: 200 whatever comes of them."""

from __future__ import annotations

import pytest

POSTGRES = {"host": "db", "port": 1, "database": "d", "schema": "s", "username": "u", "password": "p"}
KINDS = pytest.mark.parametrize("kind", ["source", "destination"])


def check(api, kind, actor):
    return api.ok(f"{kind}s/check_connection", {f"{kind}Id": actor[f"{kind}Id"]})


def offer(api, kind, configuration, **more):
    definition = {f"{kind}DefinitionId": api.definition(kind, "Postgres")}
    body = {**definition, "workspaceId": api.workspace, "connectionConfiguration": configuration, **more}
    return api.ok(f"scheduler/{kind}s/check_connection", body)


@KINDS
def test_a_check_that_succeeds_says_so(api, kind):
    answer = check(api, kind, getattr(api, kind)("pg", "Postgres", **POSTGRES))
    assert (answer["status"], answer["jobInfo"]["succeeded"]) == ("succeeded", True)
    assert "message" not in answer


@KINDS
def test_a_check_that_fails_says_why_and_its_job_succeeded(api, kind):
    answer = check(api, kind, getattr(api, kind)("pg", "Postgres", **{**POSTGRES, "host": "fail:check"}))
    assert (answer["status"], answer["jobInfo"]["succeeded"]) == ("failed", True)
    assert answer["message"]


@KINDS
def test_a_check_that_crashes_has_no_status(api, kind):
    answer = check(api, kind, getattr(api, kind)("pg", "Postgres", **{**POSTGRES, "password": "crash:check"}))
    assert "status" not in answer
    assert answer["jobInfo"]["succeeded"] is False


@KINDS
def test_a_configuration_can_be_checked_before_it_is_saved(api, kind):
    assert offer(api, kind, POSTGRES)["status"] == "succeeded"
    assert offer(api, kind, {"host": 5})["status"] == "failed"
    assert api.names(f"{kind}s") == []


@KINDS
def test_masks_in_an_offered_configuration_stand_for_the_stored_secrets(api, kind):
    actor = getattr(api, kind)("pg", "Postgres", **{**POSTGRES, "password": "fail:check"})
    shown = actor["connectionConfiguration"]
    assert offer(api, kind, shown, **{f"{kind}Id": actor[f"{kind}Id"]})["status"] == "failed"
    assert offer(api, kind, shown)["status"] == "succeeded"


@KINDS
def test_a_check_for_update_uses_what_was_sent_and_saves_nothing(api, kind):
    actor = getattr(api, kind)("pg", "Postgres", **POSTGRES)
    body = {
        f"{kind}Id": actor[f"{kind}Id"],
        "name": "x",
        "connectionConfiguration": {**POSTGRES, "host": "fail:check"},
    }
    assert api.ok(f"{kind}s/check_connection_for_update", body)["status"] == "failed"
    api.refused(422, f"{kind}s/check_connection_for_update", {**body, "connectionConfiguration": {}})
    assert api.server.stored(kind, actor[f"{kind}Id"]) == POSTGRES


@pytest.mark.parametrize(
    ("path", "status"), [("/local/x.json", "succeeded"), ("/x", "succeeded"), ("../x", "failed")]
)
def test_local_json_writes_below_local_and_nowhere_else(api, path, status):
    assert check(api, "destination", api.destination(destination_path=path))["status"] == status
