"""Connections: what is checked, what is trusted, what a patch leaves alone."""

from __future__ import annotations

import pytest

UNKNOWN = "11111111-1111-1111-1111-111111111111"


def streams(connection):
    return [entry["stream"]["name"] for entry in connection["syncCatalog"]["streams"]]


def key(connection):
    return {"connectionId": connection["connectionId"]}


def state(api, connection, **names):
    entries = [{"streamDescriptor": {"name": name}, "streamState": value} for name, value in names.items()]
    given = {**key(connection), "stateType": "stream", "streamState": entries}
    api.ok("state/create_or_update", {**key(connection), "connectionState": given})


def held(api, connection):
    entries = api.ok("state/get", key(connection)).get("streamState", [])
    return sorted(entry["streamDescriptor"]["name"] for entry in entries)


def test_a_new_connection_has_the_vendors_defaults(api):
    made = api.connection()
    assert made["name"] == "s <> d"
    assert made["namespaceDefinition"] == "source"
    assert made["scheduleType"] == "manual"
    assert (made["operationIds"], made["tags"]) == ([], [])
    assert made["breakingChange"] is False
    assert "prefix" not in made
    assert 1_600_000_000 < made["created_at"] < 10_000_000_000
    assert api.ok("connections/get", key(made)) == made


def test_only_selected_streams_are_kept(api, choose):
    source = api.source()["sourceId"]
    found = api.ok("sources/discover_schema", sourceId=source)["catalog"]["streams"]
    made = api.connection(source, syncCatalog={"streams": [choose(found[0]), choose(found[1], selected=False)]})
    assert streams(made) == [found[0]["stream"]["name"]]


def test_a_catalog_may_name_streams_and_modes_that_the_source_does_not_have(api):
    invented = {
        "stream": {"name": "nowhere", "jsonSchema": {}},
        "config": {"selected": True, "syncMode": "incremental", "destinationSyncMode": "append_dedup"},
    }
    made = api.connection(syncCatalog={"streams": [invented]})
    assert made["syncCatalog"]["streams"][0]["config"]["cursorField"] == []


def test_no_catalog_means_an_empty_one(api):
    made = api.ok(
        "connections/create",
        sourceId=api.source()["sourceId"],
        destinationId=api.destination()["destinationId"],
        status="active",
    )
    assert made["syncCatalog"] == {"streams": []}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (
            lambda entries: [
                {**e, "config": {k: v for k, v in e["config"].items() if k != "selected"}} for e in entries
            ],
            500,
        ),
        (lambda entries: [entries[0], entries[0]], 500),
        (lambda entries: [{"stream": entries[0]["stream"]}], 500),
        (lambda entries: [{**entries[0], "config": {**entries[0]["config"], "syncMode": "sometimes"}}], 400),
        (lambda entries: [{**entries[0], "config": {"selected": True}}], 500),
    ],
    ids=["selected is null", "one stream twice", "no config", "unknown mode", "no mode"],
)
def test_a_catalog_that_the_vendor_trips_over_is_refused_as_there(api, change, status):
    made = api.connection()
    entries = made["syncCatalog"]["streams"]
    refusal = api.refused(status, "connections/update", {**key(made), "syncCatalog": {"streams": change(entries)}})
    assert list(refusal) == (["errorId"] if status == 500 else ["message", "_links", "_embedded"])


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (
            {"fieldSelectionEnabled": True, "selectedFields": None},
            "Requested field selection but no selected fields",
        ),
        (
            {"syncMode": "incremental", "cursorField": ["updated_at"], "selectedFields": [{"fieldPath": ["id"]}]},
            "Cursor field cannot be de-selected",
        ),
        (
            {
                "destinationSyncMode": "append_dedup",
                "primaryKey": [["id"]],
                "selectedFields": [{"fieldPath": ["name"]}],
            },
            "Primary key field cannot be de-selected",
        ),
    ],
)
def test_field_selection_has_to_be_consistent(api, choose, config, said):
    made = api.connection()
    entry = choose(made["syncCatalog"]["streams"][0], **{"fieldSelectionEnabled": True, **config})
    refusal = api.refused(422, "connections/update", {**key(made), "syncCatalog": {"streams": [entry]}})
    assert said in refusal["message"]


def test_selecting_every_field_is_selecting_none(api, choose):
    made = api.connection()
    entry = made["syncCatalog"]["streams"][0]
    fields = [{"fieldPath": [name]} for name in entry["stream"]["jsonSchema"]["properties"]]
    part = choose(entry, fieldSelectionEnabled=True, selectedFields=fields[:2])
    whole = choose(entry, fieldSelectionEnabled=True, selectedFields=fields)
    configs = [
        api.ok("connections/update", {**key(made), "syncCatalog": {"streams": [each]}})["syncCatalog"]["streams"][
            0
        ]["config"]
        for each in (part, whole)
    ]
    assert [(c["fieldSelectionEnabled"], len(c["selectedFields"])) for c in configs] == [(True, 2), (False, 0)]


def test_too_many_fields_are_refused(api, choose):
    made = api.connection()
    entry = choose(made["syncCatalog"]["streams"][0])
    wide = {"properties": {f"f{n}": {} for n in range(20_001)}}
    entry["stream"] = {**entry["stream"], "jsonSchema": wide}
    assert (
        "20001"
        in api.refused(400, "connections/update", {**key(made), "syncCatalog": {"streams": [entry]}})["message"]
    )


def test_an_update_is_a_patch(api):
    made = api.connection(prefix="p_", namespaceDefinition="customformat", namespaceFormat="x", status="inactive")
    changed = api.ok("connections/update", {**key(made), "name": "renamed"})
    assert changed == {**made, "name": "renamed"}


def test_ends_of_different_workspaces_are_refused_and_unknown_ones_not_found(api):
    other = api.ok("workspaces/create", name="o", organizationId="00000000-0000-0000-0000-000000000000")[
        "workspaceId"
    ]
    source = api.server.seed(sources=[{"name": "far", "workspace": other}])["sources"][0]
    ends = {
        "sourceId": api.source()["sourceId"],
        "destinationId": api.destination()["destinationId"],
        "status": "active",
    }
    api.refused(500, "connections/create", {**ends, "sourceId": source})
    api.refused(404, "connections/create", {**ends, "sourceId": UNKNOWN})
    api.refused(404, "connections/create", {**ends, "destinationId": UNKNOWN})
    api.refused(404, "connections/get", connectionId=UNKNOWN)


def test_a_connection_on_a_deleted_source_is_let_through(api):
    source = api.source()["sourceId"]
    api.ok("sources/delete", sourceId=source)
    made = api.ok(
        "connections/create",
        sourceId=source,
        destinationId=api.destination()["destinationId"],
        status="active",
    )
    assert made["status"] == "active"


def test_a_catalog_id_nobody_knows_is_a_conflict(api):
    refusal = api.refused(409, "connections/update", {**key(api.connection()), "sourceCatalogId": UNKNOWN})
    assert refusal["message"].startswith("Failed to access database.")


def test_a_deleted_connection_is_deprecated_and_may_be_deleted_again(api):
    made = api.connection()
    assert [api.ask("connections/delete", key(made)).status for _ in range(2)] == [204, 204]
    assert api.ok("connections/get", key(made))["status"] == "deprecated"
    workspace = {"workspaceId": api.workspace}
    assert api.ok("connections/list", workspace)["connections"] == []
    assert len(api.ok("connections/list_all", workspace)["connections"]) == 1
    assert api.ok("web_backend/connections/list", workspace)["connections"] == []


def test_offset_pages_of_connections_default_to_twenty(api):
    api.server.seed(
        sources=[{"name": "s"}],
        destinations=[{"name": "d"}],
        connections=[{"name": "c{n}", "source": "s", "destination": "d", "count": 25}],
    )
    body = {"workspaceIds": [api.workspace], "userId": "00000000-0000-0000-0000-000000000000"}
    assert len(api.ok("connections/list_paginated", body)["connections"]) == 20
    more = {**body, "pagination": {"pageSize": 20, "rowOffset": 20}}
    assert len(api.ok("connections/list_paginated", more)["connections"]) == 5


def test_a_changed_sync_mode_loses_that_streams_state_and_no_other(api, choose):
    made = api.connection()
    entries = made["syncCatalog"]["streams"]
    state(api, made, users={"a": 1}, products={"b": 2})
    api.ok("connections/update", {**key(made), "name": "renamed"})
    assert held(api, made) == ["products", "users"]
    changed = [choose(e, syncMode="incremental") if e["stream"]["name"] == "users" else e for e in entries]
    api.ok("connections/update", {**key(made), "syncCatalog": {"streams": changed}})
    assert held(api, made) == ["products"]
    assert set(api.server.generations(made["connectionId"]).values()) == {0}


def test_the_uis_update_resets_what_changed_unless_told_not_to(api, choose):
    made = api.connection()
    entries = made["syncCatalog"]["streams"]
    state(api, made, users={"a": 1}, products={"b": 2})
    changed = [choose(e, primaryKey=[["email"]]) if e["stream"]["name"] == "users" else choose(e) for e in entries]
    body = {**key(made), "syncCatalog": {"streams": changed}}
    api.ok("web_backend/connections/update", {**body, "skipReset": True})
    assert held(api, made) == ["products", "users"]
    api.ok("connections/update", {**key(made), "syncCatalog": {"streams": entries}})
    api.ok("web_backend/connections/update", body)
    assert held(api, made) == ["products"]
    generations = {name: number for (_, name), number in api.server.generations(made["connectionId"]).items()}
    assert generations["users"] == 1
    assert generations["products"] == 0


def test_tags_of_other_workspaces_are_ignored_and_an_empty_list_clears(api):
    tag = api.ok("tags/create", workspaceId=api.workspace, name="t", color="00AAFF")
    made = api.connection(tags=[tag, {**tag, "tagId": UNKNOWN}])
    assert made["tags"] == [tag]
    assert api.ok("connections/update", {**key(made), "name": "x"})["tags"] == [tag]
    assert api.ok("connections/update", {**key(made), "tags": []})["tags"] == []


def test_lists_can_be_narrowed_by_tag(api):
    tag = api.ok("tags/create", workspaceId=api.workspace, name="t", color="00AAFF")
    made = api.connection(tags=[tag])
    api.connection()
    user = "00000000-0000-0000-0000-000000000000"
    body = {"workspaceIds": [api.workspace], "userId": user, "tagIds": [tag["tagId"]]}
    assert [each["connectionId"] for each in api.ok("connections/list_paginated", body)["connections"]] == [
        made["connectionId"]
    ]
    body = {"workspaceId": api.workspace, "filters": {"tagIds": [tag["tagId"]]}}
    found = api.ok("web_backend/connections/list", body)
    assert ([each["connectionId"] for each in found["connections"]], found["num_connections"]) == (
        [made["connectionId"]],
        1,
    )


def test_a_deleted_tag_is_gone_from_its_connections(api):
    tag = api.ok("tags/create", workspaceId=api.workspace, name="t", color="00AAFF")
    made = api.connection(tags=[tag])
    api.ok("tags/delete", tagId=tag["tagId"], workspaceId=api.workspace)
    assert api.ok("connections/get", key(made))["tags"] == []


def test_mappers_get_ids_that_stay(api, choose):
    made = api.connection()
    mapper = {
        "type": "hashing",
        "mapperConfiguration": {"targetField": "name", "method": "SHA-256", "fieldNameSuffix": "_h"},
    }
    entry = choose(made["syncCatalog"]["streams"][0], mappers=[mapper])
    changed = api.ok("connections/update", {**key(made), "syncCatalog": {"streams": [entry]}})
    again = api.ok("connections/update", {**key(made), "syncCatalog": changed["syncCatalog"]})
    assert again["syncCatalog"] == changed["syncCatalog"]
    assert changed["syncCatalog"]["streams"][0]["config"]["mappers"][0]["id"]


def test_the_key_of_a_mapper_is_never_shown_and_kept_by_the_id_of_its_mapper(api, choose):
    made = api.connection()
    sealing = {"algorithm": "AES", "targetField": "name", "key": "00ff", "mode": "GCM", "padding": "NoPadding"}
    mapper = {"type": "encryption", "mapperConfiguration": {**sealing, "fieldNameSuffix": "_sealed"}}

    def update(**more):
        entry = choose(made["syncCatalog"]["streams"][0], mappers=[{**mapper, **more}])
        return "connections/update", {"connectionId": made["connectionId"], "syncCatalog": {"streams": [entry]}}

    (shown,) = api.ok(*update())["syncCatalog"]["streams"][0]["config"]["mappers"]
    masked = {**mapper["mapperConfiguration"], "key": "**********"}
    assert shown == {**mapper, "id": shown["id"], "mapperConfiguration": masked}
    found = api.ok("web_backend/connections/get", connectionId=made["connectionId"])
    assert "00ff" not in str(found)
    api.ok(*update(id=shown["id"], mapperConfiguration=masked))
    with api.server.world.store.transaction() as session:
        (kept,) = session.connections.whole([made["connectionId"]])
    assert kept.details["streams"][0]["config"]["mappers"][0]["mapperConfiguration"]["key"] == "00ff"
    refused = api.refused(400, *update(mapperConfiguration=masked))
    assert refused["type"].endswith("mapper-validation/secret-not-found")


@pytest.mark.parametrize(
    ("kind", "own", "error"),
    [
        ("hashing", {"targetField": "nobody", "method": "MD5", "fieldNameSuffix": "_h"}, "FIELD_NOT_FOUND"),
        ("field-renaming", {"originalFieldName": "name", "newFieldName": "id"}, "FIELD_ALREADY_EXISTS"),
        ("field-renaming", {"originalFieldName": "name", "newFieldName": ""}, "INVALID_MAPPER_CONFIG"),
        ("encryption", {"algorithm": "AES", "targetField": "name", "key": "no key"}, "INVALID_MAPPER_CONFIG"),
    ],
)
def test_a_mapper_that_cannot_be_done_is_refused(api, choose, kind, own, error):
    made = api.connection()
    entry = choose(made["syncCatalog"]["streams"][0], mappers=[{"type": kind, "mapperConfiguration": own}])
    refused = api.refused(400, "connections/update", {**key(made), "syncCatalog": {"streams": [entry]}})
    assert refused["type"] == "error:mapper-validation"
    assert refused["data"]["errors"] == [{"stream": entry["stream"]["name"], "mapper": kind, "error": error}]


def test_connections_are_found_by_definition(api):
    made = api.connection()
    faker = api.definition("source", "Sample Data")
    body = {"actorDefinitionId": faker, "actorType": "source"}
    assert api.ok("connections/list_by_actor_definition", body)["connections"] == [made]


def test_the_uis_read_has_all_streams_and_both_ends(api, choose):
    source = api.source()["sourceId"]
    found = api.ok("sources/discover_schema", sourceId=source)["catalog"]["streams"]
    made = api.connection(source, syncCatalog={"streams": [choose(found[1])]})
    read = api.ok("web_backend/connections/get", key(made))
    selected = {entry["stream"]["name"]: entry["config"]["selected"] for entry in read["syncCatalog"]["streams"]}
    assert selected == {"users": False, "products": True, "purchases": False}
    assert read["catalogId"] == made["sourceCatalogId"]
    assert (read["source"]["name"], read["destination"]["name"], read["schemaChange"]) == ("s", "d", "no_change")
    assert "sourceCatalogId" not in read


def test_the_uis_list_is_cheap_and_shows_twenty(api):
    api.server.seed(
        sources=[{"name": "s"}],
        destinations=[{"name": "d"}],
        connections=[{"name": "c{n}", "source": "s", "destination": "d", "count": 30}],
    )
    first = api.ok("web_backend/connections/list", workspaceId=api.workspace)
    assert (len(first["connections"]), first["num_connections"]) == (20, 30)
    assert "syncCatalog" not in first["connections"][0]
    cursor = first["connections"][-1]["connectionId"]
    rest = api.ok("web_backend/connections/list", workspaceId=api.workspace, cursor=cursor)
    assert len(rest["connections"]) == 10


def test_the_uis_create_makes_operations_too(api):
    operation = {
        "workspaceId": api.workspace,
        "name": "hook",
        "operatorConfiguration": {
            "operatorType": "webhook",
            "webhook": {"webhookType": "dbtCloud", "dbtCloud": {"accountId": 1, "jobId": 2}},
        },
    }
    body = {
        "sourceId": api.source()["sourceId"],
        "destinationId": api.destination()["destinationId"],
        "status": "active",
        "operations": [operation],
    }
    made = api.ok("web_backend/connections/create", body)
    assert [each["name"] for each in made["operations"]] == ["hook"]
    changed = [{**made["operations"][0], "name": "other"}]
    again = api.ok("web_backend/connections/update", {**key(made), "operations": changed})
    assert [(e["name"], e["operationId"]) for e in again["operations"]] == [("other", made["operationIds"][0])]
