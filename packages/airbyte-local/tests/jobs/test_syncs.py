"""What a sync leaves at the destination, in the store and in the answers."""

from __future__ import annotations

import json

import pytest
from airbyte_local.model.records import StreamStates

SCHEMA = '{"type":"object","properties":{"column1":{"type":"string"}}}'
ENCRYPTION = {
    "type": "encryption",
    "mapperConfiguration": {
        "algorithm": "AES",
        "targetField": "name",
        "key": "0" * 32,
        "fieldNameSuffix": "_x",
        "mode": "CBC",
        "padding": "PKCS5Padding",
    },
}
FAILING = {"type": "EXCEPTION_AFTER_N", "throw_after_n_records": 25}


def test_a_sync_moves_every_row_and_says_so(flow):
    mine = flow(1_234)
    found = mine.sync()
    assert found["job"]["status"] == "succeeded"
    assert len(mine.rows()) == 1_234
    counts = found["job"]["aggregatedStats"]
    assert (counts["recordsEmitted"], counts["recordsCommitted"]) == (1_234, 1_234)
    assert counts["bytesCommitted"] == pytest.approx(sum(len(json.dumps(row)) for row in mine.rows()), rel=0.2)
    (attempt,) = found["attempts"]
    assert (attempt["attempt"]["status"], attempt["attempt"]["recordsSynced"]) == ("succeeded", 1_234)
    (stream,) = attempt["attempt"]["streamStats"]
    assert (stream["streamName"], stream["stats"]["recordsCommitted"]) == ("users", 1_234)
    assert "Done: 1,234 rows." in [event["message"] for event in attempt["logs"]["events"]]


def test_logs_of_old_versions_are_lines(serve, flow):
    mine = flow(on=serve("1.5"))
    lines = mine.sync()["attempts"][0]["logs"]["logLines"]
    assert any(line.endswith("platform INFO Done: 5 rows.") for line in lines)


def test_overwrite_leaves_the_rows_of_the_last_sync_alone(flow):
    mine = flow(5)
    mine.sync()
    mine.sync()
    assert len(mine.rows()) == 5


def test_append_adds_to_what_is_there(flow):
    mine = flow(5, destinationSyncMode="append")
    mine.sync()
    mine.sync()
    assert len(mine.rows()) == 10


def test_an_incremental_sync_goes_on_where_the_last_one_ended(flow):
    counted = {"type": "INFINITE_FEED", "max_records": 30}
    mine = flow(configuration=counted, syncMode="incremental", destinationSyncMode="append")
    mine.sync()
    assert [row["column1"] for row in mine.rows("data")] == [str(n) for n in range(1, 31)]
    state = mine.api.ok("state/get", connectionId=mine.id)
    assert state["streamState"] == [{"streamDescriptor": {"name": "data"}, "streamState": {"column1": "30"}}]
    mine.api.ok("sources/partial_update", sourceId=mine.source_id, connectionConfiguration={"max_records": 35})
    mine.sync()
    assert [row["column1"] for row in mine.rows("data")] == [str(n) for n in range(1, 36)]


def test_state_is_not_handed_to_a_full_refresh(flow, api):
    counted = {"type": "INFINITE_FEED", "max_records": 30}
    mine = flow(configuration=counted)
    with api.server.world.store.transaction() as session:
        streams = {(None, "data"): {"column1": "20"}}
        session.states.save(StreamStates(connection_id=mine.id, type="stream", streams=streams))
    mine.sync()
    assert len(mine.rows("data")) == 30


def test_a_failure_leaves_file_and_state_as_they_were(flow):
    mine = flow(configuration=FAILING, syncMode="incremental", destinationSyncMode="append")
    assert mine.failure(mine.sync()) == "The configuration asks for an exception after 25 records."
    assert mine.rows("data") is None
    assert mine.api.ok("state/get", connectionId=mine.id)["stateType"] == "not_set"
    assert list((mine.api.server.local / "out").glob("*")) == []


def test_state_behind_committed_rows_survives_a_failure(flow):
    sqlite = ("Local SQLite", {"destination_path": "/local/out.db"})
    mine = flow(configuration=FAILING, destination=sqlite, syncMode="incremental", destinationSyncMode="append")
    found = mine.sync()
    assert "exception after 25" in mine.failure(found)
    (stream,) = mine.api.ok("state/get", connectionId=mine.id)["streamState"]
    assert stream["streamState"] == {"column1": "20"}
    assert found["job"]["aggregatedStats"]["recordsCommitted"] == 20
    assert found["attempts"][0]["attempt"]["failureSummary"]["partialSuccess"] is True


def test_a_clear_empties_the_streams_and_forgets_their_state(flow):
    counted = {"type": "INFINITE_FEED", "max_records": 30}
    mine = flow(configuration=counted, syncMode="incremental", destinationSyncMode="append")
    mine.sync()
    cleared = mine.ended(mine.api.ok("connections/clear", connectionId=mine.id)["job"]["id"])
    assert (cleared["job"]["status"], cleared["job"]["configType"]) == ("succeeded", "clear")
    assert not mine.rows("data")
    assert mine.api.ok("state/get", connectionId=mine.id)["stateType"] == "not_set"
    mine.sync()
    assert len(mine.rows("data")) == 30


def test_a_clear_of_one_stream_leaves_the_others(flow):
    mock = {
        "type": "MULTI_STREAM",
        "stream_schemas": json.dumps({"a": json.loads(SCHEMA), "b": json.loads(SCHEMA)}),
    }
    mine = flow(configuration={"type": "CONTINUOUS_FEED", "max_messages": 3, "mock_catalog": mock})
    mine.sync()
    asked = {"connectionId": mine.id, "streams": [{"streamName": "a"}]}
    mine.ended(mine.api.ok("connections/clear/stream", asked)["job"]["id"])
    assert (mine.rows("a") or [], len(mine.rows("b"))) == ([], 3)


@pytest.mark.parametrize(("mode", "expected"), [("Truncate", 30), ("Merge", 60)])
def test_a_refresh_reads_everything_anew(flow, mode, expected):
    counted = {"type": "INFINITE_FEED", "max_records": 30}
    mine = flow(configuration=counted, syncMode="incremental", destinationSyncMode="append")
    mine.sync()
    job = mine.api.ok("connections/refresh", connectionId=mine.id, refreshMode=mode)["job"]
    found = mine.ended(job["id"])
    assert (found["job"]["status"], found["job"]["configType"]) == ("succeeded", "refresh")
    assert len(mine.rows("data")) == expected


def test_a_truncating_refresh_that_fails_is_made_up_for_by_the_next_sync(flow):
    counted = {"type": "INFINITE_FEED", "max_records": 30}
    mine = flow(configuration=counted, syncMode="incremental", destinationSyncMode="append")
    mine.sync()
    change = {"type": "EXCEPTION_AFTER_N", "throw_after_n_records": 5}
    update = {"sourceId": mine.source_id, "name": "s"}
    mine.api.ok("sources/update", **update, connectionConfiguration=change)
    job = mine.api.ok("connections/refresh", connectionId=mine.id, refreshMode="Truncate")["job"]["id"]
    mine.failure(mine.ended(job))
    assert len(mine.rows("data")) == 30
    mine.api.ok("sources/update", **update, connectionConfiguration={**counted, "max_records": 7})
    mine.sync()
    assert len(mine.rows("data")) == 7


def test_a_selected_stream_that_the_source_lacks_fails_the_job(flow):
    mine = flow(3)
    mock = {"type": "SINGLE_STREAM", "stream_name": "people", "stream_schema": SCHEMA}
    mine.api.ok("sources/partial_update", sourceId=mine.source_id, connectionConfiguration={"mock_catalog": mock})
    assert mine.failure(mine.sync()) == "The source has no stream users; it has people."
    assert mine.rows() is None


def test_fields_are_selected_and_hashed_on_their_way(flow):
    mapper = {
        "type": "hashing",
        "mapperConfiguration": {"targetField": "name", "method": "SHA-256", "fieldNameSuffix": "_hash"},
    }
    mine = flow(3, mappers=[mapper])
    mine.sync()
    assert all(set(row) == {"id", "name_hash"} and len(row["name_hash"]) == 64 for row in mine.rows())
    selected = flow(3, fieldSelectionEnabled=True, selectedFields=[{"fieldPath": ["id"]}])
    selected.sync()
    assert all(set(row) == {"id"} for row in selected.rows())


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"destinationSyncMode": "append_dedup", "syncMode": "incremental"}, "Local JSON cannot append_dedup"),
        ({"mappers": [ENCRYPTION]}, "mapper encryption is not known here"),
    ],
)
def test_what_cannot_be_served_fails_before_a_row_and_only_once(flow, config, expected):
    mine = flow(3, **config)
    found = mine.sync()
    assert expected in mine.failure(found)
    assert len(found["attempts"]) == 1


@pytest.mark.parametrize(("kind", "type_name"), [("source", "GitHub"), ("destination", "Snowflake")])
def test_an_imitated_connector_says_that_it_cannot_be_run(api, flow, kind, type_name):
    if kind == "source":
        token = {"option_title": "PAT Credentials", "personal_access_token": "t"}
        configuration = {"credentials": token, "repositories": ["a/b"]}
        source = api.source(type_name=type_name, **configuration)
        connection = api.connection(source["sourceId"])
        job = api.ok("connections/sync", connectionId=connection["connectionId"])["job"]["id"]
        found = flow().ended(job)
    else:
        settings = {
            "host": "h",
            "role": "r",
            "warehouse": "w",
            "database": "d",
            "schema": "s",
            "username": "u",
            "credentials": {"auth_type": "Username and Password", "password": "p"},
        }
        found = flow(destination=(type_name, settings)).sync()
    message = found["attempts"][-1]["attempt"]["failureSummary"]["failures"][0]["externalMessage"]
    assert type_name in message
    assert "only imitated here" in message
    assert len(found["attempts"]) == 1


def test_a_configuration_that_breaks_its_schema_fails_the_job_by_name(flow):
    mine = flow(3)
    with mine.api.server.world.store.transaction() as session:
        actor = session.actors.get(mine.source_id)
        actor.configuration["max_messages"] = 0
        session.actors.save(actor)
    assert "Config validation error: $" in mine.failure(mine.sync())


def test_the_lists_show_what_synced_last(flow, api):
    mine = flow(3)
    job = mine.sync()["job"]
    (line,) = api.ok("web_backend/connections/list", workspaceId=api.workspace)["connections"]
    assert (line["isSyncing"], line["latestSyncJobStatus"]) == (False, "succeeded")
    assert api.ok("web_backend/connections/get", connectionId=mine.id)["latestSyncJobCreatedAt"] == job["createdAt"]
    assert api.ok("web_backend/connections/status_counts", workspaceId=api.workspace)["healthy"] == 1
    (status,) = api.ok("connections/status", connectionIds=[mine.id])
    assert (status["connectionSyncStatus"], status["lastSyncJobId"]) == ("synced", job["id"])
    assert api.ok("jobs/get_last_replication_job", connectionId=mine.id)["job"]["id"] == job["id"]
    assert "logs" not in api.ok("jobs/get_light", id=job["id"])
