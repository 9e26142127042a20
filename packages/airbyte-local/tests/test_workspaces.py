"""Workspaces, the instance, and who may ask."""

from __future__ import annotations

import uuid

import httpx
import pytest
from airbyte_local import server

NIL_ID = "00000000-0000-0000-0000-000000000000"
UNKNOWN = "11111111-1111-1111-1111-111111111111"


def create(api, name="Sales Team", **more):
    return api.ok("workspaces/create", name=name, organizationId=NIL_ID, **more)


def listed(api, **more):
    found = api.ok("workspaces/list_by_organization_id", organizationId=NIL_ID, **more)["workspaces"]
    return [workspace["name"] for workspace in found]


def test_there_is_a_default_workspace_with_a_random_id_that_is_its_slug(api):
    (workspace,) = api.ok("workspaces/list_by_organization_id", organizationId=NIL_ID)["workspaces"]
    assert workspace["name"] == "Default Workspace"
    assert workspace["slug"] == workspace["workspaceId"] == str(uuid.UUID(workspace["workspaceId"]))
    with server() as other:
        assert other.workspace_id != workspace["workspaceId"]


def test_the_old_list_of_workspaces_is_gone(api):
    reply = api.client.post("/api/v1/workspaces/list", json={})
    assert (reply.status_code, reply.text) == (404, "Object not found.")
    assert reply.headers["content-type"] == "application/json"


def test_workspaces_are_listed_by_organization_user_and_id(api):
    made = create(api)
    assert listed(api) == ["Default Workspace", "Sales Team"]
    assert listed(api, nameContains="sales") == ["Sales Team"]
    assert listed(api, pagination={"pageSize": 1, "rowOffset": 1}) == ["Sales Team"]
    assert len(api.ok("workspaces/list_by_user_id", userId=NIL_ID)["workspaces"]) == 2
    body = {"workspaceIds": [made["workspaceId"]], "pagination": {"pageSize": 5, "rowOffset": 0}}
    assert len(api.ok("workspaces/list_paginated", body)["workspaces"]) == 1
    assert api.ok("workspaces/list_by_organization_id", organizationId=UNKNOWN)["workspaces"] == []


def test_names_may_be_taken_twice_and_slugs_may_not(api):
    first, second = create(api), create(api)
    assert first["slug"] == "sales-team"
    assert second["slug"].startswith("sales-team-")
    assert api.ok("workspaces/get_by_slug", slug="sales-team")["workspaceId"] == first["workspaceId"]


def test_a_new_name_changes_the_slug(api):
    made = create(api)
    assert api.ok("workspaces/update_name", workspaceId=made["workspaceId"], name="Support")["slug"] == "support"
    assert api.ok("workspaces/update", workspaceId=made["workspaceId"], name="Help")["slug"] == "help"


def test_any_update_without_webhooks_erases_them(api):
    made = create(api, webhookConfigs=[{"name": "w", "authToken": "secret"}])
    assert [webhook["name"] for webhook in made["webhookConfigs"]] == ["w"]
    assert "secret" not in str(made)
    changed = api.ok("workspaces/update", workspaceId=made["workspaceId"], news=True)
    assert (changed["webhookConfigs"], changed["news"]) == ([], True)


def test_a_workspace_can_be_made_under_a_chosen_id_once(api):
    body = {"id": UNKNOWN, "name": "mine", "organizationId": NIL_ID}
    assert api.ok("workspaces/create_if_not_exist", body)["workspaceId"] == UNKNOWN
    assert api.ok("workspaces/create_if_not_exist", {**body, "name": "other"})["name"] == "mine"


def test_a_deleted_workspace_is_not_found_unless_asked_for(api):
    made = create(api)
    key = {"workspaceId": made["workspaceId"]}
    assert api.ask("workspaces/delete", key).status == 204
    api.refused(404, "workspaces/get", key)
    assert api.ok("workspaces/get", {**key, "includeTombstone": True})["tombstone"] is True
    assert listed(api) == ["Default Workspace"]


def test_deleting_a_workspace_leaves_all_but_twenty_of_its_sources_behind(api):
    api.server.seed(sources=[{"name": "n{n}", "count": 25}])
    workspace = api.workspace
    api.ok("workspaces/delete", workspaceId=workspace)
    body = {"workspaceIds": [workspace], "pagination": {"pageSize": 100}}
    assert len(api.ok("sources/list_paginated", body)["sources"]) == 5


def test_a_missing_organization_is_a_crash(api):
    assert list(api.refused(500, "workspaces/create", name="x")) == ["errorId"]


def test_a_workspace_is_found_by_one_of_its_connections(api):
    made = api.connection()
    assert (
        api.ok("workspaces/get_by_connection_id", connectionId=made["connectionId"])["workspaceId"] == api.workspace
    )


def test_the_instance_says_its_version_and_no_default_workspace(api):
    found = api.client.get("/api/v1/instance_configuration").json()
    assert (found["version"], found["edition"], found["auth"]["mode"]) == ("2.0.0", "community", "none")
    assert "defaultWorkspaceId" not in found
    assert found["airbyteUrl"] == api.server.url
    assert api.client.get("/api/v1/health").json() == {"available": True}


def test_the_one_organization_is_the_nil_one(api):
    assert api.ok("organizations/get", organizationId=NIL_ID)["organizationId"] == NIL_ID
    assert len(api.ok("organizations/list_by_user_id", userId=NIL_ID)["organizations"]) == 1
    api.refused(404, "organizations/get", organizationId=UNKNOWN)


@pytest.mark.parametrize("given", [None, ("airbyte", "wrong"), ("other", "pässword")])
def test_basic_auth_refuses_with_the_html_of_a_proxy(given):
    with (
        server(airbyte_version="0.50", auth="basic", username="airbyte", password="pässword") as running,
        httpx.Client(verify=False) as client,
    ):
        auth = httpx.BasicAuth(given[0], given[1].encode()) if given else None
        refused = client.get(f"{running.url}/api/v1/health", auth=auth)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Basic ")
        assert refused.headers["content-type"] == "text/html"
        right = httpx.BasicAuth("airbyte", "pässword".encode())
        assert client.get(f"{running.url}/api/v1/health", auth=right).json() == {"available": True}
        assert client.get(f"{running.url}/_local/health").status_code == 200
