"""What state is kept of, passed on, and dropped with."""

from __future__ import annotations

import json
import sqlite3

import pytest
from airbyte_local.jobs.replication import HeldState
from airbyte_local.jobs.running import keep_state
from airbyte_local.jobs.streams import state_messages
from airbyte_local.model.records import StreamStates
from airbyte_local.store.database import Store

USERS, GONE = (None, "users"), (None, "gone")
SQLITE = ("Local SQLite", {"destination_path": "/local/out.db"})
COUNTED = {"type": "INFINITE_FEED", "max_records": 25}
INCREMENTAL = {"syncMode": "incremental", "destinationSyncMode": "append"}


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "state.db")
    yield store
    store.close()


def kept(store, chosen, held, **before):
    with store.transaction() as session:
        if before:
            session.states.save(StreamStates(connection_id="c", **before))
        keep_state(session, "c", chosen, held)
        return session.states.get("c")


def held(**given):
    found = HeldState()
    for name, value in given.items():
        setattr(found, name, value)
    return found


def test_global_state_goes_past_streams_that_are_not_read_any_more(store, stream):
    before = {"type": "global", "shared": {"lsn": 1}, "streams": {USERS: {"a": 1}, GONE: {"b": 1}}}
    found = kept(store, [stream()], held(type="global", shared={"lsn": 2}, streams={}), **before)
    assert (found.shared, found.streams) == ({"lsn": 2}, {USERS: {"a": 1}})


def test_state_of_streams_that_are_not_read_any_more_waits_for_them(store, stream):
    before = {"type": "stream", "streams": {USERS: {"a": 1}, GONE: {"b": 1}}}
    found = kept(store, [stream()], held(type="stream", streams={USERS: {"a": 2}}), **before)
    assert found.streams == {USERS: {"a": 2}, GONE: {"b": 1}}


@pytest.mark.parametrize(
    "given",
    [
        {"type": "stream", "streams": {USERS: {"a": 2}}},
        {"type": "global", "streams": {USERS: {"a": 2}}, "shared": {"lsn": 2}},
        {"type": "legacy", "legacy": {"a": 2}},
    ],
)
def test_state_of_a_stream_that_was_reset_meanwhile_is_not_kept(store, stream, given):
    with store.transaction() as session:
        session.states.forget("c", [USERS], new_generation=True)
    found = kept(store, [stream()], held(**given))
    assert (found.type, found.shared, found.legacy, found.streams) == ("not_set", None, None, {})


def test_a_source_that_changes_the_type_of_its_state_is_followed():
    found, wanted = HeldState(), {USERS}
    one = {"stream_descriptor": {"name": "users"}, "stream_state": {"a": 1}}
    assert found.take({"type": "STREAM", "stream": one, "data": {"users": {"a": 1}}}, wanted)
    assert (found.type, found.legacy, found.streams) == ("stream", None, {USERS: {"a": 1}})
    assert found.take({"type": "GLOBAL", "global": {"shared_state": {"lsn": 1}, "stream_states": []}}, wanted)
    assert (found.type, found.shared, found.streams) == ("global", {"lsn": 1}, {})
    assert found.take({"data": {"old": 1}}, wanted)
    assert (found.type, found.shared, found.legacy) == ("legacy", None, {"old": 1})


def test_state_is_passed_of_incremental_streams_alone(stream, entry):
    streams = [stream(), stream(entry("orders", mode="full_refresh"))]
    both = {USERS: {"a": 1}, (None, "orders"): {"b": 1}}
    states = StreamStates(connection_id="c", type="global", shared={"lsn": 1}, streams=both)
    one = {"stream_descriptor": {"name": "users"}, "stream_state": {"a": 1}}
    assert state_messages(states, streams) == [
        {"type": "GLOBAL", "global": {"shared_state": {"lsn": 1}, "stream_states": [one]}}
    ]
    legacy = StreamStates(connection_id="c", type="legacy", legacy={"users": 1, "orders": 1})
    assert state_messages(legacy, streams) == [{"type": "LEGACY", "data": {"users": 1}}]
    assert state_messages(legacy, streams[1:]) == []


def numbers(mine):
    database = sqlite3.connect(mine.api.server.local / "out.db")
    rows = database.execute("SELECT _airbyte_data FROM _airbyte_raw_data ORDER BY rowid").fetchall()
    database.close()
    return [int(json.loads(row)["column1"]) for (row,) in rows]


def streams_of(mine):
    return mine.api.ok("connections/get", connectionId=mine.id)["syncCatalog"]["streams"]


def update(mine, *streams):
    mine.api.ok("connections/update", connectionId=mine.id, syncCatalog={"streams": list(streams)})


def test_the_last_rows_of_a_reading_are_behind_a_state_too(flow):
    mine = flow(configuration=COUNTED, **INCREMENTAL)
    for _ in range(3):
        mine.sync()
    assert [int(row["column1"]) for row in mine.rows("data")] == list(range(1, 26))


def test_each_attempt_goes_on_where_the_one_before_had_come_to(serve, flow):
    failing = {"type": "EXCEPTION_AFTER_N", "throw_after_n_records": 25}
    mine = flow(on=serve("2.0", retry_seconds=(0, 0)), configuration=failing, destination=SQLITE, **INCREMENTAL)
    found = mine.sync()
    assert [attempt["attempt"]["recordsSynced"] for attempt in found["attempts"]] == [20, 20, 20]
    assert numbers(mine) == list(range(1, 61))


def test_a_stream_that_is_selected_again_goes_on_from_its_state(flow):
    mine = flow(configuration=COUNTED, **INCREMENTAL)
    mine.sync()
    (mine_stream,) = streams_of(mine)
    update(mine)
    assert mine.failure(mine.sync()) == "No stream of the connection is selected."
    update(mine, mine_stream)
    mine.sync()
    assert len(mine.rows("data")) == 25


def test_a_stream_whose_mode_changes_is_read_from_the_beginning(flow):
    mine = flow(configuration=COUNTED, **INCREMENTAL)
    mine.sync()
    (stream,) = streams_of(mine)
    update(mine, {**stream, "config": {**stream["config"], "syncMode": "full_refresh"}})
    mine.sync()
    update(mine, stream)
    mine.sync()
    assert len(mine.rows("data")) == 75


def test_a_stream_that_is_taken_away_and_back_in_the_ui_replaces_its_rows(flow):
    mine = flow(configuration=COUNTED, **INCREMENTAL)
    mine.sync()
    streams = streams_of(mine)
    for chosen in ([], streams):
        mine.api.ok("web_backend/connections/update", connectionId=mine.id, syncCatalog={"streams": chosen})
    mine.sync()
    assert len(mine.rows("data")) == 25


def test_generations_count_the_fresh_starts(flow):
    mine = flow(configuration=COUNTED)
    counts = []
    for path, more in (("sync", {}), ("sync", {}), ("refresh", {"refreshMode": "Merge"}), ("clear", {})):
        job = mine.api.ok(f"connections/{path}", connectionId=mine.id, **more)["job"]["id"]
        mine.ended(job)
        counts.append(mine.api.server.generations(mine.id)[None, "data"])
    assert counts == [1, 2, 3, 4]
