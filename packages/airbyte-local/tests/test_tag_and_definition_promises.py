"""Tags, definitions, state, workspaces. What is refused because of jobs is in jobs/test_refusals.py."""

from __future__ import annotations

import pytest

VERSIONS = ("0.50", "1.5", "1.6", "1.8", "2.0")
NIL_ID = "00000000-0000-0000-0000-000000000000"
FAKER = "dfd88b22-b603-4c3d-aad7-3701784586b1"
IMAGE = {
    "name": "mine",
    "dockerRepository": "me/x",
    "dockerImageTag": "1.0",
    "documentationUrl": "https://x.example",
}


@pytest.mark.parametrize("version", ["1.6", "1.8", "2.0", "cloud"])
def test_tags_of_the_public_api(serve, version):
    api = serve(version)
    tag = {"name": "t", "color": "AABBCC", "workspaceId": api.workspace}
    api.made("tags", **tag)
    again = api.public("POST", "tags", tag)
    assert (again.status, again.json["type"]) == (409, "error:tag-already-exists")
    api.made("tags", **{**tag, "name": "T"})
    for changes, name in (
        ({"name": "u", "color": "#AABBC"}, "tag-invalid-hex-color"),
        ({"name": "u" * 31}, "tag-name-too-long"),
    ):
        refused = api.public("POST", "tags", {**tag, **changes})
        assert (refused.status, refused.json["type"]) == (400, f"error:{name}")


@pytest.mark.parametrize("version", ["1.5", "1.6", "1.8", "2.0"])
def test_tags_of_the_config_api(serve, version):
    api = serve(version)
    tag = {"name": "t", "color": "AABBCC", "workspaceId": api.workspace}
    api.ok("tags/create", tag)
    assert api.refused(409, "tags/create", tag)["type"] == "error:tag-already-exists"
    for n in range(99):
        api.ok("tags/create", {**tag, "name": f"t{n}"})
    full = api.refused(400, "tags/create", {**tag, "name": "one more"})
    assert full["type"] == "error:tag-limit-for-workspace-reached"


@pytest.mark.parametrize("version", ["1.6", "1.8", "2.0"])
def test_only_custom_definitions_are_changed(serve, version):
    api = serve(version)
    root = f"workspaces/{api.workspace}/definitions/sources"
    for method, body in (("PUT", {"name": "x", "dockerImageTag": "1"}), ("DELETE", None)):
        refused = api.public(method, f"{root}/{FAKER}", body)
        assert (refused.status, refused.json["data"]) == (
            400,
            {"message": "Public definitions cannot be modified."},
        )
    made = api.made(root, **IMAGE)
    changed = api.made(f"{root}/{made['id']}", "PUT", name="renamed", dockerImageTag="2.0")
    assert (changed["name"], changed["dockerImageTag"]) == ("renamed", "2.0")
    assert api.public("DELETE", f"{root}/{made['id']}").status == 200
    assert api.public("GET", f"{root}/{made['id']}").status == 404


@pytest.mark.parametrize("version", ["1.6", "1.8", "2.0"])
def test_an_image_without_a_specification(serve, version):
    api = serve(version)
    image = {**IMAGE, "dockerImageTag": "fail:spec"}
    refused = api.public("POST", f"workspaces/{api.workspace}/definitions/destinations", image)
    assert (refused.status, refused.json["title"]) == (409, "state-conflict")
    assert refused.json["data"] == {"message": "Could not fulfill request"}
    assert (
        api.ask("source_definitions/create_custom", workspaceId=api.workspace, sourceDefinition=image).status == 500
    )


def test_images_are_not_for_cloud(serve):
    api = serve("cloud")
    for kind in ("sources", "destinations"):
        refused = api.public("POST", f"workspaces/{api.workspace}/definitions/{kind}", IMAGE)
        message = "Non-declarative definitions cannot be created or updated in Airbyte Cloud."
        assert (refused.status, refused.json["data"]) == (400, {"message": message})


@pytest.mark.parametrize("version", ["1.6", "1.8", "2.0", "cloud"])
def test_versions_of_a_manifest(serve, version):
    api = serve(version, odd_requests=True)
    root = f"workspaces/{api.workspace}/definitions"
    schema = {
        "type": "object",
        "required": ["key"],
        "properties": {"key": {"type": "string", "airbyte_secret": True}},
    }
    manifest = {"version": "6.0.0", "spec": {"type": "Spec", "connection_specification": schema}}
    made = api.made(f"{root}/declarative_sources", name="mine", manifest={})
    assert (made["version"], made["manifest"]) == (1, {})
    changed = api.made(f"{root}/declarative_sources/{made['id']}", "PUT", name="other", manifest=manifest)
    assert changed == {"id": made["id"], "name": "mine", "manifest": manifest, "version": 2}
    assert api.public("GET", f"{root}/sources/{made['id']}").status == 404
    assert api.public("GET", f"{root}/declarative_sources/{FAKER}").status == 400
    elsewhere = api.made("workspaces", name="w")["workspaceId"]
    missing = api.public("GET", f"workspaces/{elsewhere}/definitions/declarative_sources/{made['id']}")
    assert (missing.status, "message" in missing.json["data"]) == (404, True)
    here = {"name": "s", "workspaceId": api.workspace, "definitionId": made["id"]}
    assert api.public("POST", "sources", {**here, "configuration": {}}).status == 422
    source = api.made("sources", **here, configuration={"key": "k"})
    assert (source["configuration"], source["sourceType"]) == ({"key": "*" * 10}, "")
    assert api.public("DELETE", f"{root}/declarative_sources/{made['id']}").status == 200
    assert [each["id"] for each in api.public("GET", f"{root}/declarative_sources").json["data"]] == []


@pytest.mark.parametrize("version", ["1.6", "1.8", "2.0"])
def test_a_version_of_a_manifest_that_is_there_is_refused(serve, version):
    api = serve(version, odd_requests=True)
    root = f"workspaces/{api.workspace}/definitions"
    made = api.made(f"{root}/declarative_sources", name="mine", manifest={"version": "1"})
    which = {"workspaceId": api.workspace, "sourceDefinitionId": made["id"]}
    second = {
        "version": 2,
        "description": "d",
        "manifest": {"version": "2"},
        "spec": {"connectionSpecification": {}},
    }
    offered = {**which, "setAsActiveManifest": False, "declarativeManifest": second}
    endpoint = "declarative_source_definitions/create_manifest"
    assert api.ask(endpoint, **offered).status == 201
    again = api.ask(endpoint, **offered)
    assert (again.status, again.json["message"]) == (
        409,
        f"Version '2' for source {made['id']} already exists",
    )
    listed = api.ok("declarative_source_definitions/list_manifests", **which)["manifestVersions"]
    assert [(each["version"], each["isActive"]) for each in listed] == [(1, True), (2, False)]
    assert api.ask("declarative_source_definitions/update_active_manifest", **which, version=2).status == 204
    assert api.public("GET", f"{root}/declarative_sources/{made['id']}").json["version"] == 2
    mine = f"{root}/declarative_sources/{made['id']}"
    third = api.made(mine, "PUT", name="mine", manifest={"version": "3"})
    assert third["version"] == 3
    assert api.ask(endpoint, **{**offered, **which, "sourceDefinitionId": FAKER}).status == 400
    missing = "declarative_source_definitions/update_active_manifest"
    assert api.ask(missing, **which, version=9).status == 404


@pytest.mark.parametrize("version", VERSIONS)
def test_a_draft_of_the_builder_is_published_and_published_again(serve, version):
    api = serve(version, odd_requests=True)
    here = {"workspaceId": api.workspace}
    first = {"name": "mine", "draftManifest": {"version": "1"}}
    made = api.ask("connector_builder_projects/create", **here, builderProject=first)
    assert made.status == 201
    which = {**here, "builderProjectId": made.json["builderProjectId"]}
    draft = api.ok("connector_builder_projects/get_with_manifest", **which)
    assert draft["declarativeManifest"] == {"manifest": {"version": "1"}, "isDraft": True}
    offered = {
        "manifest": {"version": "1"},
        "spec": {"connectionSpecification": {}},
        "description": "d",
        "version": 1,
    }
    published = api.ok(
        "connector_builder_projects/publish", **which, name="Mine", initialDeclarativeManifest=offered
    )
    definition = published["sourceDefinitionId"]
    (project,) = api.ok("connector_builder_projects/list", **here)["projects"]
    assert (project["sourceDefinitionId"], project["activeDeclarativeManifestVersion"], project["hasDraft"]) == (
        definition,
        1,
        False,
    )
    changed = {"name": "mine", "draftManifest": {"version": "2"}}
    assert api.ask("connector_builder_projects/update", **which, builderProject=changed).status == 204
    second = {**here, "sourceDefinitionId": definition, "setAsActiveManifest": True}
    offered = {**offered, "manifest": {"version": "2"}, "version": 2}
    endpoint = "declarative_source_definitions/create_manifest"
    assert api.ask(endpoint, **second, declarativeManifest=offered).status == 201
    shown = api.ok("connector_builder_projects/get_with_manifest", **which)
    assert shown["builderProject"]["hasDraft"] is False
    assert shown["declarativeManifest"]["manifest"] == {"version": "2"}
    old = api.ok("connector_builder_projects/get_with_manifest", **which, version=1)["declarativeManifest"]
    assert old == {"manifest": {"version": "1"}, "isDraft": False, "version": 1, "description": "d"}
    assert api.ask("connector_builder_projects/get_with_manifest", **which, version=9).status == 404
    assert api.ask("connector_builder_projects/delete", **which).status == 204
    assert api.ok("connector_builder_projects/list", **here) == {"projects": []}
    assert api.ask("connector_builder_projects/get_with_manifest", **which).status == 404


@pytest.mark.parametrize(("version", "actions"), [("0.50", [None]), ("2.0", ["auto_upgrade"])])
def test_sources_tell_of_breaking_changes_until_their_connector_is_past_them(serve, version, actions):
    api = serve(version)
    listed = api.ok("source_definitions/list_for_workspace", workspaceId=api.workspace)["sourceDefinitions"]
    (feed,) = [each["sourceDefinitionId"] for each in listed if each["name"] == "E2E Testing"]
    here = {"workspaceId": api.workspace, "sourceDefinitionId": feed}
    configuration = {"type": "INFINITE_FEED", "max_records": 1}
    made = api.ok("sources/create", **here, name="s", connectionConfiguration=configuration)
    told = made["breakingChanges"]
    assert [change["version"] for change in told["upcomingBreakingChanges"]] == ["3.0.0", "4.0.0"]
    assert (told["minUpgradeDeadline"], [told.get("deadlineAction")]) == ("2027-03-31", actions)
    api.ok("source_definitions/update", **here, dockerImageTag="4.0.0")
    assert "breakingChanges" not in api.ok("sources/get", sourceId=made["sourceId"])


@pytest.mark.parametrize("version", VERSIONS)
def test_state_is_set_while_nothing_runs(serve, version):
    """Nothing ever runs here yet, so nothing is ever refused with 423."""
    api = serve(version)
    connection = api.connection()["connectionId"]
    state = {"stateType": "stream", "connectionId": connection, "streamState": []}
    assert api.ok("state/create_or_update_safe", connectionId=connection, connectionState=state)


@pytest.mark.parametrize(("version", "status"), [("0.50", 200), ("1.5", 500), ("1.8", 500), ("2.0", 500)])
def test_a_workspace_without_an_organization(serve, version, status):
    assert serve(version).ask("workspaces/create", name="w").status == status


@pytest.mark.parametrize("version", ["1.6", "1.8", "2.0", "cloud"])
def test_notifications_merge_event_by_event_and_a_webhook_needs_a_url(serve, version):
    api = serve(version)
    path = f"workspaces/{api.workspace}"
    before = api.public("GET", path).json["notifications"]
    assert [event for event in before if not before[event]["email"]["enabled"]] == ["success"]
    refused = api.public("PATCH", path, {"notifications": {"failure": {"webhook": {"enabled": True}}}})
    assert (refused.status, refused.json["type"]) == (400, "error:notification/config/missing-url")
    assert refused.json["data"] == {"message": "The 'failure' notification is enabled but is missing a URL."}
    hook = {"enabled": True, "url": "https://hook.example"}
    after = api.made(path, "PATCH", notifications={"failure": {"webhook": hook}})["notifications"]
    assert after == {**before, "failure": {"email": {"enabled": True}, "webhook": hook}}


@pytest.mark.parametrize("version", ["1.8", "2.0"])
def test_a_public_change_of_a_workspace_erases_its_webhooks(serve, version):
    api = serve(version)
    hooks = [{"name": "dbt", "authToken": "t"}]
    api.ok("workspaces/update", workspaceId=api.workspace, webhookConfigs=hooks)
    api.made(f"workspaces/{api.workspace}", "PATCH", name="renamed")
    assert api.ok("workspaces/get", workspaceId=api.workspace)["webhookConfigs"] == []


def test_a_public_workspace_is_always_of_the_one_organization(serve):
    api = serve("2.0")
    made = api.made("workspaces", name="w", organizationId="11111111-1111-4111-8111-111111111111")
    assert api.ok("workspaces/get", workspaceId=made["workspaceId"])["organizationId"] == NIL_ID
