"""Overwrite, append, checkpoints: what is visible when, the same for every destination."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from airbyte_local.connectors.cancelling import Cancelled
from airbyte_local.connectors.end_to_end import DevNull
from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed, Destination, Surroundings
from airbyte_local.connectors.registry import PUBLIC

pytestmark = pytest.mark.wide("json", "sqlite")

A, B, C = {"id": 1, "name": "a"}, {"id": 2, "name": "b"}, {"id": 3, "name": "c"}


def test_what_is_appended_stands_behind_what_was_there(store):
    store.sync(A, B)
    store.sync(C)
    assert store.rows() == [A, B, C]


def test_what_is_overwritten_is_there_until_the_job_has_succeeded(store, a_target):
    store.sync(A, B)
    sink = store.open(a_target(replaces=True))
    sink.write(0, C, 1)
    assert store.rows() == [A, B]
    sink.finish()
    assert store.rows() == [C]


def test_a_job_that_writes_nothing_over_a_stream_empties_it(store, a_target):
    store.sync(A)
    store.sync(into=a_target(replaces=True))
    assert store.rows() == []


def test_a_stream_without_rows_is_there(store):
    store.sync()
    assert store.rows() == []


def test_appending_nothing_changes_nothing(store):
    store.sync(A)
    store.sync()
    assert store.rows() == [A]


@pytest.mark.parametrize("replaces", [True, False])
def test_a_job_that_is_given_up_leaves_all_as_it_was(store, a_target, replaces):
    store.sync(A)
    before = sorted(store.root.rglob("*"))
    sink = store.open(a_target(replaces=replaces), a_target("other"))
    for number in range(30_000):
        sink.write(number % 2, {"id": number, "name": "x" * 50}, 1)
    sink.abort()
    assert store.rows() == [A]
    assert store.read("other", None) is None
    assert sorted(store.root.rglob("*")) == before


def test_a_first_job_that_is_given_up_leaves_no_file(store):
    sink = store.open()
    sink.write(0, A, 1)
    sink.abort()
    assert [path for path in store.root.rglob("*") if path.is_file()] == []


def test_to_give_up_twice_or_after_the_end_is_no_matter(store):
    sink = store.open()
    sink.finish()
    sink.abort()
    sink.abort()
    assert store.rows() == []


def test_a_job_that_has_ended_leaves_nothing_unfinished(store):
    store.sync(A)
    assert store.debris() == []


def test_a_flush_makes_rows_of_checkpointing_streams_durable_and_no_others(database, a_target):
    sink = database.open(a_target(checkpoints=True), a_target("held"))
    sink.write(0, A, 1)
    sink.write(1, B, 1)
    assert sink.flush() is True
    assert database.rows() == [A]
    assert database.read("held", None) is None
    sink.write(0, C, 1)
    assert sink.flush() is True
    assert database.rows() == [A, C]
    sink.abort()
    assert database.rows() == [A, C]
    assert database.read("held", None) is None


def test_rows_after_the_last_flush_come_with_the_end(database, a_target):
    sink = database.open(a_target(checkpoints=True), a_target("held"))
    sink.write(0, A, 1)
    sink.flush()
    sink.write(0, B, 1)
    sink.write(1, C, 1)
    sink.finish()
    assert database.rows() == [A, B]
    assert database.rows("held") == [C]


def test_a_stream_that_replaces_does_not_checkpoint(database, a_target):
    database.sync(A)
    sink = database.open(a_target(replaces=True, checkpoints=True))
    sink.write(0, B, 1)
    sink.flush()
    assert database.rows() == [A]
    sink.finish()
    assert database.rows() == [B]


def test_files_do_not_checkpoint(files, a_target):
    sink = files.open(a_target(checkpoints=True))
    sink.write(0, A, 1)
    assert sink.flush() is False
    assert files.read("users", None) is None
    sink.finish()
    assert files.rows() == [A]


def test_two_jobs_that_append_to_one_stream_lose_nothing_of_each_other(store):
    one, other = store.open(), store.open()
    one.write(0, A, 1)
    other.write(0, B, 1)
    one.finish()
    other.finish()
    assert store.ids() == [1, 2]


def test_a_job_that_ends_leaves_the_unfinished_rows_of_another_alone(store):
    slow = store.open()
    slow.write(0, A, 1)
    for number in range(3):
        store.sync({"id": 10 + number})
    slow.finish()
    assert store.ids() == [1, 10, 11, 12]


def test_many_streams_at_once_are_kept_apart(store, a_target):
    sink = store.open(*(a_target(f"s{number}") for number in range(40)))
    for number in range(4000):
        sink.write(number % 40, {"id": number, "name": "x" * 500}, 1)
    sink.finish()
    assert store.ids("s7") == list(range(7, 4000, 40))


def test_more_streams_than_files_may_be_open(files, a_target):
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    sink = files.open(*(a_target(f"s{number}") for number in range(300)))
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
    try:
        for number in range(600):
            sink.write(number % 300, {"id": number}, 1)
        sink.finish()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert files.ids("s299") == [299, 599]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["append", "append_dedup"])
def test_many_wide_streams_are_no_matter(database, a_target, mode):
    names = [f"c{number}" for number in range(60)]
    schema = {
        "type": "object",
        "properties": {"id": {"type": "integer"}, **{key: {"type": "string"} for key in names}},
    }
    targets = [a_target(f"s{each}", json_schema=schema, mode=mode, primary_key=(("id",),)) for each in range(50)]
    for _ in range(2):
        sink = database.open(*targets)
        for position in range(len(targets)):
            sink.write(position, {"id": 1, **dict.fromkeys(names, "value")}, 1)
        sink.finish()
    assert len(database.rows("s49")) == (1 if mode == "append_dedup" else 2)
    assert database.rows("s0")[0]["c59"] == "value"


def test_eight_jobs_at_once_do_not_get_in_each_others_way(store, a_target):
    def sync(number: int) -> None:
        targets = [a_target(f"s{number}"), a_target("shared")]
        sink = store.open(*targets)
        for row in range(3000):
            sink.write(row % 2, {"id": number * 10_000 + row}, 1)
        sink.finish()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(sync, range(8))) == [None] * 8
    assert store.ids("shared") == [number * 10_000 + row for number in range(8) for row in range(1, 3000, 2)]
    assert all(len(store.rows(f"s{number}")) == 1500 for number in range(8))
    assert store.debris() == []


@pytest.mark.parametrize(("name", "extra"), [("duckdb", "duckdb"), ("postgres", "postgres")])
def test_a_library_that_is_missing_is_named(stores, monkeypatch, name, extra):
    store = stores.make(name)
    monkeypatch.setitem(sys.modules, {"duckdb": "duckdb", "postgres": "psycopg"}[name], None)
    for act in (store.check, store.open):
        with pytest.raises(ConnectorFailed, match=rf"pip install 'airbyte-local\[{extra}\]'"):
            act()


def test_rows_larger_than_any_buffer_arrive(store):
    large = {"id": 1, "name": "é" * 5_000_000}
    store.sync(A, large, B)
    assert [row["name"] for row in store.rows()] == ["a", large["name"], "b"]


def test_a_cancelled_job_stops_at_the_database(database):
    sink = database.open()
    sink.write(0, A, 1)
    database.cancellation.cancel()
    with pytest.raises(Cancelled):
        sink.finish()
    sink.abort()
    assert database.read("users", None) is None


@pytest.mark.parametrize("first", ["a b", "Users"])
def test_two_streams_that_would_share_a_place_are_refused(store, a_target, first):
    same = {"json": {"a b": "a-b"}, "csv": {"a b": "a-b"}, "postgres": {"a b": "a-b"}}
    other = same.get(store.name, {"Users": "users"}).get(first, first)
    with pytest.raises(ConnectorFailed, match="Two streams would write to one"):
        store.open(a_target(first), a_target(other))
    assert store.debris() == []


def test_every_destination_can_be_checked_before_it_was_ever_written_to(store):
    store.check()
    assert [path for path in store.root.rglob("*") if path.is_file()] == []
    store.sync(A)
    store.check()


def test_a_destination_has_no_streams(store):
    with pytest.raises(ConnectorFailed):
        store.destination.discover({}, Surroundings(local_root=store.root))


MODES = {
    "destination-local-json": ("overwrite", "append"),
    "destination-csv": ("overwrite", "append"),
    "destination-sqlite": ("overwrite", "append", "append_dedup"),
    "destination-duckdb": ("overwrite", "append", "append_dedup"),
    "destination-postgres": ("overwrite", "append", "append_dedup"),
    "destination-dev-null": ("overwrite", "append", "append_dedup"),
}


def test_what_is_built_in_says_which_modes_it_has():
    found = {each.repository.removeprefix("airbyte/"): each for each in PUBLIC}
    for image, modes in MODES.items():
        assert tuple(found[image].sync_modes) == modes
        assert isinstance(found[image].stand_in, Destination)


def null_sink(tmp_path, a_target, **test):
    return DevNull().open({"test_destination": test}, [a_target()], Surroundings(local_root=tmp_path))


def test_dev_null_takes_everything(tmp_path, a_target):
    sink = null_sink(tmp_path, a_target, test_destination_type="SILENT")
    sink.write(0, A, 1)
    assert sink.flush() is True
    sink.finish()
    assert list(tmp_path.iterdir()) == []


def test_dev_null_fails_after_as_many_rows_as_it_is_told_to(tmp_path, a_target):
    sink = null_sink(tmp_path, a_target, test_destination_type="FAILING", num_messages=2)
    sink.write(0, A, 1)
    sink.write(0, A, 1)
    with pytest.raises(ConnectorCrashed):
        sink.write(0, A, 1)


def test_dev_null_stops_waiting_when_it_is_cancelled(tmp_path, a_target):
    around = Surroundings(local_root=tmp_path)
    slow = {"test_destination_type": "THROTTLED", "millis_per_record": 3_600_000}
    sink = DevNull().open({"test_destination": slow}, [a_target()], around)
    around.cancellation.cancel()
    with pytest.raises(Cancelled):
        sink.write(0, A, 1)
