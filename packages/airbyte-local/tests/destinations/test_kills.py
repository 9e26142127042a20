"""Kill -9 at any moment: what is visible is whole, and the next job tidies up after the dead one, and no other."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed

pytestmark = pytest.mark.wide("json", "sqlite")

A, B = {"id": 1, "name": "a"}, {"id": 2, "name": "b"}
TURN = 0x61697262797465


def told(**target: Any) -> str:
    return "target=" + json.dumps({"name": "users", **target})


def settled(store: Any) -> None:
    """Wait until the server has noticed that the job is dead: it is done or undone then."""
    if store.name == "postgres":
        store.execute(f"SELECT pg_advisory_lock({TURN})")
        store.execute(f"SELECT pg_advisory_unlock({TURN})")


@pytest.mark.parametrize("replaces", [True, False])
def test_a_job_that_is_killed_before_its_end_has_changed_nothing(store, replaces):
    store.sync(A)
    store.killed(told(replaces=replaces), told(name="other"), "open", "write=20000", "kill")
    settled(store)
    assert store.rows() == [A]
    assert store.read("other", None) is None


def test_the_next_job_removes_what_a_killed_one_left(store):
    store.killed(told(), "open", "write=20000", "kill")
    store.sync(A)
    assert store.debris() == []
    assert store.rows() == [A]


def test_rows_before_the_last_flush_outlive_a_kill(database):
    database.killed(told(checkpoints=True), "open", "write=3", "flush", "write=20000", "kill")
    settled(database)
    assert database.ids() == [1000, 1001, 1002]
    database.sync(A)
    assert database.ids() == [1, 1000, 1001, 1002]


def test_a_job_that_is_killed_while_it_ends_has_written_all_or_nothing(store, a_target):
    end_in_the_middle(store, a_target, {})


def test_a_job_that_is_killed_while_it_deduplicates_has_written_all_or_nothing(database, a_target):
    end_in_the_middle(database, a_target, {"mode": "append_dedup", "primary_key": [["id"]]})


def end_in_the_middle(store: Any, a_target: Any, key: dict[str, Any]) -> None:
    for rows in (2_000, 30_000):
        store.sync(A)
        process = store.child(told(**key), told(name="other", **key), "open", f"write={rows}", "say=now", "finish")
        with process:
            assert process.stdout.readline() == "now\n"
            process.kill()
        settled(store)
        store.sync(B)  # for files: whoever comes next finishes moves that had begun
        found = len(store.rows())
        other = store.read("other", None)
        assert (found % rows < 10, len(other or [])) in {(True, 0), (True, found - found % rows)}
        assert (other is None or other == []) == (found < rows)
        assert store.debris() == []
        for stream in ("users", "other"):
            store.sync(into=a_target(stream, replaces=True))


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_job_that_is_killed_between_two_files_is_finished_or_undone_by_the_next(files, at):
    """The first of four renames is that of the list of moves."""
    streams = ("users", "more", "most")
    files.sync(A)
    targets = [told(name=stream, replaces=True) for stream in streams]
    files.killed(*targets, "open", "write=5", f"die_at_rename={at}", "finish")
    assert files.debris() != []
    files.sync()
    assert files.debris() == []
    done = at > 1
    assert [row["id"] for row in files.rows()] == ([1000, 1001, 1002, 1003, 1004] if done else [1])
    assert (files.read("most", None) is not None) is done


def test_a_job_that_dies_while_another_runs_is_finished_before_that_one_appends(files):
    files.sync(A)
    running = files.open()
    running.write(0, B, 1)
    files.killed(told(), "open", "write=2", "die_at_rename=2", "finish")
    running.finish()
    assert files.ids() == [1, 2, 1000, 1001]
    assert files.debris() == []


def test_files_of_a_job_that_runs_in_another_process_are_left_alone(files):
    with files.child(told(), "open", "write=9000", "say=now", "wait", "finish") as process:
        assert process.stdout.readline() == "now\n"
        before = files.debris()
        assert before != []
        files.sync(A)
        assert files.debris() == before
        process.communicate("go on\n")
    assert process.returncode == 0
    assert len(files.rows()) == 9001
    assert files.debris() == []


def test_what_only_looks_like_ours_is_left_alone(store):
    store.sync(A)
    folder = store.root if store.name in {"sqlite", "duckdb", "postgres"} else store.root / "out"
    others = ("_airbyte_tmp_mine.txt", "_airbyte_tmp_7_0123456789abcdef_mine", "_airbyte_tmp_7_0123456789abcdef")
    for name in others:
        (folder / name).write_text("mine")
    outside = store.root.parent / "outside"
    outside.mkdir()
    (outside / "file").write_text("mine")
    (folder / "_airbyte_tmp_7_fedcba9876543210").symlink_to(outside)
    store.sync(B)
    assert all((folder / name).read_text() == "mine" for name in others)
    assert (outside / "file").read_text() == "mine"


def test_a_list_of_moves_moves_nothing_but_what_is_leased_to_a_finished_name(files):
    files.sync(A)
    folder = files.root / "out"
    secret = folder / "secret.txt"
    secret.write_text("mine")
    lease = folder / "_airbyte_tmp_7_0123456789abcdef"
    lease.mkdir()
    (lease / "x").write_text("bad")
    moves = {"x": "secret.txt", "secret.txt": "_airbyte_raw_users.jsonl", "../secret.txt": "_airbyte_raw_x"}
    (lease / "moves.json").write_text(json.dumps(moves))
    files.sync(B)
    assert secret.read_text() == "mine"
    assert not (folder / "_airbyte_raw_x").exists()
    assert files.rows() == [A, B]
    assert files.debris() == []


def test_moves_that_can_be_neither_done_nor_undone_are_done_by_the_next_job(files):
    files.sync(A)
    targets = [told(name=stream, replaces=True) for stream in ("users", "more")]
    with files.child(*targets, "open", "write=2", "fail_at_rename=-3", "finish") as process:
        out, errors = process.communicate()
    assert "The disk is broken" in out, errors
    files.sync()
    assert files.ids() == [1000, 1001]
    assert len(files.rows("more")) == 2
    assert files.debris() == []


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_move_that_fails_leaves_all_files_as_they_were(files, at):
    files.sync(A)
    targets = [told(name=stream, replaces=True) for stream in ("users", "more", "most")]
    with files.child(*targets, "open", "write=5", f"fail_at_rename={at}", "finish") as process:
        out, errors = process.communicate()
    assert (out.startswith("ConnectorCrashed: "), "The disk is broken" in out) == (True, True), errors
    assert files.debris() == []
    assert files.rows() == [A]
    assert files.read("more", None) is files.read("most", None) is None


def test_a_name_that_something_else_has_taken_meanwhile_is_refused(files, a_target):
    files.sync(A)
    suffix = {"json": "jsonl", "csv": "csv"}[files.name]
    sink = files.open(a_target(replaces=True), a_target("other", replaces=True))
    (files.root / "out" / f"_airbyte_raw_other.{suffix}").mkdir()
    with pytest.raises(ConnectorFailed, match="is no file"):
        sink.finish()
    sink.abort()
    assert files.rows() == [A]
    assert files.debris() == []


@pytest.mark.slow
def test_what_duckdb_spilled_goes_with_the_next_job(stores):
    store = stores.make("duckdb")
    store.killed(told(), "open", "write=900000", "kill")
    spilled = [path for path in store.root.rglob("*") if "spilled" in path.name]
    assert spilled != []
    store.sync(A)
    assert [path.name for path in store.root.iterdir()] == ["out.duckdb"]


def test_a_database_that_another_process_has_open_is_tried_again_later(stores):
    store = stores.make("duckdb")
    with store.child(told(), "open", "say=now", "wait", "abort") as process:
        assert process.stdout.readline() == "now\n"
        with pytest.raises(ConnectorCrashed, match="lock"):
            store.open()
        with pytest.raises(ConnectorFailed, match="lock"):
            store.check()
        process.communicate("go on\n")
    store.sync(A)
    assert store.rows() == [A]
