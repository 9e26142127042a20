"""The built-in Sample Data source has the streams, columns, types and counts that the vendor's connector has."""

from __future__ import annotations

from collections import Counter

import pytest
from airbyte_local.connectors.sample_data import SampleData

from .conftest import ask

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def both(real):
    return SampleData(), real("faker")


def ordered(streams):
    return sorted(streams, key=lambda stream: stream["name"])


def counts(told):
    return {name: len(rows) for name, rows in told.rows.items()}


def ends(told):
    """How each stream began and ended; the vendor's says on the way how many rows it expects."""
    return sorted(told.statuses)


def test_the_streams_are_the_same_to_the_last_type(both, around):
    ours, theirs = (ordered(source.discover({}, around)) for source in both)
    assert ours == theirs


def test_the_specification_has_the_same_properties(both):
    ours, theirs = (source.spec() for source in both)
    told = ("type", "minimum", "default")
    assert [
        {name: {key: each.get(key) for key in told} for name, each in schema["properties"].items()}
        for schema in (ours, theirs)
    ] == [
        {name: {key: each.get(key) for key in told} for name, each in theirs["properties"].items()}
        for _ in range(2)
    ]


@pytest.mark.parametrize("count", [1, 20, 150, 1000])
def test_there_are_as_many_rows_with_the_same_columns(both, around, count):
    ours, theirs = (ask(source, {"count": count, "seed": 7, "parallelism": 1}, around) for source in both)
    assert counts(ours) == counts(theirs) == {"users": count, "products": min(count, 100), "purchases": count}
    assert ends(ours) == ends(theirs)
    for name, rows in theirs.rows.items():
        assert columns(ours.rows[name]) == columns(rows)


def columns(rows):
    """The columns of all rows together, and the types of their values."""
    return {(name, type(value)) for row in rows for name, value in row.items()} - {("returned_at", str)}


def test_purchases_are_spread_over_users_alike(both, around):
    shares = []
    for source in both:
        purchases = ask(source, {"count": 2000, "seed": 7, "parallelism": 1}, around).rows["purchases"]
        assert [row["id"] for row in purchases] == list(range(1, 2001))
        times = Counter(Counter(row["user_id"] for row in purchases).values())
        bought, returned = (sum(key in row for row in purchases) for key in ("purchased_at", "returned_at"))
        shares.append((times, round(bought / 2000, 1), round(returned / 2000, 1)))
    assert shares[0] == shares[1]


@pytest.mark.parametrize("always_updated", [False, True])
def test_a_second_run_brings_the_same(both, around, always_updated):
    configuration = {"count": 120, "seed": 7, "parallelism": 1, "always_updated": always_updated}
    seconds = []
    for source in both:
        first = ask(source, configuration, around, "incremental")
        states = {
            state["stream"]["stream_descriptor"]["name"]: state["stream"]["stream_state"] for state in first.states
        }
        assert {name: set(state) for name, state in states.items()} == {
            "users": {"seed", "updated_at", "loop_offset"},
            "products": {"seed", "updated_at"},
            "purchases": {"seed", "updated_at", "loop_offset"},
        }
        assert (states["users"]["loop_offset"], states["purchases"]["loop_offset"]) == (120, 120)
        second = ask(source, configuration, around, "incremental", first.states)
        seconds.append((counts(second), ends(second), len(second.states)))
    assert seconds[0] == seconds[1]
    assert sum(seconds[0][0].values()) == (340 if always_updated else 0)


def test_a_seed_is_a_seed_to_both(both, around):
    for source in both:
        runs = [ask(source, {"count": 30, "seed": 7, "parallelism": 1}, around).rows["users"] for _ in range(2)]
        assert [{**row, "updated_at": ""} for row in runs[0]] == [{**row, "updated_at": ""} for row in runs[1]]
