"""Discovery: its cache, its failures, and what a changed schema does to a connection."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def table(api):
    """A CSV file of the server, and the source that reads it."""
    file = api.server.local / "t.csv"

    def write(header):
        file.write_text(f"{header}\n{','.join('1' for _ in header.split(','))}\n")

    write("id,name")
    source = api.source(
        "t", "File", dataset_name="t", format="csv", url="/local/t.csv", provider={"storage": "local"}
    )
    return source["sourceId"], write


def fields(answer):
    return list(answer["catalog"]["streams"][0]["stream"]["jsonSchema"]["properties"])


def selected(answer):
    return [entry["config"]["selected"] for entry in answer["catalog"]["streams"]]


def test_a_single_stream_is_selected_and_none_of_several_is(api, table):
    assert selected(api.ok("sources/discover_schema", sourceId=table[0])) == [True]
    assert selected(api.ok("sources/discover_schema", sourceId=api.source()["sourceId"])) == [False] * 3


def test_the_proposed_modes_follow_from_cursor_and_key(api):
    answer = api.ok("sources/discover_schema", sourceId=api.source()["sourceId"])
    users = answer["catalog"]["streams"][0]
    assert (users["config"]["syncMode"], users["config"]["destinationSyncMode"]) == ("incremental", "append_dedup")
    assert (users["config"]["cursorField"], users["config"]["primaryKey"]) == (["updated_at"], [["id"]])
    assert users["stream"]["sourceDefinedCursor"] is True


def test_the_cache_answers_until_the_configuration_changes(api, table):
    source, write = table
    first = api.ok("sources/discover_schema", sourceId=source)
    write("id,name,more")
    cached = api.ok("sources/discover_schema", sourceId=source)
    assert fields(cached) == ["id", "name"]
    assert (cached["jobInfo"]["createdAt"], cached["catalogId"]) == (0, first["catalogId"])
    fresh = api.ok("sources/discover_schema", sourceId=source, disable_cache=True)
    assert fields(fresh) == ["id", "name", "more"]
    assert fresh["jobInfo"]["createdAt"] > 0


def test_a_secret_sent_again_unchanged_misses_the_cache(api):
    configuration = {"client_secret": "k", "account_id": "a"}
    source = api.source("stripe", "Stripe", **configuration)["sourceId"]
    api.ok("sources/discover_schema", sourceId=source)
    assert api.ok("sources/discover_schema", sourceId=source)["jobInfo"]["createdAt"] == 0
    api.ok("sources/update", sourceId=source, name="stripe", connectionConfiguration=configuration)
    assert api.ok("sources/discover_schema", sourceId=source)["jobInfo"]["createdAt"] > 0


def test_the_same_streams_keep_their_catalog_id(api, table):
    source, write = table
    first = api.ok("sources/discover_schema", sourceId=source)["catalogId"]
    write("other")
    other = api.ok("sources/discover_schema", sourceId=source, disable_cache=True)["catalogId"]
    write("id,name")
    assert api.ok("sources/discover_schema", sourceId=source, disable_cache=True)["catalogId"] == first != other


def test_a_failed_discovery_is_a_200_without_a_catalog(api, table):
    (api.server.local / "t.csv").unlink()
    answer = api.ok("sources/discover_schema", sourceId=table[0])
    assert answer["jobInfo"]["succeeded"] is False
    assert "does not exist" in answer["jobInfo"]["failureReason"]["externalMessage"]
    assert "catalog" not in answer


def test_a_field_added_tells_the_connection_and_leaves_it_running(api, table):
    source, write = table
    made = api.connection(source)
    write("id,name,more")
    body = {"sourceId": source, "connectionId": made["connectionId"], "disable_cache": True}
    answer = api.ok("sources/discover_schema", body)
    assert (answer["breakingChange"], answer["connectionStatus"]) == (False, "active")
    update = answer["catalogDiff"]["transforms"][0]["updateStream"]["fieldTransforms"][0]
    assert (update["transformType"], update["fieldName"]) == ("add_field", ["more"])
    read = api.ok("web_backend/connections/get", connectionId=made["connectionId"])
    assert read["schemaChange"] == "non_breaking"


def test_any_change_disables_a_connection_that_prefers_so(api, table):
    source, write = table
    made = api.connection(source, nonBreakingChangesPreference="disable")
    write("id,name,more")
    read = api.ok("web_backend/connections/get", connectionId=made["connectionId"], withRefreshedCatalog=True)
    assert read["status"] == "inactive"
    assert read["catalogDiff"]["transforms"]
    assert read["catalogId"] != made["sourceCatalogId"]


def test_losing_a_key_field_is_breaking_and_disables_the_connection(api, table, choose):
    source, write = table
    made = api.connection(source)
    entry = choose(made["syncCatalog"]["streams"][0], primaryKey=[["id"]])
    api.ok("connections/update", connectionId=made["connectionId"], syncCatalog={"streams": [entry]})
    write("name")
    body = {"sourceId": source, "connectionId": made["connectionId"], "disable_cache": True}
    answer = api.ok("sources/discover_schema", body)
    assert (answer["breakingChange"], answer["connectionStatus"]) == (True, "inactive")
    assert api.ok("connections/get", connectionId=made["connectionId"])["breakingChange"] is True


def test_an_update_of_the_source_leaves_the_connections_catalog_alone(api, table):
    source, _ = table
    made = api.connection(source)
    configuration = {
        "dataset_name": "new",
        "format": "csv",
        "url": "/local/t.csv",
        "provider": {"storage": "local"},
    }
    api.ok("sources/update", sourceId=source, name="t", connectionConfiguration=configuration)
    assert api.ok("connections/get", connectionId=made["connectionId"])["syncCatalog"] == made["syncCatalog"]


def test_a_configuration_that_is_not_saved_can_be_discovered(api):
    schemas = json.dumps(
        {"a": {"type": "object", "properties": {"x": {"type": "string"}}}, "b": {"type": "object"}}
    )
    mock = {"type": "MULTI_STREAM", "stream_schemas": schemas}
    answer = api.ok(
        "scheduler/sources/discover_schema",
        sourceDefinitionId=api.definition("source", "E2E"),
        workspaceId=api.workspace,
        connectionConfiguration={"type": "CONTINUOUS_FEED", "max_messages": 1, "mock_catalog": mock},
    )
    assert [entry["stream"]["name"] for entry in answer["catalog"]["streams"]] == ["a", "b"]
    assert answer["catalogId"]


def test_the_last_catalog_of_a_source_can_be_read(api, table):
    api.refused(404, "sources/most_recent_source_actor_catalog", sourceId=table[0])
    api.ok("sources/discover_schema", sourceId=table[0])
    read = api.ok("sources/most_recent_source_actor_catalog", sourceId=table[0])
    assert [stream["name"] for stream in read["catalog"]["streams"]] == ["t"]


def test_a_database_shows_its_tables_in_each_schema_with_a_cursor_that_follows_the_method(api):
    common = {"host": "h", "port": 1, "database": "d", "username": "u", "schemas": ["a", "b"]}
    standard = api.source("pg", "Postgres", **common)["sourceId"]
    xmin = api.source("pg", "Postgres", **common, replication_method={"method": "Xmin"})["sourceId"]
    streams = [
        [entry["stream"] for entry in api.ok("sources/discover_schema", sourceId=source)["catalog"]["streams"]]
        for source in (standard, xmin)
    ]
    assert {(stream["namespace"], stream["name"]) for stream in streams[0]} == {
        (schema, name) for schema in "ab" for name in ("customers", "orders")
    }
    assert [stream["sourceDefinedCursor"] for stream in (streams[0][0], streams[1][0])] == [False, True]
