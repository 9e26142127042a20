import random

import anyio
import pytest
from dagster_managed_elements.api.chaining import Chain, Page, Whole, read_chain, read_whole
from dagster_managed_elements.engine.errors import ServerFault
from hypothesis import given, settings
from hypothesis import strategies as st


class Server:
    """Pages by cursor through *rows*, as far as it is told to; *order* is called before each page."""

    def __init__(self, rows, *, most=100, follows=True, measures=True, states=True, order=lambda rows: rows):
        self.rows, self.most, self.order = list(rows), most, order
        self.follows, self.measures, self.states = follows, measures, states
        self.asked = []

    async def fetch(self, after, size):
        self.asked.append((after, size))
        await anyio.lowlevel.checkpoint()
        rows = self.order(self.rows)
        start = rows.index(after) + 1 if self.follows and after is not None else 0
        end = start + min(size, self.most) if self.measures else None
        return Page(rows=rows[start:end], total=len(rows) if self.states else None)

    def chain(self, size=100):
        return Chain(fetch=self.fetch, identity=lambda row: row, what="things", size=size)


@pytest.mark.parametrize(
    ("rows", "most", "cursors"),
    [
        (0, 100, [None]),
        (1, 100, [None]),
        (100, 100, [None]),
        (101, 100, [None, 99, 100]),
        (50, 20, [None, 19, 39, 49]),
    ],
)
async def test_a_chain_is_followed_to_its_end_in_full_pages(rows, most, cursors):
    server = Server(range(rows), most=most)
    assert await read_chain(server.chain()) == list(range(rows))
    assert server.asked == [(cursor, 100) for cursor in cursors]


@pytest.mark.parametrize(("rows", "requests"), [(0, 1), (1, 3), (20, 3), (100, 3), (101, 1), (1000, 1)])
async def test_a_server_that_does_not_page_after_all_is_read_whole(rows, requests):
    server = Server(range(rows), follows=False, measures=False, states=False)
    assert await read_chain(server.chain()) == list(range(rows))
    assert len(server.asked) == requests


@pytest.mark.parametrize("states", [True, False])
async def test_a_server_that_ignores_where_to_begin_is_refused(states):
    server = Server(range(50), most=20, follows=False, states=states)
    with pytest.raises(ServerFault, match="list of things does not add up"):
        await read_chain(server.chain())


async def test_a_stated_length_that_is_not_reached_is_refused():
    async def fetch(after, size):
        return Page(rows=["a", "b"] if after is None else [], total=3)

    with pytest.raises(ServerFault, match="does not add up"):
        await read_chain(Chain(fetch=fetch, identity=lambda row: row, what="things"))


async def test_a_row_that_is_deleted_while_the_chain_is_read_costs_no_other():
    rows = list("abcde")

    async def fetch(after, size):
        start = rows.index(after) + 1 if after else 0
        page = Page(rows=rows[start : start + 2], total=len(rows))
        if after is None:
            rows.remove("a")
        return page

    found = await read_chain(Chain(fetch=fetch, identity=lambda row: row, what="things"))
    assert set(found) >= set("bcde")


@settings(max_examples=200)
@given(
    rows=st.integers(min_value=0, max_value=60),
    most=st.integers(min_value=1, max_value=30),
    size=st.integers(min_value=1, max_value=30),
    follows=st.booleans(),
    measures=st.booleans(),
    seed=st.integers(),
    unrest=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
)
async def test_a_chain_on_a_server_that_misbehaves_is_read_completely_or_refused(
    rows, most, size, follows, measures, seed, unrest
):
    drawn = random.Random(seed)

    def order(known):
        if drawn.random() < unrest:
            drawn.shuffle(known)
        return known

    server = Server(range(rows), most=most, follows=follows, measures=measures, order=order)
    try:
        found = await read_chain(server.chain(size))
    except ServerFault:
        assert unrest > 0 or not follows
        return
    assert sorted(found) == list(range(rows))


@settings(max_examples=100)
@given(
    rows=st.integers(min_value=0, max_value=60),
    size=st.integers(min_value=2, max_value=30),
    follows=st.booleans(),
    measures=st.booleans(),
)
async def test_a_server_that_states_no_length_is_read_completely_or_refused(rows, size, follows, measures):
    server = Server(range(rows), follows=follows, measures=measures, states=False)
    try:
        found = await read_chain(server.chain(size))
    except ServerFault:
        assert measures
        assert not follows
        return
    assert found == list(range(rows))


async def test_a_whole_answer_is_one_request():
    asked = []

    async def fetch():
        asked.append(1)
        return ["a", "b"]

    assert await read_whole(Whole(fetch=fetch, identity=lambda row: row, what="things")) == ["a", "b"]
    assert len(asked) == 1


async def test_a_whole_answer_that_repeats_a_row_is_read_again():
    answers = iter([["a", "a"], ["a", "b"]])

    async def fetch():
        return next(answers)

    assert await read_whole(Whole(fetch=fetch, identity=lambda row: row, what="things")) == ["a", "b"]


async def test_a_whole_answer_that_always_repeats_a_row_is_refused():
    async def fetch():
        return ["a", "a"]

    with pytest.raises(ServerFault, match="does not add up"):
        await read_whole(Whole(fetch=fetch, identity=lambda row: row, what="things"))
