"""What is peculiar to the Public API beyond its messages: pages, selected streams, answers that cannot be sent."""

from __future__ import annotations

import pytest
from airbyte_local import Fault

EVERYWHERE = ("0.50", "1.5", "1.6", "1.8", "2.0", "cloud")
FULL = {"sources": [{"name": "s{n}", "count": 45}]}


def ends(api, count=1):
    """A source of three streams and a destination."""
    here = {"name": "n", "workspaceId": api.workspace}
    configuration = {"destinationType": "local-json", "destination_path": "/local/x"}
    return {
        "sourceId": api.made("sources", **here, configuration={"sourceType": "faker", "count": count})["sourceId"],
        "destinationId": api.made("destinations", **here, configuration=configuration)["destinationId"],
    }


def names(connection):
    return {stream["name"] for stream in connection["configurations"]["streams"]}


@pytest.mark.parametrize("version", EVERYWHERE)
def test_next_is_there_until_a_page_is_empty(serve, version):
    api = serve(version)
    api.server.seed(**FULL)
    pages = [api.public("GET", "sources", offset=offset).json for offset in (0, 20, 40, 60)]
    assert [len(page["data"]) for page in pages] == [20, 20, 5, 0]
    assert [bool(page["next"]) for page in pages] == [True, True, True, False]
    assert [bool(page["previous"]) for page in pages] == [False, True, True, True]
    assert len({each["sourceId"] for page in pages for each in page["data"]}) == 45


def test_next_leads_to_where_nobody_is_but_on_cloud(serve):
    own, cloud, told = serve("2.0"), serve("cloud"), serve("2.0", api_host="https://airbyte.example/api/public")
    for api, host in (
        (own, "http://localhost:8001/api/public/v1/"),
        (cloud, f"{cloud.server.url}/v1/"),
        (told, "https://airbyte.example/api/public/v1/"),
    ):
        shown = api.public("GET", "workspaces", workspaceIds=api.workspace, limit=5).json["next"]
        assert shown.startswith(f"{host}workspaces?")
        assert f"workspaceIds={api.workspace}" in shown
        assert shown.endswith("limit=5&offset=5")


def test_workspaces_may_be_named_more_than_once_or_between_commas(serve):
    api = serve("2.0")
    others = [api.made("workspaces", name=name)["workspaceId"] for name in "ab"]
    api.server.seed(sources=[{"name": "s", "workspace": each} for each in [*others, api.workspace]])
    for query in ({"workspaceIds": others}, {"workspaceIds": ",".join(others)}):
        rows = api.public("GET", "sources", **query).json["data"]
        assert {row["workspaceId"] for row in rows} == set(others)
    assert len(api.public("GET", "sources").json["data"]) == 3


@pytest.mark.parametrize("version", EVERYWHERE)
@pytest.mark.parametrize("action", ["pages-shuffled", "pages-repeat-skip"])
def test_pages_lie_on_demand(serve, version, action):
    api = serve(version)
    api.server.seed(sources=[{"name": "s{n}", "count": 40}])
    api.server.fault("sources", action)
    rows = [row for offset in (0, 20) for row in api.public("GET", "sources", offset=offset).json["data"]]
    assert len({row["sourceId"] for row in rows}) < len(rows) == 40


@pytest.mark.parametrize("version", ["1.8", "2.0"])
def test_pages_are_capped_on_demand(serve, version):
    api = serve(version)
    api.server.seed(**FULL)
    api.server.faults(Fault(action="pages-capped", size=20))
    page = {"workspaceIds": [api.workspace], "pagination": {"pageSize": 1000}}
    assert len(api.ok("sources/list", workspaceId=api.workspace, pageSize=1000)["sources"]) == 20
    assert len(api.ok("sources/list_paginated", page)["sources"]) == 20
    assert len(api.public("GET", "sources", limit=100).json["data"]) == 20
    api.server.faults()
    assert len(api.ok("sources/list_paginated", page)["sources"]) == 45


@pytest.mark.parametrize("version", ["0.50", "1.5", "1.6"])
def test_what_is_not_paged_is_not_capped(serve, version):
    api = serve(version)
    api.server.seed(**FULL)
    api.server.fault("", "pages-capped", size=20)
    assert len(api.ok("sources/list", workspaceId=api.workspace)["sources"]) == 45


@pytest.mark.parametrize("version", EVERYWHERE)
def test_without_streams_a_source_of_several_gives_an_empty_connection(serve, version):
    api = serve(version)
    assert names(api.made("connections", **ends(api))) == set()
    assert names(api.made("connections", **ends(api), configurations={"streams": []})) == set()


def test_without_streams_a_source_of_one_gives_that_one(serve):
    api = serve("2.0")
    (api.server.files / "a.csv").write_text("a\n1\n")
    url = f"{api.server.url}/_local/files/a.csv"
    file = {
        "sourceType": "file",
        "dataset_name": "a",
        "format": "csv",
        "url": url,
        "provider": {"storage": "HTTPS"},
    }
    source = api.made("sources", name="f", workspaceId=api.workspace, configuration=file)["sourceId"]
    (stream,) = api.made("connections", **{**ends(api), "sourceId": source})["configurations"]["streams"]
    assert (stream["name"], stream["syncMode"]) == ("a", "full_refresh_overwrite")


@pytest.mark.parametrize("version", EVERYWHERE)
def test_a_patch_with_streams_replaces_the_selection_and_one_without_leaves_it(serve, version):
    api = serve(version)
    streams = [{"name": "users"}, {"name": "products"}]
    path = (
        f"connections/{api.made('connections', **ends(api), configurations={'streams': streams})['connectionId']}"
    )
    for untouched in ({"name": "x"}, {"configurations": {"streams": []}}):
        assert names(api.made(path, "PATCH", **untouched)) == {"users", "products"}
    assert names(api.made(path, "PATCH", configurations={"streams": [{"name": "purchases"}]})) == {"purchases"}


@pytest.mark.parametrize("version", EVERYWHERE)
def test_defaults_of_a_new_connection_are_not_those_of_the_config_api(serve, version):
    api = serve(version)
    made = api.made("connections", **ends(api))
    shown = {key: made[key] for key in ("status", "namespaceDefinition", "prefix", "schedule", "name")}
    assert shown == {
        "status": "active",
        "namespaceDefinition": "destination",
        "prefix": "",
        "schedule": {"scheduleType": "manual"},
        "name": "n <> n",
    }
    assert made["nonBreakingSchemaUpdatesBehavior"] == "ignore"
    if version != "cloud":
        config = api.ok("connections/create", **ends(api), status="active")
        assert config["namespaceDefinition"] == "source"


@pytest.mark.parametrize("version", ["1.5", "1.6", "1.8", "2.0", "cloud"])
def test_an_answer_cannot_be_sent_again_as_it_is(serve, version):
    api = serve(version)
    made = api.made("connections", **ends(api), configurations={"streams": [{"name": "users"}]})
    again = api.public("PATCH", f"connections/{made['connectionId']}", {"configurations": made["configurations"]})
    assert again.status == 400


def test_a_pair_of_modes_without_a_public_name_is_shown_without_one(serve, choose):
    api = serve("2.0")
    source = api.source()["sourceId"]
    found = api.ok("sources/discover_schema", sourceId=source)["catalog"]["streams"]
    odd = [choose(entry, syncMode="incremental", destinationSyncMode="overwrite") for entry in found]
    made = api.connection(source, syncCatalog={"streams": odd})
    shown = api.public("GET", f"connections/{made['connectionId']}").json["configurations"]["streams"]
    assert all("syncMode" not in stream for stream in shown)


def test_deprecated_connections_can_still_be_changed(serve):
    api = serve("2.0")
    path = f"connections/{api.made('connections', **ends(api))['connectionId']}"
    assert api.public("DELETE", path).status == 204
    assert api.made(path, "PATCH", name="renamed")["status"] == "deprecated"


@pytest.mark.parametrize("version", ["2.0", "cloud"])
def test_tags_on_connections_are_known_by_their_ids_alone(serve, version):
    api = serve(version)
    tag = api.made("tags", name="t", color="AABBCC", workspaceId=api.workspace)
    stranger = {**tag, "tagId": "99999999-9999-4999-8999-999999999999"}
    made = api.made("connections", **ends(api), tags=[{**tag, "name": "whatever"}, stranger])
    assert made["tags"] == [tag]
    assert len(api.public("GET", "connections", tagIds=tag["tagId"]).json["data"]) == 1
    assert api.made(f"connections/{made['connectionId']}", "PATCH", tags=[])["tags"] == []


def test_connector_definitions_need_a_workspace(serve):
    api = serve("2.0")
    assert api.public("GET", "connector_definitions", type="source").status == 500
    rows = api.public("GET", "connector_definitions", type="destination", workspaceId=api.workspace).json["data"]
    assert {"Local JSON"} <= {row["name"] for row in rows}


def test_what_only_enterprise_has_is_501_or_not_there(serve):
    api = serve("2.0")
    assert api.public("POST", "sources/initiateOAuth", {}).status == 501
    assert api.public("GET", "permissions").status == 404


def test_a_server_under_load_says_429_without_saying_when_to_come_back(serve):
    api = serve("cloud")
    body = {"message": "You are being rate limited."}
    api.server.fault("sources", "status", status=429, body=body, times=1)
    refused = api.client.get("/v1/sources")
    assert (refused.status_code, refused.json(), "retry-after" in refused.headers) == (429, body, False)
    assert api.public("GET", "sources").status == 200


def test_a_body_beyond_ten_megabytes_is_refused(serve):
    api = serve("2.0")
    assert api.client.post("/api/public/v1/sources", content=b" " * (10 * 1024 * 1024 + 1)).status_code == 413
