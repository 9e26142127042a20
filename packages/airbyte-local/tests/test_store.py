"""What a transaction promises, also when the disk is full or somebody waits for it."""

from __future__ import annotations

import sqlite3
import threading

import pytest
from airbyte_local.store import Store, StreamStates


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "state.db")
    yield store
    store.close()


def test_what_is_to_be_done_afterwards_is_done_when_others_may_write_again(store):
    seen = []

    def look():
        with store.transaction() as session:
            seen.append(session.states.get("c").type)

    def act():
        other = threading.Thread(target=look)
        other.start()
        other.join(10)

    with store.transaction() as session:
        session.afterwards(act)
        session.states.save(StreamStates(connection_id="c", type="stream", streams={(None, "s"): {"at": 1}}))
    assert seen == ["stream"]


def test_what_was_to_be_done_afterwards_is_not_done_where_nothing_is_kept(store):
    done = []
    with pytest.raises(TypeError), store.transaction() as session:
        session.jobs.get(session.afterwards(lambda: done.append(1)), "one too many")
    assert done == []


def test_a_transaction_that_sqlite_gave_up_says_why(store):
    with store.transaction() as session:
        job, database = session.jobs.add("c", "sync", at=1, details={"streams": []}), session.jobs._database
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"), store.transaction():
        database.execute("INSERT OR ROLLBACK INTO job SELECT * FROM job")  # as SQLite does by itself on a full disk
    with store.transaction() as session:
        assert session.jobs.get(job.id) == job


STATE = {(None, "a"): {"at": 1}, ("n", "b"): {"at": 2}}


def saved(store, **states):
    with store.transaction() as session:
        session.states.save(StreamStates(connection_id="c", **states))


def forgotten(store, *keys):
    with store.transaction() as session:
        session.states.forget("c", keys, new_generation=True)
        return session.states.get("c")


def test_shared_state_goes_with_the_last_stream_that_has_some(store):
    saved(store, type="global", shared={"lsn": 9}, streams=STATE)
    one = forgotten(store, (None, "a"))
    assert (one.type, one.shared, list(one.streams)) == ("global", {"lsn": 9}, [("n", "b")])
    none = forgotten(store, ("n", "b"))
    assert (none.type, none.shared, none.streams) == ("not_set", None, {})


def test_legacy_state_goes_with_any_stream(store):
    saved(store, type="legacy", legacy={"a": 1, "b": 2})
    assert forgotten(store).legacy == {"a": 1, "b": 2}
    assert forgotten(store, (None, "a")).type == "not_set"


def test_a_stream_that_is_read_whole_leaves_the_state_of_the_others(store):
    saved(store, type="global", shared={"lsn": 9})
    with store.transaction() as session:
        session.states.renew("c", [(None, "a")])
        found = session.states.get("c")
    assert (found.type, found.shared, found.generations) == ("global", {"lsn": 9}, {(None, "a"): 1})


def test_state_that_is_null_is_no_state(store):
    saved(store, type="stream", streams=STATE)
    saved(store, type="stream", streams={(None, "a"): None})
    with store.transaction() as session:
        assert session.states.get("c").streams == {("n", "b"): {"at": 2}}
