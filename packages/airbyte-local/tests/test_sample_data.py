"""The Sample Data source: how many rows, which, and from which state on. Numbers as source-faker 7.2.1 has them."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import datetime

import jsonschema
import pytest
from airbyte_local.connectors.cancelling import Cancelled
from airbyte_local.connectors.protocol import ConnectorFailed, Surroundings
from airbyte_local.connectors.sample_data import STREAMS, SampleData

NAMES = ("users", "products", "purchases")


class Run:
    """What one reading brought, by the name of the stream."""

    def __init__(self, around, state=(), mode="incremental", names=NAMES, **configuration):
        catalog = {"streams": [{"stream": {"name": name}, "sync_mode": mode} for name in names]}
        self.rows = {name: [] for name in names}
        self.states, self.statuses = [], {name: [] for name in names}
        for message in SampleData().read(configuration, catalog, list(state), around):
            if message["type"] == "RECORD":
                self.rows[message["record"]["stream"]].append(message["record"]["data"])
            elif message["type"] == "STATE":
                self.states.append(message["state"])
            else:
                told = message["trace"]["stream_status"]
                self.statuses[told["stream_descriptor"]["name"]].append(told["status"])

    @property
    def counts(self):
        return [len(rows) for rows in self.rows.values()]

    @property
    def last(self):
        """The last state of each stream, as the next run gets it."""
        return list({state["stream"]["stream_descriptor"]["name"]: state for state in self.states}.values())

    def offsets(self, name):
        states = [state["stream"] for state in self.states]
        return [
            state["stream_state"].get("loop_offset")
            for state in states
            if state["stream_descriptor"]["name"] == name
        ]


@pytest.fixture
def around(tmp_path):
    return Surroundings(local_root=tmp_path)


@pytest.fixture
def run(around):
    return lambda **more: Run(around, **more)


@pytest.mark.parametrize(
    ("count", "counts"),
    [(1, [1, 1, 1]), (7, [7, 7, 7]), (99, [99, 99, 99]), (101, [101, 100, 101]), (1234, [1234, 100, 1234])],
)
def test_there_are_as_many_users_and_purchases_as_wanted_and_a_hundred_products(run, count, counts):
    assert run(count=count, seed=3).counts == counts


def test_without_a_configuration_there_are_a_thousand_users(run):
    assert run().counts == [1000, 100, 1000]


def test_a_seed_brings_the_same_rows_but_for_the_time_of_the_run(run):
    def rows(**configuration):
        return [
            [{**row, "updated_at": None} for row in rows] for rows in run(count=50, **configuration).rows.values()
        ]

    assert rows(seed=7) == rows(seed=7)
    assert rows(seed=7)[0] != rows(seed=8)[0]
    assert rows(seed=-1)[0] != rows(seed=-1)[0]
    assert rows(seed=7)[1] == rows(seed=8)[1]
    first = run(count=1, seed=7).rows["users"][0]
    assert (first["name"], first["age"], first["email"]) == ("Hugo", 72, "hugo.35+1@example.net")


def test_rows_fit_their_schema(run):
    found = run(count=300, seed=1).rows
    for stream in STREAMS:
        schema = {**stream["jsonSchema"], "additionalProperties": False}
        validator = jsonschema.Draft7Validator(schema)
        for row in found[stream["name"]]:
            validator.validate(row)
            for name, value in row.items():
                assert not name.endswith("_at") or datetime.fromisoformat(value).utcoffset() is not None
    assert {name for row in found["users"] for name in row} == set(STREAMS[0]["jsonSchema"]["properties"])


def test_of_ten_users_eight_buy_once_one_twice_and_one_never(run):
    for count in (1, 2, 9, 10, 5000):
        purchases = run(count=count, seed=5).rows["purchases"]
        assert [row["id"] for row in purchases] == list(range(1, count + 1))
        assert all(1 <= row["user_id"] <= count and 1 <= row["product_id"] <= 100 for row in purchases)
    times = Counter(Counter(row["user_id"] for row in purchases).values())
    assert times == {1: 4000, 2: 500}


def test_what_happens_to_a_purchase_happens_in_order(run):
    purchases = run(count=2000, seed=5).rows["purchases"]
    steps = ("created_at", "added_to_cart_at", "purchased_at", "returned_at")
    times = [[row[step] for step in steps if step in row] for row in purchases]
    assert all(time == sorted(time) for time in times)
    shares = Counter(map(len, times))
    assert [round(shares[steps] / 2000, 1) for steps in (2, 3, 4)] == [0.3, 0.6, 0.1]


def test_a_state_follows_every_slice_and_the_end(run):
    done = run(count=20, seed=7, records_per_slice=8)
    assert done.offsets("users") == [8, 16, 20]
    assert done.offsets("purchases") == [8, 16, 20]
    assert done.offsets("products") == [None]
    assert {state["stream"]["stream_state"]["seed"] for state in done.states} == {7}
    (updated,) = {state["stream"]["stream_state"]["updated_at"] for state in done.states}
    assert {row["updated_at"] for rows in done.rows.values() for row in rows} == {updated}
    assert done.statuses == {name: ["STARTED", "RUNNING", "COMPLETE"] for name in NAMES}


def test_a_second_run_brings_nothing_unless_always_updated(run):
    first = run(count=120, seed=7, always_updated=False)
    second = run(count=120, seed=7, always_updated=False, state=first.last)
    assert (second.counts, second.offsets("users"), second.offsets("products")) == ([0, 0, 0], [120], [None])
    assert second.statuses == {name: ["STARTED", "COMPLETE"] for name in NAMES}
    assert run(count=120, seed=7, state=first.last).counts == [120, 100, 120]
    assert run(count=120, seed=7, always_updated=False, state=first.last, mode="full_refresh").counts == [
        120,
        100,
        120,
    ]


def test_a_run_that_was_broken_off_is_taken_up_where_its_state_says(run):
    first = run(count=50, seed=7, records_per_slice=20, always_updated=False)
    middle = [state for state in first.states if state["stream"]["stream_state"].get("loop_offset") == 20]
    second = run(count=50, seed=7, always_updated=False, state=middle)
    assert second.counts == [30, 50, 30]
    for name in ("users", "purchases"):
        kept = [{**row, "updated_at": None} for row in first.rows[name][20:]]
        assert [{**row, "updated_at": None} for row in second.rows[name]] == kept


def test_more_users_come_to_those_who_are_there(run):
    first = run(count=20, seed=7, always_updated=False)
    more = run(count=30, seed=7, always_updated=False, state=first.last)
    assert [row["id"] for row in more.rows["users"]] == list(range(21, 31))
    fewer = run(count=10, seed=7, always_updated=False, state=first.last)
    assert (fewer.counts, fewer.offsets("users")) == ([0, 0, 0], [20])


@pytest.mark.parametrize("blob", [None, {}, {"seed": 7}, {"updated_at": "x", "loop_offset": "many"}])
def test_an_odd_state_breaks_nothing(run, blob):
    state = [{"type": "STREAM", "stream": {"stream_descriptor": {"name": "users"}, "stream_state": blob}}]
    found = run(count=5, seed=7, always_updated=False, state=state, names=("users",)).counts
    assert found == [0 if blob and "updated_at" in blob else 5]


def test_a_stream_that_is_none_is_refused(run):
    with pytest.raises(
        ConnectorFailed, match="There is no stream 'orders' here: there are users, products, purchases"
    ):
        run(names=("orders",))


def test_a_reading_stops_soon_after_it_is_cancelled(around):
    catalog = {"streams": [{"stream": {"name": "users"}, "sync_mode": "full_refresh"}]}
    messages = SampleData().read({"count": 10**9, "records_per_slice": 10**9}, catalog, [], around)
    assert [next(messages)["type"] for _ in range(3)] == ["TRACE", "TRACE", "RECORD"]
    around.cancellation.cancel()
    with pytest.raises(Cancelled):
        list(itertools.islice(messages, 2000))
