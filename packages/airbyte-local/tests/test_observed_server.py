"""What a running Airbyte server was seen to answer, where its contract or its source let one expect otherwise."""

from __future__ import annotations

import uuid

import pytest
from airbyte_local.model import configurations, validation

NIL_ID = "00000000-0000-0000-0000-000000000000"
NOBODY = "99999999-9999-4999-8999-999999999999"
PLACEHOLDER = "secret_placeholder"
KINDS = pytest.mark.parametrize("kind", ["source", "destination"])
EVERY = pytest.mark.parametrize("version", ["0.50", "1.5", "1.6", "1.8", "2.0"])
CONFIGURATIONS = {"source": {}, "destination": {"destination_path": "/local/x"}}
TYPES = {"source": "Sample Data", "destination": "Local JSON"}
JSON = {"content-type": "application/json"}


@pytest.fixture
def odd(serve):
    """The latest version, of which things are asked that its contract does not allow."""
    return serve("2.0", odd_requests=True)


def is_bare(json):
    return list(json) == ["errorId"] and bool(uuid.UUID(json["errorId"]))


def offered(api, kind, **changes):
    body = {
        "workspaceId": api.workspace,
        f"{kind}DefinitionId": api.definition(kind, TYPES[kind]),
        "name": "n",
        "connectionConfiguration": CONFIGURATIONS[kind],
        **changes,
    }
    return {name: value for name, value in body.items() if value != "absent"}


def selected(entry, **config):
    return {**entry, "config": {**entry["config"], "selected": True, **config}}


def ends(api, **more):
    return {"sourceId": api.source()["sourceId"], "destinationId": api.destination()["destinationId"], **more}


# --- requests


@pytest.mark.parametrize(
    ("path", "content", "reason"),
    [
        ("sources/get", b'{"sourceId": "no-uuid"}', "sourceId"),
        ("connections/create", b'{"status": "sometimes"}', "status"),
        ("sources/list_paginated", b'{"workspaceIds": {"a": 1}}', "workspaceIds"),
        ("sources/get", b"[1]", "object"),
        ("sources/get", b"{not json", "line 1"),
    ],
)
@EVERY
def test_a_body_that_is_none_is_a_400_of_the_framework_with_the_reason_inside(
    serve, version, path, content, reason
):
    refused = serve(version).client.post(f"/api/v1/{path}", content=content, headers=JSON)
    assert (refused.status_code, list(refused.json())) == (400, ["message", "_links", "_embedded"])
    assert reason in refused.json()["_embedded"]["errors"][0]["message"]


@pytest.mark.wide("2.0")
@pytest.mark.parametrize("content", [b"", b"{}"])
@EVERY
def test_a_missing_field_or_an_empty_body_is_a_500(serve, version, content):
    for path in ("sources/get", "connections/create", "destinations/list_paginated", "tags/create"):
        if not (path == "tags/create" and version == "0.50"):
            refused = serve(version, odd_requests=True).client.post(
                f"/api/v1/{path}", content=content, headers=JSON
            )
            assert refused.status_code == 500, path
            assert is_bare(refused.json()) == (version == "2.0"), path


def test_a_text_is_a_415_and_another_method_a_405_both_without_a_body(api):
    text = api.client.post("/api/v1/sources/list", content=b"{}", headers={"content-type": "text/plain"})
    method = api.client.get("/api/v1/sources/list")
    public = api.client.put("/api/public/v1/sources")
    told = [(answer.status_code, answer.content) for answer in (text, method, public)]
    assert told == [(415, b""), (405, b""), (405, b"")]


# --- sources and destinations


@pytest.mark.parametrize(
    ("constraint", "status"),
    [
        ({"pattern": "^sk_"}, 422),
        ({"pattern": "^secret"}, 200),
        ({"minLength": len(PLACEHOLDER) + 1}, 422),
        ({"maxLength": len(PLACEHOLDER) - 1}, 422),
        ({"minLength": len(PLACEHOLDER), "maxLength": len(PLACEHOLDER)}, 200),
        ({"enum": ["sk_1", "sk_2"]}, 422),
        ({"const": "sk_1"}, 422),
    ],
)
def test_a_stored_secret_that_a_partial_update_leaves_out_is_validated_as_a_placeholder(constraint, status):
    """The two steps that an update takes: no connector here has such a schema for a secret."""
    specification = {"properties": {"key": {"type": "string", "airbyte_secret": True, **constraint}}}
    stored = {"key": {"_secret": "airbyte_workspace_1_secret_2_v1"}, "n": 1}
    found = validation.violations(specification, configurations.for_validation(stored, {"n": 2}))
    assert (422 if found else 200) == status


@KINDS
def test_what_has_no_name_is_called_default(odd, kind):
    made = odd.ok(f"{kind}s/create", offered(odd, kind, name="absent"))
    assert made["name"] == "default"


@KINDS
@pytest.mark.parametrize(("length", "status"), [(256, 200), (257, 409)])
def test_a_name_has_room_for_256_characters(api, kind, length, status):
    name, made = "é" * length, api.ok(f"{kind}s/create", offered(api, kind))
    key = {f"{kind}Id": made[f"{kind}Id"]}
    full = {**key, "connectionConfiguration": CONFIGURATIONS[kind], "name": name}
    asked = [
        api.ask(f"{kind}s/create", offered(api, kind, name=name)),
        api.ask(f"{kind}s/update", full),
        api.ask(f"{kind}s/partial_update", {**key, "name": name}),
    ]
    assert {answer.status for answer in asked} == {status}
    if status == 409:
        assert asked[0].json["message"].startswith("Failed to access database")


@pytest.mark.parametrize(("length", "status"), [(256, 200), (257, 409)])
def test_so_have_the_names_of_connections_workspaces_and_definitions(api, length, status):
    name = "n" * length
    made = api.connection()
    custom = {"dockerRepository": "a/b", "dockerImageTag": "1", "documentationUrl": "", "name": name}
    asked = [
        api.ask("connections/create", ends(api, status="active", name=name)),
        api.ask("connections/update", connectionId=made["connectionId"], name=name),
        api.ask("workspaces/create", name=name, organizationId=NIL_ID),
        api.ask("workspaces/update_name", workspaceId=api.workspace, name=name),
        api.ask("source_definitions/create_custom", workspaceId=api.workspace, sourceDefinition=custom),
    ]
    assert {answer.status for answer in asked} == {status}


@KINDS
def test_a_missing_configuration_is_a_500_and_one_of_null_a_422(odd, kind):
    odd.refused(500, f"{kind}s/create", offered(odd, kind, connectionConfiguration="absent"))
    for nothing in (None, [], "text", 7):
        refused = odd.refused(422, f"{kind}s/create", offered(odd, kind, connectionConfiguration=nothing))
        assert "does not fulfill the specification" in refused["message"]


@KINDS
def test_an_empty_list_proves_no_workspace(api, kind):
    assert api.ok(f"{kind}s/list", workspaceId=NOBODY)[f"{kind}s"] == []


@KINDS
def test_a_page_of_no_rows_has_none_and_one_of_fewer_is_refused(api, kind):
    api.ok(f"{kind}s/create", offered(api, kind))
    mine = {"workspaceId": api.workspace}
    assert api.ok(f"{kind}s/list", {**mine, "pageSize": 0})[f"{kind}s"] == []
    api.refused(409, f"{kind}s/list", {**mine, "pageSize": -1})
    api.refused(409, f"{kind}s/list_paginated", workspaceIds=[api.workspace], pagination={"pageSize": -1})


def test_a_search_finds_nothing_ever(api):
    made = api.connection(name="c")
    for path, name in (("sources", "s"), ("destinations", "d"), ("connections", "c")):
        assert api.ok(f"{path}/search", name=name) == {path: []}
    assert api.ok("connections/search", connectionId=made["connectionId"]) == {"connections": []}


@KINDS
def test_a_single_read_has_no_status_and_in_lists_what_is_unused_is_inactive(api, kind):
    used = api.connection()[f"{kind}Id"]
    unused = api.ok(f"{kind}s/create", offered(api, kind))
    got = api.ok(f"{kind}s/get", {f"{kind}Id": unused[f"{kind}Id"]})
    for read in (unused, got):
        assert ("status" in read, read["connectionJobStatuses"]) == (False, {})
    page = {"workspaceIds": [api.workspace], "pagination": {}}
    for listed in (api.ok(f"{kind}s/list", workspaceId=api.workspace), api.ok(f"{kind}s/list_paginated", page)):
        states = {actor[f"{kind}Id"]: actor["status"] for actor in listed[f"{kind}s"]}
        assert states == {used: "active", unused[f"{kind}Id"]: "inactive"}
    for state, wanted in (("active", used), ("inactive", unused[f"{kind}Id"])):
        body = {"workspaceId": api.workspace, "filters": {"states": [state]}}
        assert [actor[f"{kind}Id"] for actor in api.ok(f"{kind}s/list", body)[f"{kind}s"]] == [wanted]


@KINDS
def test_what_was_deleted_has_a_configuration_of_null_and_cannot_be_changed(api, kind):
    made = api.ok(f"{kind}s/create", offered(api, kind))
    key = {f"{kind}Id": made[f"{kind}Id"]}
    api.ok(f"{kind}s/delete", key)
    assert api.ok(f"{kind}s/get", key)["connectionConfiguration"] is None
    full = {"name": "n", "connectionConfiguration": CONFIGURATIONS[kind]}
    assert api.ask(f"{kind}s/partial_update", {**key, **full}).status == 422
    assert api.ask(f"{kind}s/update", {**key, **full}).status == 500
    path = f"{kind}s/{made[f'{kind}Id']}"
    assert api.public("GET", path).json["configuration"] is None
    assert api.public("PATCH", path, {"name": "n"}).status == 422


# --- connections


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", ["sources/list_paginated", "connections/list_paginated", "connections/list", "public"]
)
def test_a_list_has_no_order_and_an_update_moves_a_row_to_another_page(api, path):
    plan = {"sources": [{"name": "s{n}", "count": 30}], "destinations": [{"name": "d"}]}
    connections = [{"name": f"c{n}", "source": f"s{n}", "destination": "d", "streams": []} for n in range(30)]
    made = api.server.seed(**plan, connections=connections)
    kind = "source" if path.startswith("sources") else "connection"

    def listed():
        if path == "public":
            return [row["connectionId"] for row in api.public("GET", "connections", limit=100).json["data"]]
        body = {"workspaceIds": [api.workspace], "userId": NIL_ID, "pagination": {"pageSize": 100}}
        if path == "connections/list":
            body = {"workspaceId": api.workspace}
        return [row[f"{kind}Id"] for row in api.ok(path, body)[f"{kind}s"]]

    before = listed()
    assert (set(before), before != made[f"{kind}s"], listed()) == (set(made[f"{kind}s"]), True, before)
    moved = 0
    for actor in before[:10]:
        update = "sources/partial_update" if kind == "source" else "connections/update"
        api.ok(update, {f"{kind}Id": actor, "name": "moved"})
        after = listed()
        assert sorted(after) == sorted(before)
        moved += after.index(actor) // 10 != before.index(actor) // 10
    assert moved > 0


def test_connections_of_workspaces_are_listed_without_a_user_and_tags(odd):
    made = odd.connection()
    listed = odd.ok("connections/list_paginated", workspaceIds=[odd.workspace])["connections"]
    assert [connection["connectionId"] for connection in listed] == [made["connectionId"]]


def test_a_connection_without_a_status_is_in_one_list_alone_and_outlives_its_ends(odd):
    between = ends(odd)
    made = odd.ok("connections/create", between)
    key, mine = {"connectionId": made["connectionId"]}, {"workspaceId": odd.workspace}
    assert "status" not in made
    assert odd.ok("connections/list", mine)["connections"] == []
    assert [connection["connectionId"] for connection in odd.ok("connections/list_all", mine)["connections"]] == [
        *key.values()
    ]
    odd.ok("sources/delete", sourceId=between["sourceId"])
    assert "status" not in odd.ok("connections/get", key)
    assert odd.ok("connections/update", {**key, "status": "inactive"})["status"] == "inactive"
    assert len(odd.ok("connections/list", mine)["connections"]) == 1
    odd.server.forget_requests()  # the contract wants a status


def test_a_connection_does_not_say_where_it_is_and_is_not_on_demand(api):
    made = api.connection()
    key = {"connectionId": made["connectionId"]}
    for read in (made, api.ok("connections/get", key), api.ok("connections/update", {**key, "name": "n"})):
        assert not {"workspaceId", "dataplaneGroupId"} & set(read)
        assert read["onDemandEnabled"] is False
        assert {entry["config"]["includeFiles"] for entry in read["syncCatalog"]["streams"]} == {False}


def test_the_ui_is_answered_a_create_with_the_selected_streams_alone(api):
    between = ends(api)
    found = api.ok("sources/discover_schema", sourceId=between["sourceId"])
    streams = [selected(entry) for entry in found["catalog"]["streams"][:1]]
    body = {
        **between,
        "status": "active",
        "syncCatalog": {"streams": streams},
        "sourceCatalogId": found["catalogId"],
    }
    made = api.ok("web_backend/connections/create", body)
    key = {"connectionId": made["connectionId"]}
    assert len(made["syncCatalog"]["streams"]) == 1
    assert len(api.ok("web_backend/connections/get", key)["syncCatalog"]["streams"]) == 3


def test_a_selection_of_columns_cuts_the_schema_that_the_connection_keeps(api):
    source = api.source()["sourceId"]
    found = api.ok("sources/discover_schema", sourceId=source)
    entry = found["catalog"]["streams"][0]
    names = sorted(entry["stream"]["jsonSchema"]["properties"])[:2]
    some = selected(
        entry,
        syncMode="full_refresh",
        destinationSyncMode="overwrite",
        fieldSelectionEnabled=True,
        selectedFields=[{"fieldPath": [name]} for name in names],
    )
    made = api.connection(source, syncCatalog={"streams": [some]})
    kept = api.ok("connections/get", connectionId=made["connectionId"])["syncCatalog"]["streams"][0]["stream"]
    assert sorted(kept["jsonSchema"]["properties"]) == names
    whole = api.ok("web_backend/connections/get", connectionId=made["connectionId"])["syncCatalog"]["streams"]
    name = entry["stream"]["name"]
    shown = next(stream["stream"] for stream in whole if stream["stream"]["name"] == name)
    assert shown["jsonSchema"] == entry["stream"]["jsonSchema"]


@pytest.mark.parametrize("kind", ["cron", "basic"])
def test_a_schedule_without_its_data_is_a_500_in_an_update_and_a_422_in_a_create(api, kind):
    made = api.connection()
    api.refused(500, "connections/update", connectionId=made["connectionId"], scheduleType=kind)
    api.refused(422, "connections/create", ends(api, status="active", scheduleType=kind))


def test_a_stream_that_was_never_selected_does_not_say_whether_its_fields_are(api):
    source = api.source()["sourceId"]
    found = api.ok("sources/discover_schema", sourceId=source)["catalog"]["streams"]
    assert not any("fieldSelectionEnabled" in entry["config"] for entry in found)
    made = api.connection(source, syncCatalog={"streams": [selected(found[0])]})
    shown = api.ok("web_backend/connections/get", connectionId=made["connectionId"])["syncCatalog"]["streams"]
    said = {entry["stream"]["name"]: entry["config"].get("fieldSelectionEnabled") for entry in shown}
    assert said == {entry["stream"]["name"]: None for entry in found} | {found[0]["stream"]["name"]: False}


# --- discovery and checks


def test_the_report_of_a_job_has_the_words_of_java_for_what_it_was_about(api):
    source, definition = api.source()["sourceId"], api.definition("source", "Sample Data")
    first, again = (api.ok("sources/discover_schema", sourceId=source)["jobInfo"]["configId"] for _ in range(2))
    checked = api.ok("sources/check_connection", sourceId=source)["jobInfo"]["configId"]
    ran = f"Optional[{definition}]"
    assert (first, again, checked) == (ran, "NoConfiguration", ran)


def test_the_most_recent_catalog_is_in_the_words_of_the_connector(api):
    source = api.source()["sourceId"]
    api.ok("sources/discover_schema", sourceId=source)
    streams = api.ok("sources/most_recent_source_actor_catalog", sourceId=source)["catalog"]["streams"]
    assert {"name", "json_schema", "supported_sync_modes", "default_cursor_field"} <= set(streams[0])
    assert not [name for name in streams[0] if name != name.lower()]


# --- the instance


def test_the_instance_names_its_realm_and_the_workspace_its_group(api):
    auth = api.client.get("/api/v1/instance_configuration").json()["auth"]
    assert {"mode", "clientId", "defaultRealm"} <= set(auth)
    workspace = api.ok("workspaces/get", workspaceId=api.workspace)
    assert uuid.UUID(workspace["dataplaneGroupId"])


def test_a_specification_says_nothing_of_credentials_and_a_definition_how_long_it_may_be_silent(api):
    definition = api.definition("source", "Sample Data")
    body = {"sourceDefinitionId": definition, "workspaceId": api.workspace}
    assert "advancedAuthGlobalCredentialsAvailable" not in api.ok("source_definition_specifications/get", body)
    listed = api.ok("source_definitions/list")["sourceDefinitions"]
    assert {row["maxSecondsBetweenMessages"] for row in listed} == {86_400}


def test_a_tag_of_a_name_that_is_there_is_refused_in_a_sentence(api):
    tag = {"workspaceId": api.workspace, "name": "t", "color": "AABBCC"}
    api.ok("tags/create", tag)
    refused = api.refused(409, "tags/create", tag)
    assert (refused["title"], refused["type"]) == ("Tag already exists", "error:tag-already-exists")


def test_users_and_organizations_are_there(api):
    assert api.ok("users/get", userId=NIL_ID)["userId"] == NIL_ID
    api.server.forget_requests()  # the descriptions kept for tests leave users out
    assert [organization["organizationId"] for organization in api.made("organizations", "GET")["data"]] == [NIL_ID]


@pytest.mark.parametrize("auth", ["basic", "client"])
def test_who_may_not_is_told_where_to_ask(serve, auth):
    api = serve("2.0", auth=auth, log_in=False)
    for refused in (api.client.get("/api/public/v1/sources"), api.client.post("/api/v1/sources/list", json={})):
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith('Bearer resource_metadata="http://')


# --- the Public API


@pytest.mark.parametrize(
    ("method", "path", "body", "title"),
    [
        ("GET", f"sources/{NOBODY}", None, "resource-not-found"),
        ("POST", "sources", {"name": "s", "workspaceId": NIL_ID, "configuration": {}}, "unprocessable-entity"),
        ("GET", "jobs/7", None, "state-conflict"),
    ],
)
def test_the_type_of_a_problem_ends_with_its_title(api, method, path, body, title):
    refused = api.public(method, path, body).json
    assert (refused["title"], refused["type"].partition("#")[2]) == (title, title)
    assert len(refused["detail"]) > len(title) * 2


@pytest.mark.parametrize(("limit", "rows"), [(0, 0), (1, 1), (200, 25), (1000, 25)])
def test_any_limit_is_honoured(api, limit, rows):
    api.server.seed(sources=[{"name": "s{n}", "count": 25}])
    assert len(api.public("GET", "sources", limit=limit).json["data"]) == rows


@pytest.mark.parametrize("path", ["sources", "destinations", "connections", "workspaces", "tags"])
def test_an_id_in_a_path_that_is_none_is_a_500(api, path):
    refused = api.public("GET", f"{path}/no-uuid")
    assert (refused.status, is_bare(refused.json)) == (500, True)


def test_the_way_to_the_next_page_is_given_for_every_page_that_is_not_empty(api):
    api.source()
    page = api.public("GET", "sources").json
    assert "includeDeleted=false" in page["next"]
    assert api.public("GET", "sources", offset=20).json["next"] == ""


def test_the_sync_modes_of_a_stream_come_in_another_order(api):
    between = ends(api)
    streams = api.public("GET", "streams", **between).json
    assert {"full_refresh_overwrite", "full_refresh_append"} <= set(streams[0]["syncModes"])
    assert streams[0]["syncModes"][0] != "full_refresh_overwrite"  # which is the first of the contract's


def test_no_specification_of_a_connector_here_says_overwrite_dedup_itself(api):
    """With one that does the vendor's list of definitions fails; the server adds the word elsewhere."""
    with api.server.world.store.transaction() as session:
        known = api.server.world.definitions(session, "destination").all()
    assert not [connector.name for connector in known if "overwrite_dedup" in connector.sync_modes]
