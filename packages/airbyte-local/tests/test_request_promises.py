"""Who gets in, what a request may say, what is not found."""

from __future__ import annotations

import uuid

import pytest

VERSIONS = ("0.50", "1.5", "1.6", "1.8", "2.0")
EVERYWHERE = (*VERSIONS, "cloud")
OLD = ("0.50", "1.5", "1.6", "1.8")
CLIENT_CELLS = ("1.5", "1.6", "1.8", "2.0", "cloud")
FAKER = "dfd88b22-b603-4c3d-aad7-3701784586b1"
NOBODY = "99999999-9999-4999-8999-999999999999"


def is_bare(reply):
    return list(reply.json) == ["errorId"] and bool(uuid.UUID(reply.json["errorId"]))


@pytest.mark.parametrize("version", CLIENT_CELLS)
@pytest.mark.parametrize("header", [None, "Bearer nonsense", "Basic YTpi"])
def test_without_a_good_token_there_is_401_in_the_words_of_the_framework(serve, version, header):
    api = serve(version, auth="client", log_in=False)
    if header:
        api.client.headers["authorization"] = header
    refused = api.public("GET", "sources")
    assert refused.status == 401
    assert refused.json == {
        "message": "Unauthorized",
        "_links": {
            "self": {"href": f"{api.server.public_url.removeprefix(api.server.url)}/sources", "templated": False}
        },
        "_embedded": {"errors": [{"message": "Unauthorized", "_links": {}, "_embedded": {}}]},
    }
    if version != "cloud":
        assert api.ask("sources/list", workspaceId=NOBODY).status == 401


@pytest.mark.parametrize("version", CLIENT_CELLS)
def test_health_and_the_instance_are_for_everybody(serve, version):
    api = serve(version, auth="client", log_in=False)
    assert api.public("GET", "health").status == 200
    if version != "cloud":
        assert api.client.get("/api/v1/health").status_code == 200
        assert api.client.get("/api/v1/instance_configuration").status_code == 200


@pytest.mark.parametrize("version", CLIENT_CELLS)
@pytest.mark.parametrize("wrong", [{"client_id": "x"}, {"client_secret": "x"}])
def test_wrong_client_credentials(serve, version, wrong):
    api = serve(version, auth="client", log_in=False)
    body = {"client_id": api.server.client_id, "client_secret": api.server.client_secret, **wrong}
    refused = api.public("POST", "applications/token", body)
    if version == "cloud":
        assert refused.status == 401
        assert is_bare(refused)
    else:
        assert refused.status == 400
        assert refused.json["_embedded"]["errors"][0]["message"] == "Invalid client id or token"


@pytest.mark.parametrize("version", EVERYWHERE)
def test_unknown_routes_and_health(serve, version):
    api = serve(version)
    for answer in (api.public("GET", "nothing"), api.ask("nothing/list")):
        assert (answer.status, answer.text) == (404, "Object not found.")
    wrong_method = api.public("PATCH", "connections")
    assert (wrong_method.status, wrong_method.text) == (405, "")
    assert api.public("GET", "health").text == "Successful operation"
    health = api.client.get("/api/v1/health")
    assert (health.status_code == 404) if version == "cloud" else (health.json() == {"available": True})


@pytest.mark.parametrize("version", VERSIONS)
def test_a_missing_property_of_the_config_api_is_a_crash(serve, version):
    refused = serve(version, odd_requests=True).ask("sources/create", name="s")
    assert refused.status == 500
    if version in OLD:
        assert refused.json["message"] == "Internal Server Error: sourceDefinitionId"
    else:
        assert is_bare(refused)


@pytest.mark.parametrize("version", EVERYWHERE)
def test_any_limit_is_honoured_and_a_body_that_does_not_fit_is_refused(serve, version):
    api = serve(version)
    for limit in (0, 101, 1000):
        assert api.public("GET", "sources", limit=limit).status == 200
    for body in ({"name": "s"}, {"name": "s", "workspaceId": "no uuid", "configuration": {}}):
        refused = api.public("POST", "sources", body)
        assert refused.status == 400
        assert "Failed to convert argument" in refused.json["_embedded"]["errors"][0]["message"]


@pytest.mark.parametrize("version", EVERYWHERE)
def test_what_is_no_json_at_all_is_a_bad_request(serve, version):
    api = serve(version)
    assert api.client.post(f"{api.server.public_url}/sources", content=b"{").status_code == 400


@pytest.mark.parametrize("version", EVERYWHERE)
def test_unknown_keys_are_ignored_and_enums_read_in_any_case(serve, version):
    api = serve(version, odd_requests=True)
    source = api.made(
        "sources", name="s", workspaceId=api.workspace, definitionId=FAKER, configuration={}, whatever={"a": 1}
    )
    destination = api.made(
        "destinations",
        name="d",
        workspaceId=api.workspace,
        configuration={"destinationType": "local-json", "destination_path": "/local/x"},
    )
    connection = api.made(
        "connections",
        sourceId=source["sourceId"],
        destinationId=destination["destinationId"],
        status="INACTIVE",
        namespaceDefinition="Source",
        configurations={"streams": [{"name": "users", "syncMode": "Full_Refresh_Append", "colour": "red"}]},
    )
    assert (connection["status"], connection["namespaceDefinition"]) == ("inactive", "source")
    assert "namespaceFormat" not in connection
    assert None not in source.values()


@pytest.mark.parametrize("version", ["1.5", "1.6", "1.8", "2.0", "cloud"])
def test_problems_alone_have_nulls(serve, version):
    refused = serve(version).public("POST", "sources", {"name": "s", "workspaceId": NOBODY, "configuration": {}})
    assert (refused.status, refused.json["documentationUrl"], refused.json["data"]) == (422, None, None)


def test_before_problems_had_data_the_detail_said_it_all(serve):
    api = serve("0.50")
    body = {"name": "s", "workspaceId": api.workspace, "definitionId": FAKER, "configuration": {"count": "many"}}
    refused = api.public("POST", "sources", body)
    assert (refused.status, "data" in refused.json) == (422, False)
    assert "$.count: string found, integer expected" in refused.json["detail"]


UNKNOWN = [
    ("GET", f"sources/{NOBODY}", None, "SOURCE_CONNECTION"),
    ("PUT", f"sources/{NOBODY}", {"name": "s", "configuration": {}}, "SOURCE_CONNECTION"),
    ("PATCH", f"sources/{NOBODY}", {"name": "s"}, "SOURCE_CONNECTION"),
    ("DELETE", f"sources/{NOBODY}", None, "SOURCE_CONNECTION"),
    ("GET", f"destinations/{NOBODY}", None, "DESTINATION_CONNECTION"),
    ("DELETE", f"destinations/{NOBODY}", None, "DESTINATION_CONNECTION"),
    ("GET", f"connections/{NOBODY}", None, "STANDARD_SYNC"),
    ("PATCH", f"connections/{NOBODY}", {"name": "c"}, "STANDARD_SYNC"),
    ("DELETE", f"connections/{NOBODY}", None, "STANDARD_SYNC"),
    ("GET", f"workspaces/{NOBODY}", None, "STANDARD_WORKSPACE"),
    ("PATCH", f"workspaces/{NOBODY}", {"name": "w"}, "STANDARD_WORKSPACE"),
    ("DELETE", f"workspaces/{NOBODY}", None, "STANDARD_WORKSPACE"),
]
SINCE_1_6 = [
    ("GET", f"tags/{NOBODY}", None, "TAG"),
    ("DELETE", f"tags/{NOBODY}", None, "TAG"),
    ("PATCH", f"tags/{NOBODY}", {"name": "t", "color": "AABBCC"}, "TAG"),
]


@pytest.mark.parametrize("version", EVERYWHERE)
def test_an_unknown_id_of_the_public_api(serve, version):
    api = serve(version)
    for method, path, body, kind in UNKNOWN + (SINCE_1_6 if version not in {"0.50", "1.5"} else []):
        refused = api.public(method, path, body)
        if version == "cloud":  # who is no administrator cannot even be told
            assert (refused.status, refused.json["title"]) == (403, "forbidden"), path
            continue
        assert (refused.status, refused.json["title"]) == (404, "resource-not-found"), path
        if version != "0.50":
            assert refused.json["data"] == {"resourceType": kind, "resourceId": NOBODY}, path


@pytest.mark.parametrize("version", VERSIONS)
def test_an_unknown_id_of_the_config_api(serve, version):
    refused = serve(version).ask("sources/get", sourceId=NOBODY)
    assert refused.status == 404
    text = f"Internal Server Error: Could not find configuration for SOURCE_CONNECTION: {NOBODY}."
    assert (refused.json["message"] == text) if version in OLD else is_bare(refused)


@pytest.mark.parametrize("version", EVERYWHERE)
def test_a_malformed_id_in_a_path_is_a_crash(serve, version):
    api = serve(version)
    for path in ("sources/x", "destinations/x", "connections/x", "workspaces/x"):
        refused = api.public("GET", path)
        assert refused.status == 500
        assert version in OLD or is_bare(refused)


@pytest.mark.parametrize("version", EVERYWHERE)
def test_a_source_of_an_unknown_definition_or_in_an_unknown_workspace(serve, version):
    api = serve(version)
    body = {"name": "s", "workspaceId": api.workspace, "definitionId": FAKER, "configuration": {}}
    refused = api.public("POST", "sources", {**body, "definitionId": NOBODY})
    assert refused.status == 404
    if version != "0.50":
        assert refused.json["data"]["resourceType"] == "STANDARD_SOURCE_DEFINITION"
    nowhere = api.public("POST", "sources", {**body, "workspaceId": NOBODY})
    if version == "cloud":
        assert nowhere.status == 403
        return
    assert (nowhere.status, nowhere.json["title"]) == (500, "unexpected-problem")
    assert "STANDARD_WORKSPACE" in nowhere.text
    config = {"name": "s", "workspaceId": NOBODY, "sourceDefinitionId": FAKER, "connectionConfiguration": {}}
    assert api.ask("sources/create", config).status == 500


@pytest.mark.parametrize("version", VERSIONS)
def test_of_two_unknown_ends_the_destination_is_missed_first(serve, version):
    api = serve(version)
    destination = api.destination()["destinationId"]
    neither = api.public("POST", "connections", {"sourceId": NOBODY, "destinationId": NOBODY})
    no_source = api.public("POST", "connections", {"sourceId": NOBODY, "destinationId": destination})
    assert (neither.status, no_source.status) == (404, 404)
    if version != "0.50":
        assert neither.json["data"]["resourceType"] == "DESTINATION_CONNECTION"
        assert no_source.json["data"]["resourceType"] == "SOURCE_CONNECTION"
