"""What a transaction promises, also when the disk is full or somebody waits for it."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import replace

import pytest
from airbyte_local.model.records import (
    Actor,
    Attempt,
    Catalog,
    Connection,
    Definition,
    Operation,
    StreamStates,
    StreamStats,
    Tag,
    Workspace,
)
from airbyte_local.store.database import Store


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


DETAILS = {"a": [1, None], "b": {"c": "é"}}
ROWS = {
    "workspaces": Workspace(id="w", slug="s", name="n", organization_id="o", tombstone=True, details=DETAILS),
    "definitions": Definition(id="d", kind="source", custom=True, grants=("w", "x"), details=DETAILS),
    "actors": Actor(
        id="a", kind="source", workspace_id="w", definition_id="d", name="n", configuration=DETAILS, created_at=1
    ),
    "connections": Connection(
        id="c",
        workspace_id="w",
        source_id="a",
        destination_id="b",
        name="n",
        status="active",
        created_at=1,
        details=DETAILS,
    ),
    "catalogs": Catalog(id="k", streams=[{"name": "users"}]),
    "operations": Operation(id="p", workspace_id="w", name="n", configuration=DETAILS, tombstone=True),
    "tags": Tag(id="t", workspace_id="w", name="n", color="ffffff"),
}


@pytest.mark.parametrize("table", ROWS)
def test_a_row_comes_back_as_it_was_saved(store, table):
    with store.transaction() as session:
        getattr(session, table).save(ROWS[table])
    with store.transaction() as session:
        assert getattr(session, table).whole([ROWS[table].id]) == [ROWS[table]]


def test_an_attempt_comes_back_as_it_was_saved(store):
    stats = (StreamStats(name="s", records_emitted=3), StreamStats(name="s", namespace="n"))
    attempt = Attempt(
        job_id=1, number=0, status="failed", created_at=1, updated_at=2, streams=stats, failures=({},)
    )
    with store.transaction() as session:
        session.jobs.save_attempt(replace(attempt, status="running", streams=()))
        session.jobs.save_attempt(attempt)
        assert session.jobs.attempts([2, 1]) == {2: [], 1: [attempt]}


@pytest.mark.parametrize("table", ["definitions", "actors", "connections", "operations", "tags"])
def test_every_write_of_what_is_declared_is_another_revision(store, table):
    with store.transaction() as session:
        getattr(session, table).save(ROWS[table])
        before = session.revision()
        getattr(session, table).save(ROWS[table])
        assert session.revision() != before


@pytest.mark.parametrize(("table", "other"), [("workspaces", {"id": "v"}), ("tags", {"id": "v"})])
def test_a_row_drops_no_other_one_of_its_name(store, table, other):
    with store.transaction() as session:
        getattr(session, table).save(ROWS[table])
        with pytest.raises(sqlite3.IntegrityError):
            getattr(session, table).save(replace(ROWS[table], **other))


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
