"""Connection checks: 200 whatever comes of them."""

from __future__ import annotations

import pytest

# Connectors that are imitated: their configuration says what becomes of a check.
TYPES = {"source": "Postgres", "destination": "S3"}
CONFIGURATIONS = {
    "source": {"host": "db", "port": 1, "database": "d", "username": "u", "password": "p"},
    "destination": {
        "s3_bucket_name": "b",
        "s3_bucket_path": "p",
        "s3_bucket_region": "r",
        "format": {"format_type": "JSONL"},
        "secret_access_key": "s",
    },
}
PLAIN = {"source": "host", "destination": "s3_bucket_name"}
SECRET = {"source": "password", "destination": "secret_access_key"}
KINDS = pytest.mark.parametrize("kind", ["source", "destination"])


def make(api, kind, configuration):
    return getattr(api, kind)("x", TYPES[kind], **configuration)


def check(api, kind, actor):
    return api.ok(f"{kind}s/check_connection", {f"{kind}Id": actor[f"{kind}Id"]})


def offer(api, kind, configuration, **more):
    definition = {f"{kind}DefinitionId": api.definition(kind, TYPES[kind])}
    body = {**definition, "workspaceId": api.workspace, "connectionConfiguration": configuration, **more}
    return api.ok(f"scheduler/{kind}s/check_connection", body)


@KINDS
def test_a_check_that_succeeds_says_so(api, kind):
    answer = check(api, kind, make(api, kind, CONFIGURATIONS[kind]))
    assert (answer["status"], answer["jobInfo"]["succeeded"]) == ("succeeded", True)
    assert "message" not in answer


@KINDS
def test_a_check_that_fails_says_why_and_its_job_succeeded(api, kind):
    answer = check(api, kind, make(api, kind, {**CONFIGURATIONS[kind], PLAIN[kind]: "fail:check"}))
    assert (answer["status"], answer["jobInfo"]["succeeded"]) == ("failed", True)
    assert answer["message"]


@KINDS
def test_a_check_that_crashes_has_no_status(api, kind):
    answer = check(api, kind, make(api, kind, {**CONFIGURATIONS[kind], SECRET[kind]: "crash:check"}))
    assert "status" not in answer
    assert answer["jobInfo"]["succeeded"] is False


@KINDS
def test_a_configuration_can_be_checked_before_it_is_saved(api, kind):
    assert offer(api, kind, CONFIGURATIONS[kind])["status"] == "succeeded"
    assert offer(api, kind, {PLAIN[kind]: 5})["status"] == "failed"
    assert api.names(f"{kind}s") == []


@KINDS
def test_masks_in_an_offered_configuration_stand_for_the_stored_secrets(api, kind):
    actor = make(api, kind, {**CONFIGURATIONS[kind], SECRET[kind]: "fail:check"})
    shown = actor["connectionConfiguration"]
    assert offer(api, kind, shown, **{f"{kind}Id": actor[f"{kind}Id"]})["status"] == "failed"
    assert offer(api, kind, shown)["status"] == "succeeded"


@KINDS
def test_a_check_for_update_uses_what_was_sent_and_saves_nothing(api, kind):
    actor = make(api, kind, CONFIGURATIONS[kind])
    body = {
        f"{kind}Id": actor[f"{kind}Id"],
        "name": "x",
        "connectionConfiguration": {**CONFIGURATIONS[kind], PLAIN[kind]: "fail:check"},
    }
    assert api.ok(f"{kind}s/check_connection_for_update", body)["status"] == "failed"
    api.refused(422, f"{kind}s/check_connection_for_update", {**body, "connectionConfiguration": {}})
    assert api.server.stored(kind, actor[f"{kind}Id"]) == CONFIGURATIONS[kind]


@pytest.mark.parametrize(
    ("path", "status"), [("/local/x.json", "succeeded"), ("/x", "succeeded"), ("../x", "failed")]
)
def test_local_json_writes_below_local_and_nowhere_else(api, path, status):
    assert check(api, "destination", api.destination(destination_path=path))["status"] == status
