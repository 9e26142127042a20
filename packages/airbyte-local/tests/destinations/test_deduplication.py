"""append_dedup: one row a key, the newest, in every database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from airbyte_local.connectors.destinations import duckdb
from airbyte_local.connectors.protocol import ConnectorFailed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.wide("sqlite")

SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": ["null", "integer"]},
        "part": {"type": ["null", "string"]},
        "at": {"type": ["null", "string"], "format": "date-time"},
        "n": {"type": "integer"},
    },
}
DAYS = ["2024-01-01T00:00:00Z", "2024-01-01T01:30:00+02:00", "2024-01-02T00:00:00.5Z", None]
"""The second is half an hour before the first."""
RANKS = {DAYS[0]: 2, DAYS[1]: 1, DAYS[2]: 3, None: 0}


@pytest.fixture
def by_id(a_keyed) -> Callable[..., Any]:
    return lambda **more: a_keyed(**{"json_schema": SCHEMA, "cursor": ("at",), **more})


def row(key: Any, n: int, day: int = 0, **more: Any) -> dict[str, Any]:
    found = {"id": key, "at": DAYS[day], "n": n, **more}
    return {name: value for name, value in found.items() if value is not None}


def kept(store: Any) -> dict[Any, int]:
    rows = store.rows()
    found = {(each.get("id"), each["part"]) if "part" in each else each.get("id"): each["n"] for each in rows}
    assert len(found) == len(rows), "a key has two rows"
    return found


def test_the_row_with_the_greater_cursor_stays_whichever_comes_first(database, by_id):
    database.sync(row(1, 1, 2), row(1, 2, 0), row(2, 3, 0), row(2, 4, 2), into=by_id())
    assert kept(database) == {1: 1, 2: 4}


def test_times_of_a_cursor_are_compared_as_times(database, by_id):
    database.sync(row(1, 1, 0), row(1, 2, 1), into=by_id())
    assert kept(database) == {1: 1}


def test_of_equal_cursors_the_later_row_stays(database, by_id):
    database.sync(row(1, 1), row(1, 2), into=by_id())
    database.sync(row(1, 3), into=by_id())
    assert kept(database) == {1: 3}


def test_null_is_the_least_cursor(database, by_id):
    database.sync(row(1, 1, 0), row(1, 2, 3), row(2, 3, 3), row(2, 4, 0), row(3, 5, 3), row(3, 6, 3), into=by_id())
    assert kept(database) == {1: 1, 2: 4, 3: 6}
    database.sync(row(1, 7, 3), row(3, 8, 0), into=by_id())
    assert kept(database) == {1: 1, 2: 4, 3: 8}


def test_without_a_cursor_the_later_row_stays(database, by_id):
    database.sync(row(1, 1, 2), row(1, 2, 0), into=by_id(cursor=()))
    database.sync(row(1, 3, 1), row(2, 4), into=by_id(cursor=()))
    assert kept(database) == {1: 3, 2: 4}


def test_older_rows_of_a_later_job_do_not_win(database, by_id):
    database.sync(row(1, 1, 2), row(2, 2, 0), into=by_id())
    database.sync(row(1, 3, 0), row(2, 4, 2), row(3, 5), into=by_id())
    assert kept(database) == {1: 1, 2: 4, 3: 5}


def test_a_key_may_have_several_parts_one_of_which_is_null(database, by_id):
    target = by_id(primary_key=(("id",), ("part",)))
    rows = (row(1, 1, part="a"), row(1, 2, part="b"), row(1, 3), row(None, 4, part="a"))
    database.sync(*rows, into=target)
    database.sync(*({**each, "n": each["n"] + 10} for each in rows), into=target)
    assert kept(database) == {(1, "a"): 11, (1, "b"): 12, 1: 13, (None, "a"): 14}


def test_at_each_flush_a_key_has_one_row(database, by_id):
    sink = database.open(by_id(checkpoints=True))
    for n in range(6):
        sink.write(0, row(n % 2, n, 0), 1)
        assert sink.flush() is True
        assert kept(database) == {key: n - (n - key) % 2 for key in (0, 1) if key <= n}
    sink.abort()


def test_a_stream_can_be_overwritten_and_deduplicated(database, by_id):
    database.sync(row(1, 1), row(2, 2), into=by_id())
    database.sync(row(1, 3, 2), row(1, 4, 0), into=by_id(replaces=True))
    assert kept(database) == {1: 3}


def test_a_stream_that_was_appended_has_one_row_a_key_from_now_on(database, by_id, a_target):
    database.sync(row(1, 1, 2), row(1, 2, 0), row(2, 3), row(2, 4), into=a_target(json_schema=SCHEMA))
    database.sync(row(3, 5), row(2, 6), into=by_id())
    assert kept(database) == {1: 1, 2: 6, 3: 5}


def test_a_stream_that_was_deduplicated_can_be_appended_to(database, by_id, a_target):
    database.sync(row(1, 1), into=by_id())
    database.sync(row(1, 2), row(1, 3), into=a_target(json_schema=SCHEMA))
    assert sorted(each["n"] for each in database.rows()) == [1, 2, 3]


def test_another_key_counts_from_the_next_job_on(database, by_id):
    database.sync(row(1, 1, part="a"), row(2, 2, part="a"), into=by_id())
    database.sync(row(3, 3, part="b"), into=by_id(primary_key=(("part",),)))
    assert {each["part"]: each["n"] for each in database.rows()} == {"a": 2, "b": 3}


def test_many_rows_are_deduplicated_too(database, by_id, monkeypatch):
    monkeypatch.setattr(duckdb, "DELETED_ROWS", 100)
    for start in (0, 300, 600):
        sink = database.open(by_id(cursor=("n",)))
        for n in range(start, start + 1000):
            sink.write(0, row(n % 500, n), 1)
            sink.write(0, row(n % 500, n - 1), 1)
        sink.finish()
    assert kept(database) == {n % 500: n for n in range(1100, 1600)}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"primary_key": ()}, "needs a primary key"),
        ({"primary_key": (("id", "deep"),)}, "'id.deep' is no column"),
        ({"cursor": ("nowhere",)}, "'nowhere' is no column"),
    ],
)
def test_a_key_that_a_typed_table_does_not_have_is_refused(typed, by_id, more, said):
    with pytest.raises(ConnectorFailed, match=said):
        typed.open(by_id(**more))


def test_a_raw_table_takes_a_key_and_a_cursor_from_deep_inside(stores, a_keyed):
    store = stores.make("sqlite")
    target = a_keyed(primary_key=(("a", "b"),), cursor=("a", "c"), json_schema={})
    rows = [{"a": {"b": 1, "c": 2}}, {"a": {"b": 1.0, "c": 1}}, {"a": {"b": 2}}]
    store.sync(*rows, into=target)
    assert store.rows() == [rows[0], rows[2]]
    with pytest.raises(ConnectorFailed, match="needs a primary key"):
        store.open(a_keyed(primary_key=()))


def test_ids_of_a_raw_table_are_uuids_made_of_the_key(stores, a_keyed):
    import uuid

    store = stores.make("sqlite")
    store.sync({"id": 1}, {"id": 2}, into=a_keyed())
    first = store.execute("SELECT _airbyte_ab_id FROM _airbyte_raw_users ORDER BY rowid")
    store.sync({"id": 1, "name": "new"}, into=a_keyed())
    assert store.execute("SELECT _airbyte_ab_id FROM _airbyte_raw_users ORDER BY rowid") == first
    assert [(uuid.UUID(each).version, uuid.UUID(each).variant) for (each,) in first] == [
        (8, uuid.RFC_4122),
        (8, uuid.RFC_4122),
    ]


ACTS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from([None, 1, 2, 3]), st.integers(0, 3)),
        st.sampled_from(["flush", "next job", "gives up"]),
    ),
    max_size=25,
)


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(acts=ACTS, many=st.booleans())
def test_whatever_comes_in_whatever_order_is_what_the_rule_says(stores, database, by_id, acts, many):
    """Rows, flushes, jobs that end and jobs that are given up, against the rule in a few lines of Python."""
    database.sync(into=by_id(replaces=True))
    limit, duckdb.DELETED_ROWS = duckdb.DELETED_ROWS, 0 if many else 50_000
    durable: dict[Any, tuple[int, int]] = {}
    pending = dict(durable)
    sink = database.open(by_id(checkpoints=True))
    try:
        for n, act in enumerate(acts):
            if isinstance(act, tuple):
                key, day = act
                rank = RANKS[DAYS[day]]
                sink.write(0, row(key, n, day), 1)
                if key not in pending or rank >= pending[key][0]:
                    pending[key] = rank, n
            elif act == "flush":
                assert sink.flush() is True
                durable = dict(pending)
            else:
                if act == "next job":
                    sink.finish()
                    durable = dict(pending)
                else:
                    sink.abort()
                    pending = dict(durable)
                sink = database.open(by_id(checkpoints=True))
        sink.finish()
    finally:
        duckdb.DELETED_ROWS = limit
        sink.abort()
    assert kept(database) == {key: n for key, (_, n) in pending.items()}
