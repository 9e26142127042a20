"""Configurations, types, secrets, deletion and checks of sources and destinations."""

from __future__ import annotations

import pytest

VERSIONS = ("0.50", "1.5", "1.6", "1.8", "2.0")
EVERYWHERE = (*VERSIONS, "cloud")
MASK = "*" * 10
FAKER = "dfd88b22-b603-4c3d-aad7-3701784586b1"
STRIPE = "e094cb9a-26de-4645-8761-65c0c425d1de"
ONESIGNAL = "bb6afd81-87d5-47e3-97c4-e2c2901b1cf8"


def stripe(api, **configuration):
    """Through the Public API."""
    wanted = {"client_secret": "sk_1", "account_id": "acct_1", **configuration}
    return api.made("sources", name="s", workspaceId=api.workspace, definitionId=STRIPE, configuration=wanted)


def stored(api, source):
    return api.server.stored("source", source["sourceId"])


@pytest.mark.parametrize("version", EVERYWHERE)
def test_a_configuration_that_does_not_fulfil_its_schema(serve, version):
    api = serve(version)
    body = {"name": "s", "workspaceId": api.workspace, "definitionId": FAKER, "configuration": {"count": "many"}}
    told = "json schema validation failed when comparing the data to the json schema. \nErrors: "
    refused = api.public("POST", "sources", body)
    assert (refused.status, refused.json["title"]) == (422, "unprocessable-entity")
    text = refused.json["detail"] if version == "0.50" else refused.json["data"]["message"]
    assert text == told + "$.count: string found, integer expected "
    if version != "cloud":
        config = {"name": "s", "workspaceId": api.workspace, "sourceDefinitionId": FAKER}
        whole = api.refused(422, "sources/create", {**config, "connectionConfiguration": {"count": "many"}})
        assert whole["message"].startswith(
            f"The provided configuration does not fulfill the specification. Errors: {told}"
        )
        assert "\nSchema: \n{" in whole["message"]


@pytest.mark.parametrize("version", EVERYWHERE)
def test_the_type_of_a_source_by_name(serve, version):
    api = serve(version)
    here = {"name": "s", "workspaceId": api.workspace}
    none = api.public("POST", "sources", {**here, "configuration": {}})
    unknown = api.public("POST", "sources", {**here, "configuration": {"sourceType": "klaus-api"}})
    assert (none.status, none.json["title"]) == (422, "unprocessable-entity")
    assert (unknown.status, unknown.json["title"]) == (400, "value-not-found")
    if version != "0.50":
        assert (none.json["data"], unknown.json["data"]) == (None, {"value": "klaus-api"})
    made = api.made("sources", **here, configuration={"sourceType": "faker", "count": 3})
    assert (made["sourceType"], made["configuration"]) == ("faker", {"count": 3})
    changed = api.made(f"sources/{made['sourceId']}", "PUT", name="s", configuration={"sourceType": "faker"})
    assert changed["configuration"] == {}


@pytest.mark.parametrize("version", ["1.6", "1.8", "2.0"])
def test_a_custom_connector_has_no_type(serve, version):
    api = serve(version)
    made = api.ok(
        "source_definitions/create_custom",
        workspaceId=api.workspace,
        sourceDefinition={"name": "x", "dockerRepository": "me/x", "dockerImageTag": "1", "documentationUrl": ""},
    )
    source = api.made(
        "sources",
        name="s",
        workspaceId=api.workspace,
        definitionId=made["sourceDefinitionId"],
        configuration={"anything": 1},
    )
    assert source["sourceType"] == ""


def test_resources_cannot_be_set_on_cloud(serve):
    wanted = {"default": {"cpu_limit": "1"}}
    cloud = serve("cloud")
    body = {"name": "s", "workspaceId": cloud.workspace, "definitionId": FAKER, "configuration": {}}
    refused = cloud.public("POST", "sources", {**body, "resourceAllocation": wanted})
    assert (refused.status, refused.json["title"]) == (500, "unexpected-problem")
    assert refused.json["data"] == {"message": "Setting resource allocation is not permitted on CLOUD"}
    own = serve("2.0")
    assert (
        own.made("sources", **{**body, "workspaceId": own.workspace}, resourceAllocation=wanted)[
            "resourceAllocation"
        ]
        == wanted
    )


@pytest.mark.parametrize("version", EVERYWHERE)
def test_secrets_are_masked_kept_by_put_and_lost_where_left_out(serve, version):
    api = serve(version)
    source = stripe(api)
    path = f"sources/{source['sourceId']}"
    assert source["configuration"] == {"client_secret": MASK, "account_id": "acct_1"}
    api.made(path, "PUT", name="s", configuration={"client_secret": MASK, "account_id": "acct_2"})
    assert stored(api, source) == {"client_secret": "sk_1", "account_id": "acct_2"}
    left_out = api.public("PUT", path, {"name": "s", "configuration": {"account_id": "acct_2"}})
    assert left_out.status == 422


@pytest.mark.parametrize("version", EVERYWHERE)
def test_patch_merges_and_stores_the_mask_as_if_it_were_the_secret(serve, version):
    api = serve(version)
    source = stripe(api, lookback_window_days=3)
    path = f"sources/{source['sourceId']}"
    api.made(path, "PATCH", configuration={"account_id": "acct_2"})
    assert stored(api, source) == {"client_secret": "sk_1", "account_id": "acct_2", "lookback_window_days": 3}
    api.made(path, "PATCH", configuration={"client_secret": MASK})
    assert stored(api, source)["client_secret"] == MASK


@pytest.mark.parametrize("version", EVERYWHERE)
def test_a_secret_inside_an_array_is_not_restored(serve, version):
    api = serve(version)
    wanted = {
        "user_auth_key": "key",
        "applications": [{"app_id": "1", "app_api_key": "inner"}],
        "start_date": "2024-01-01T00:00:00Z",
        "outcome_names": "os__click.count",
    }
    made = api.made("sources", name="s", workspaceId=api.workspace, definitionId=ONESIGNAL, configuration=wanted)
    api.made(f"sources/{made['sourceId']}", "PUT", name="s", configuration=made["configuration"])
    kept = stored(api, made)
    assert (kept["user_auth_key"], kept["applications"][0]["app_api_key"]) == ("key", MASK)


@pytest.mark.parametrize(("version", "shown"), [("1.6", False), ("1.8", True), ("2.0", True), ("cloud", False)])
def test_coordinates_tell_the_version_of_a_secret_on_self_managed_servers(serve, version, shown):
    api = serve(version, odd_requests=True)
    source = stripe(api)
    path = f"sources/{source['sourceId']}"

    def coordinate():
        return api.public("GET", path, includeSecretCoordinates=True).json["configuration"]["client_secret"]

    first = coordinate()
    api.made(path, "PATCH", configuration={"client_secret": "sk_1"})
    second = coordinate()
    if not shown:
        assert (first, second) == (MASK, MASK)
        return
    assert first.startswith(f"secret_coordinate::airbyte_workspace_{api.workspace}_secret_")
    assert (first.rpartition("_v")[2], second.rpartition("_v")[2]) == ("1", "2")
    assert api.public("GET", path).json["configuration"]["client_secret"] == MASK


def test_a_coordinate_that_is_sent_is_kept_as_a_reference(serve):
    api = serve("2.0")
    source = stripe(api)
    path = f"sources/{source['sourceId']}"
    api.made(path, "PATCH", configuration={"client_secret": "secret_coordinate::vault/path#key"})
    found = api.public("GET", path, includeSecretCoordinates=True).json["configuration"]["client_secret"]
    assert found == "secret_coordinate::vault/path#key"
    api.made(path, "PATCH", configuration={"client_secret": "sk_2"})
    assert stored(api, source)["client_secret"] == "sk_2"


@pytest.mark.parametrize("version", EVERYWHERE)
def test_what_was_deleted_is_still_answered_and_deleted_again(serve, version):
    api = serve(version)
    source = stripe(api)
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
        configurations={"streams": [{"name": "customers"}]},
    )
    for _ in range(2):
        assert api.public("DELETE", f"sources/{source['sourceId']}").status == 204
    left = api.public("GET", f"sources/{source['sourceId']}")
    assert (left.status, left.json["configuration"]) == (200, None)
    cascaded = api.public("GET", f"connections/{connection['connectionId']}")
    assert (cascaded.status, cascaded.json["status"]) == (200, "deprecated")
    assert api.public("DELETE", f"connections/{connection['connectionId']}").status == 204
    for path, deleted in (("sources", 1), ("connections", 1), ("destinations", 1)):
        assert len(api.public("GET", path, includeDeleted=True).json["data"]) == deleted
    assert [len(api.public("GET", path).json["data"]) for path in ("sources", "connections")] == [0, 0]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_check_is_200_whatever_comes_of_it(serve, version):
    api = serve(version)
    outcomes = {}
    for account in ("acct_1", "fail:check", "crash:check"):
        source = stripe(api, account_id=account)
        outcomes[account] = api.ok("sources/check_connection", sourceId=source["sourceId"])
    assert outcomes["acct_1"]["status"] == "succeeded"
    assert outcomes["fail:check"]["status"] == "failed"
    assert "status" not in outcomes["crash:check"]
    assert outcomes["crash:check"]["jobInfo"]["succeeded"] is False
