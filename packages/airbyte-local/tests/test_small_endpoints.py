"""Operations, tags and state."""

from __future__ import annotations

import pytest

UNKNOWN = "11111111-1111-1111-1111-111111111111"
WEBHOOK = {
    "operatorType": "webhook",
    "webhook": {"webhookType": "dbtCloud", "dbtCloud": {"accountId": 1, "jobId": 2}},
}


def operation(api, **more):
    return api.ok("operations/create", workspaceId=api.workspace, name="o", operatorConfiguration=WEBHOOK, **more)


def test_an_operation_lives_and_leaves_its_connections(api):
    made = operation(api)
    key = {"operationId": made["operationId"]}
    connection = api.connection(operationIds=[made["operationId"]])
    assert api.ok("operations/get", key) == made
    assert api.ok("operations/update", {**key, "name": "p", "operatorConfiguration": WEBHOOK})["name"] == "p"
    listed = api.ok("operations/list", connectionId=connection["connectionId"])["operations"]
    assert [each["name"] for each in listed] == ["p"]
    assert api.ask("operations/delete", key).status == 204
    assert api.ok("connections/get", connectionId=connection["connectionId"])["operationIds"] == []
    api.refused(404, "operations/get", key)


def test_an_operation_of_another_workspace_is_refused(api):
    other = api.ok("workspaces/create", name="o", organizationId="00000000-0000-0000-0000-000000000000")[
        "workspaceId"
    ]
    body = {"workspaceId": other, "name": "o", "operatorConfiguration": WEBHOOK}
    foreign = api.ok("operations/create", body)["operationId"]
    connection = api.connection()
    body = {"connectionId": connection["connectionId"], "operationIds": [foreign]}
    assert list(api.refused(500, "connections/update", body)) == ["errorId"]


def test_an_operation_is_checked_by_its_form(api):
    assert api.ok("operations/check", WEBHOOK)["status"] == "succeeded"
    assert api.ok("operations/check", operatorType="webhook")["status"] == "failed"
    assert api.ok("operations/check", operatorType="normalization")["status"] == "succeeded"


def tag(api, name="t", color="00AAFF"):
    return {"workspaceId": api.workspace, "name": name, "color": color}


def test_tags_are_listed_as_a_bare_array(api):
    made = api.ok("tags/create", tag(api))
    assert api.ok("tags/list", workspaceId=api.workspace) == [made]
    changed = api.ok("tags/update", {**made, "name": "u"})
    assert changed == {**made, "name": "u"}
    assert api.ok("tags/delete", tagId=made["tagId"], workspaceId=api.workspace) == changed
    assert api.ok("tags/list", workspaceId=api.workspace) == []


@pytest.mark.parametrize(
    ("given", "status", "kind"),
    [
        ({"name": "taken"}, 409, "error:tag-already-exists"),
        ({"color": "#00AAFF"}, 400, "error:tag-invalid-hex-color"),
        ({"name": "x" * 31}, 400, "error:tag-name-too-long"),
    ],
)
def test_a_bad_tag_is_a_problem(api, given, status, kind):
    api.ok("tags/create", tag(api, "taken"))
    assert api.refused(status, "tags/create", {**tag(api), **given})["type"] == kind


def test_names_of_tags_differ_by_case_and_a_workspace_has_a_hundred(api):
    for n in range(99):
        api.ok("tags/create", tag(api, f"t{n}"))
    api.ok("tags/create", tag(api, "T0"))
    assert api.refused(400, "tags/create", tag(api))["type"] == "error:tag-limit-for-workspace-reached"


def stream(name, value, **descriptor):
    return {"streamDescriptor": {"name": name, **descriptor}, "streamState": value}


def write(api, connection, **given):
    key = {"connectionId": connection["connectionId"]}
    return api.ask("state/create_or_update_safe", {**key, "connectionState": {**key, **given}})


def test_a_connection_begins_without_state(api):
    made = api.connection()
    read = api.ok("state/get", connectionId=made["connectionId"])
    assert read == {"stateType": "not_set", "connectionId": made["connectionId"]}
    api.refused(404, "state/get", connectionId=UNKNOWN)


@pytest.mark.parametrize(
    "given",
    [
        {"stateType": "stream", "streamState": [stream("a", {"x": 1}), stream("a", {"x": 2}, namespace="n")]},
        {
            "stateType": "global",
            "globalState": {"shared_state": {"lsn": 1}, "streamStates": [stream("a", {"x": 1})]},
        },
        {"stateType": "legacy", "state": {"x": 1}},
    ],
    ids=["stream", "global", "legacy"],
)
def test_every_type_of_state_comes_back_as_it_was_written(api, given):
    made = api.connection()
    assert write(api, made, **given).status == 200
    assert api.ok("state/get", connectionId=made["connectionId"]) == {**given, "connectionId": made["connectionId"]}


def test_a_stream_that_is_not_mentioned_keeps_its_state(api):
    made = api.connection()
    write(api, made, stateType="stream", streamState=[stream("a", {"x": 1}), stream("b", {"x": 1})])
    answer = write(api, made, stateType="stream", streamState=[stream("b", {"x": 2})]).json
    assert sorted((s["streamDescriptor"]["name"], s["streamState"]["x"]) for s in answer["streamState"]) == [
        ("a", 1),
        ("b", 2),
    ]


def test_the_type_of_a_state_changes_from_legacy_only(api):
    made = api.connection()
    write(api, made, stateType="legacy", state={"x": 1})
    assert write(api, made, stateType="stream", streamState=[stream("a", {})]).status == 200
    refusal = write(api, made, stateType="global", globalState={"streamStates": []})
    assert (refusal.status, list(refusal.json)) == (500, ["errorId"])
