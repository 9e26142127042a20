import random
from collections import Counter

import anyio
import pytest
from dagster_managed_elements.api.paging import Listing, Reading, chain, combine, next_offsets, read_pages
from dagster_managed_elements.engine.errors import ServerFault
from hypothesis import given, settings
from hypothesis import strategies as st


class Server:
    """Pages through *rows*; how it misbehaves is up to *order*, called before each page."""

    def __init__(self, rows, *, most=10**9, order=lambda rows: rows):
        self.rows, self.most, self.order, self.asked = list(rows), most, order, []

    async def fetch(self, offset, size):
        self.asked.append((offset, size))
        await anyio.lowlevel.checkpoint()
        return self.order(self.rows)[offset : offset + min(size, self.most)]

    def listing(self, size=100, concurrency=8, expected=0, *, alone=False):
        return Listing(
            fetch=self.fetch,
            identity=lambda row: row,
            what="things",
            size=size,
            concurrency=concurrency,
            expected=expected,
            alone=alone,
        )


@pytest.mark.parametrize(
    ("rows", "most", "requests"),
    [
        (0, 100, [0]),
        (1, 100, [0, 1]),
        (99, 100, [0, 99]),
        (100, 100, [0, 100, 200]),
        (101, 100, [0, 100, 101, 200]),
        (250, 100, [0, 100, 200, 250]),
        (60, 20, [0, 20, 40, 60]),
    ],
)
async def test_a_listing_is_read_to_the_page_that_is_empty(rows, most, requests):
    server = Server(range(rows), most=most)
    assert sorted(await read_pages(server.listing())) == list(range(rows))
    assert sorted(offset for offset, _ in server.asked) == requests


@pytest.mark.parametrize(
    ("rows", "requests"),
    [(0, [0, 1]), (1, [0, 1]), (2, [0, 1, 2]), (100, [0, 1, 100, 200]), (250, [0, 1, 100, 200, 250])],
)
async def test_of_a_row_that_most_likely_is_alone_it_is_asked_at_once_whether_there_is_another(rows, requests):
    server = Server(range(rows))
    assert await read_pages(server.listing(alone=True)) == list(range(rows))
    assert [offset for offset, _ in server.asked][:2] == [0, 1]
    assert sorted(offset for offset, _ in server.asked) == requests


async def test_a_server_that_pages_by_twenty_is_not_believed_to_end_there():
    server = Server(range(200), most=20)
    assert len(await read_pages(server.listing())) == 200
    assert len(server.asked) <= 16


async def test_a_thousand_rows_take_few_requests():
    server = Server(range(1000))
    await read_pages(server.listing())
    assert len(server.asked) == 15


@pytest.mark.parametrize(
    ("rows", "expected", "most", "offsets"),
    [
        pytest.param(1000, 1000, 100, [0, *range(100, 1001, 100)], id="as many: the first page and all others"),
        pytest.param(150, 150, 100, [0, 100, 150], id="a page and a half: none that is not needed"),
        pytest.param(130, 250, 100, [0, 100, 130, 200], id="fewer"),
        pytest.param(350, 150, 100, [0, 100, 200, 300, 350], id="more: pages double as ever"),
        pytest.param(60, 60, 20, [0, 20, 40, 60], id="a server that pages by twenty"),
        pytest.param(
            150, 10_000, 100, [0, *range(100, 2001, 100), 150], id="far fewer: no more than twenty in vain"
        ),
        pytest.param(0, 1000, 100, [0], id="none at all: nothing is asked for in vain"),
        pytest.param(5, 1000, 100, [0, 5], id="hardly any: nor here"),
    ],
)
async def test_what_is_expected_says_how_many_pages_are_asked_for_at_once(rows, expected, most, offsets):
    server = Server(range(rows), most=most)
    assert sorted(await read_pages(server.listing(expected=expected))) == list(range(rows))
    assert sorted(offset for offset, _ in server.asked) == sorted(offsets)


async def test_what_is_expected_is_asked_for_in_two_rounds():
    rounds = []

    class Counted(Server):
        async def fetch(self, offset, size):
            rounds.append(len(self.asked))
            await anyio.lowlevel.checkpoint()
            return await super().fetch(offset, size)

    await read_pages(Counted(range(1000)).listing(expected=1000))
    assert rounds == [0] + [1] * 10


async def test_windows_double_up_to_the_limit():
    under_way = most = 0

    class Watched(Server):
        async def fetch(self, offset, size):
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            page = await super().fetch(offset, size)
            under_way -= 1
            return page

    await read_pages(Watched(range(100)).listing(size=5, concurrency=3))
    assert most == 3


async def test_repeated_rows_come_once_and_skipped_ones_are_found():
    orders = iter([[0, 1, 2, 3], [1, 0, 2, 3], [2, 0, 1, 3], [3, 2, 0, 1]] * 9)
    server = Server(range(4), order=lambda _: next(orders))
    assert sorted(await read_pages(server.listing(size=2))) == [0, 1, 2, 3]


async def test_a_server_that_ignores_the_offset_is_refused():
    async def fetch(offset, size):
        return range(30)

    with pytest.raises(ServerFault, match="has no end"):
        await read_pages(Listing(fetch=fetch, identity=lambda row: row, what="things"))


async def test_pages_that_never_add_up_are_refused_by_name():
    async def fetch(offset, size):
        return [["a", "b"], ["a", "b"]][offset // 2] if offset < 4 else []

    with pytest.raises(ServerFault, match="list of things does not add up"):
        await read_pages(Listing(fetch=fetch, identity=lambda row: row, what="things", size=2))


async def test_an_error_of_one_page_is_raised_as_it_is():
    async def fetch(offset, size):
        if offset >= 4:
            raise ServerFault("it broke")
        return [offset, offset + 1]

    with pytest.raises(ServerFault, match="it broke"):
        await read_pages(Listing(fetch=fetch, identity=lambda row: row, what="things", size=2))


@settings(max_examples=150)
@given(
    rows=st.integers(min_value=0, max_value=60),
    most=st.integers(min_value=1, max_value=30),
    size=st.integers(min_value=1, max_value=30),
    concurrency=st.integers(min_value=1, max_value=8),
    expected=st.integers(min_value=0, max_value=90),
    seed=st.integers(),
    unrest=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
)
async def test_a_server_whose_rows_move_between_pages_is_read_completely_or_refused(
    rows, most, size, concurrency, expected, seed, unrest
):
    drawn = random.Random(seed)

    def order(known):
        if drawn.random() < unrest:
            drawn.shuffle(known)
        return known

    server = Server(range(rows), most=most, order=order)
    try:
        found = await read_pages(server.listing(size=size, concurrency=concurrency, expected=expected))
    except ServerFault:
        assert unrest > 0
        return
    assert sorted(found) == list(range(rows))


@given(
    st.dictionaries(st.integers(min_value=0, max_value=40), st.integers(min_value=0, max_value=9)),
    st.integers(min_value=1, max_value=20),
    st.integers(min_value=1, max_value=8),
)
def test_what_is_read_next_was_not_read_yet_and_is_nothing_only_at_the_end(lengths, size, window):
    offsets = next_offsets(lengths, size, window)
    assert not set(offsets) & lengths.keys()
    ended = bool(chain(lengths)) and lengths[chain(lengths)[-1]] == 0
    assert (not offsets) == ended


def test_a_gap_left_by_a_short_page_is_read():
    assert next_offsets({0: 10, 10: 7, 20: 10}, 10, 1) == [17]


@pytest.mark.parametrize(
    ("known", "reading", "together"),
    [
        (None, ("ab", 3), ("ab", 3)),
        (("ab", 3), ("bc", 3), ("abc", 3)),
        (("ab", 3), ("bc", 4), ("bc", 4)),
        (("ab", 3), ("cde", 3), ("cde", 3)),
        (("abc", 4), ("cde", 4), ("cde", 4)),
    ],
)
def test_readings_are_combined_only_while_they_can_be_of_one_state(known, reading, together):
    def read(given):
        return given and Reading(rows={letter: letter for letter in given[0]}, length=given[1])

    combined = combine(read(known), read(reading))
    assert ("".join(sorted(combined.rows)), combined.length) == together


@pytest.mark.parametrize("length", [200, 5_000])
async def test_each_row_is_looked_at_twice_however_long_the_list_is(length):
    looked_at = Counter()

    async def fetch(offset, size):
        return range(offset, min(offset + size, length))

    def identity(row):
        looked_at[row] += 1
        return row

    assert await read_pages(Listing(fetch=fetch, identity=identity, what="things")) == list(range(length))
    assert set(looked_at.values()) == {2}
