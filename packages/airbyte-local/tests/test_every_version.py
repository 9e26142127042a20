"""The same small life on every version and both APIs: what is sent and answered fits the contract of each."""

from __future__ import annotations

import pytest

VERSIONS = ("0.50", "1.5", "1.6", "1.8", "2.0")
EVERYWHERE = (*VERSIONS, "cloud")
FAKER = "dfd88b22-b603-4c3d-aad7-3701784586b1"
POSTGRES = "decd338e-5647-4c0b-adf4-da0e75f5a750"
LOCAL_JSON = "a625d593-bba5-4a1c-a53d-2d246268a816"


@pytest.mark.parametrize("version", VERSIONS)
def test_the_config_api_answers_as_its_version_does(serve, version):
    api = serve(version)
    source, destination = api.source(), api.destination()
    connection = api.connection(source["sourceId"], scheduleType="basic", scheduleData=daily())
    whole = api.ok("web_backend/connections/get", connectionId=connection["connectionId"])
    api.ok("web_backend/connections/update", connectionId=connection["connectionId"], name="renamed")
    api.ok("sources/update", sourceId=source["sourceId"], name="s2", connectionConfiguration={"count": 1})
    api.ok("destinations/partial_update", destinationId=destination["destinationId"], name="d2")
    api.ok("sources/check_connection", sourceId=source["sourceId"])
    assert whole["syncCatalog"]["streams"]
    for path, body in reads(api).items():
        api.ok(path, body)
    assert api.client.get("/api/v1/instance_configuration").status_code == 200
    api.ok("connections/delete", connectionId=connection["connectionId"])
    api.ok("sources/delete", sourceId=source["sourceId"])


def daily():
    return {"basicSchedule": {"timeUnit": "days", "units": 1}}


def reads(api):
    here = {"workspaceId": api.workspace}
    page = {"workspaceIds": [api.workspace], "pagination": {"pageSize": 100}}
    user = {"userId": "00000000-0000-0000-0000-000000000000"}
    return {
        "sources/list": here,
        "sources/list_paginated": page,
        "destinations/list": here,
        "connections/list": here,
        "connections/list_all": here,
        "connections/list_paginated": {**page, **user},
        "web_backend/connections/list": here,
        "workspaces/get": here,
        "workspaces/list_by_user_id": user,
        "organizations/list_by_user_id": user,
        "source_definitions/list_for_workspace": here,
        "destination_definitions/list_for_workspace": here,
        "destination_definition_specifications/get": {**here, "destinationDefinitionId": LOCAL_JSON},
    }


@pytest.mark.parametrize("version", EVERYWHERE)
def test_the_public_api_answers_as_its_version_does(serve, version):
    api = serve(version)
    workspace = api.made("workspaces", name="w")["workspaceId"]
    source = api.made("sources", name="s", workspaceId=workspace, definitionId=FAKER, configuration={})
    destination = api.made(
        "destinations",
        name="d",
        workspaceId=workspace,
        definitionId=LOCAL_JSON,
        configuration={"destination_path": "/local/x"},
    )
    ends = {"sourceId": source["sourceId"], "destinationId": destination["destinationId"]}
    streams = api.public("GET", "streams", **ends).json
    assert {each["streamName"] for each in (streams["streams"] if version == "0.50" else streams)} >= {"users"}
    connection = api.made("connections", **ends, configurations={"streams": [{"name": "users"}]})
    api.made(
        f"connections/{connection['connectionId']}", "PATCH", status="inactive", schedule={"scheduleType": "manual"}
    )
    api.made(f"sources/{source['sourceId']}", "PUT", name="s2", configuration={"count": 2})
    api.made(f"destinations/{destination['destinationId']}", "PATCH", name="d2")
    for path in ("workspaces", "sources", "destinations", "connections"):
        page = api.public("GET", path, workspaceIds=workspace).json
        assert len(page["data"]) == 1, path
    for path, made in (("connections", connection["connectionId"]), ("sources", source["sourceId"])):
        assert api.public("GET", f"{path}/{made}").status == 200
        assert api.public("DELETE", f"{path}/{made}").status == 204
    api.made(f"workspaces/{workspace}", "PATCH", name="renamed")
    assert api.public("DELETE", f"workspaces/{workspace}").status == 204
    assert api.public("GET", "health").text == "Successful operation"


@pytest.mark.parametrize("version", ["1.6", "1.8", "2.0", "cloud"])
def test_tags_and_definitions_are_on_the_public_api_since_1_6(serve, version):
    api = serve(version)
    tag = api.made("tags", name="t", color="AABBCC", workspaceId=api.workspace)
    api.made(f"tags/{tag['tagId']}", "PATCH", name="u", color="AABBCC")
    assert [each["name"] for each in api.public("GET", "tags").json["data"]] == ["u"]
    manifest = {"spec": {"connection_specification": {"type": "object", "properties": {}}}}
    low_code = f"workspaces/{api.workspace}/definitions/declarative_sources"
    made = api.made(low_code, name="mine", manifest=manifest, workspaceId=api.workspace)
    assert api.public("GET", f"{low_code}/{made['id']}").json == made
    for kind in ("sources", "destinations"):
        listed = api.public("GET", f"workspaces/{api.workspace}/definitions/{kind}").json["data"]
        assert FAKER in {each["id"] for each in listed} or kind == "destinations"
    assert api.public("GET", "connector_definitions", type="source", workspaceId=api.workspace).status == 200
    assert api.public("DELETE", f"tags/{tag['tagId']}").status == 204


@pytest.mark.parametrize("version", ["0.50", "1.5"])
def test_before_1_6_there_are_neither(serve, version):
    api = serve(version)
    for path in ("tags", f"workspaces/{api.workspace}/definitions/sources"):
        assert (api.public("GET", path).status, api.public("GET", path).text) == (404, "Object not found.")


@pytest.mark.parametrize(
    ("path", "body", "there"),
    [
        ("workspaces/list", None, {"0.50", "1.5", "1.6"}),
        ("tags/list", {}, {"1.5", "1.6", "1.8", "2.0"}),
        ("web_backend/connections/status_counts", {}, {"1.8", "2.0"}),
        ("sources/clone", {}, {"0.50", "1.5"}),
        ("sources/list_paginated", {}, set(VERSIONS)),
    ],
)
def test_routes_come_and_go_with_versions(serve, path, body, there):
    statuses = {version: serve(version).ask(path, body or {"x": 1}).status for version in VERSIONS}
    assert {version for version, status in statuses.items() if status != 404} == there


@pytest.mark.parametrize(("version", "rows"), [("0.50", 25), ("1.5", 25), ("1.6", 25), ("1.8", 20), ("2.0", 20)])
def test_the_plain_lists_are_paged_by_twenty_since_1_8(serve, version, rows):
    api = serve(version)
    ids = api.server.seed(
        sources=[{"name": "s{n}", "count": 25}],
        destinations=[{"name": "d"}],
        connections=[{"name": "c{n}", "count": 25, "source": "s1", "destination": "d"}],
    )
    listed = api.ok("sources/list", workspaceId=api.workspace, **({"pageSize": 20} if rows == 25 else {}))
    assert len(listed["sources"]) == rows
    assert len(api.ok("web_backend/connections/list", workspaceId=api.workspace)["connections"]) == rows
    assert {source["sourceId"] for source in listed["sources"]} <= set(ids["sources"])


@pytest.mark.parametrize("version", ["0.50", "1.5"])
def test_a_clone_has_the_secrets_of_its_original(serve, version):
    api = serve(version)
    original = api.source(type_name="Stripe", client_secret="sk_1", account_id="acct_1")
    copy = api.ok(
        "sources/clone",
        sourceCloneId=original["sourceId"],
        sourceConfiguration={"name": "copy", "connectionConfiguration": {"account_id": "acct_2"}},
    )
    assert (copy["name"], copy["sourceId"] != original["sourceId"]) == ("copy", True)
    assert api.server.stored("source", copy["sourceId"]) == {"client_secret": "sk_1", "account_id": "acct_2"}


def test_an_organization_is_asked_for_since_1_5(serve):
    assert serve("0.50").ask("workspaces/create", name="w").status == 200
    assert serve("1.5").ask("workspaces/create", name="w").status == 500


def test_the_definition_of_a_workspace_is_changed_since_1_8(serve):
    body = {"sourceDefinitionId": FAKER, "dockerImageTag": "7.0.0"}
    assert [serve(version).ask("source_definitions/update", body).status for version in ("1.6", "1.8")] == [
        200,
        500,
    ]


@pytest.mark.parametrize("version", EVERYWHERE)
def test_the_way_in_says_which_mode_it_is(serve, version):
    api = serve(version, **({} if version == "cloud" else {"auth": "none"}))
    shown = api.client.get("/api/v1/instance_configuration")
    if version == "cloud":
        assert shown.status_code == 404
    elif version == "0.50":
        assert not {"version", "auth"} & set(shown.json())
    else:
        said = shown.json()
        assert (said["version"], said["edition"], said["auth"]["mode"]) == (
            api.server.version,
            "community",
            "none",
        )


def test_a_version_of_the_future_says_words_that_nobody_knows(serve):
    api = serve("9.9")
    source = api.source()
    assert (source["supportState"], source["quota"]) == ("sunsetting", {"rows": 9})
    found = api.ok("sources/discover_schema", sourceId=source["sourceId"])
    assert "change_feed" in found["catalog"]["streams"][0]["stream"]["supportedSyncModes"]
    public = api.public("GET", f"sources/{source['sourceId']}").json
    assert public["lifecycle"] == "warming"


def test_routes_may_be_left_out(serve):
    api = serve("2.0", absent=["sources/list", "GET streams", "workspaces/list_by_organization_id"])
    assert api.ask("sources/list", workspaceId=api.workspace).text == "Object not found."
    assert api.public("GET", "streams").status == 404
    assert api.public("GET", "sources").status == 200


def test_on_cloud_one_route_of_the_config_api_answers_though_nobody_promises_it(serve, connect_ends):
    api = serve("cloud")
    made = connect_ends(api).made({"name": "users"})["connectionId"]
    found = api.ok("connections/get", connectionId=made)
    selected = {
        stream["stream"]["name"]: stream["config"].get("selected") for stream in found["syncCatalog"]["streams"]
    }
    assert (found["connectionId"], selected["users"]) == (made, True)
    unknown = api.ask("connections/get", connectionId="99999999-9999-4999-8999-999999999999")
    assert (unknown.status, unknown.json["message"]) == (403, "Forbidden")
    assert api.ask("connections/list", workspaceId=api.workspace).status == 404
    api.client.headers.pop("authorization")
    assert api.ask("connections/get", connectionId=made).status == 401
