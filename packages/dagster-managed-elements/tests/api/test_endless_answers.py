"""Servers that never come to an end: answers that drip or go on, listings that always have another page."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
import httpx
import pytest
from dagster_managed_elements.api.chaining import Chain, Page, read_chain
from dagster_managed_elements.api.client import ClientOptions, open_client
from dagster_managed_elements.api.paging import Listing, read_pages
from dagster_managed_elements.api.requests import Request
from dagster_managed_elements.api.retrying import whole
from dagster_managed_elements.engine.errors import Lost, ServerFault

READ = Request(path="/things/list")
CREATE = Request(path="/things/create", effect="create")


class Clock:
    """Time passes when somebody says so; whoever is *within* a time that is over is cancelled."""

    def __init__(self):
        self.now, self.ends = 0.0, []

    def __call__(self):
        return self.now

    def within(self, seconds):
        scope = anyio.CancelScope()
        self.ends.append((self.now + seconds, scope))
        return scope

    async def passes(self, seconds):
        self.now += seconds
        for end, scope in self.ends:
            if self.now >= end:
                scope.cancel()
        await anyio.lowlevel.checkpoint()

    async def sleep(self, seconds):
        await self.passes(seconds)


class Drip(httpx.AsyncByteStream):
    """*content* bit by bit, *pause* seconds before each; for ever where it is empty."""

    def __init__(self, clock, content, pause, size):
        self.clock, self.content, self.pause, self.size = clock, content, pause, size

    async def __aiter__(self):
        at = 0
        while at < len(self.content) or not self.content:
            await self.clock.passes(self.pause)
            yield self.content[at : at + self.size] or b" " * self.size
            at += self.size


class Server(httpx.AsyncBaseTransport):
    """Answers *answer* by drops, after *silence* seconds before its headers."""

    def __init__(self, clock, answer=b"", *, pause=1.0, size=1, silence=0.0, status=200):
        self.clock, self.answer, self.pause, self.size = clock, answer, pause, size
        self.silence, self.status, self.asked = silence, status, 0

    async def handle_async_request(self, request):
        self.asked += 1
        for _ in range(int(self.silence)):
            await self.clock.passes(1)
        return httpx.Response(self.status, stream=Drip(self.clock, self.answer, self.pause, self.size))


@asynccontextmanager
async def client_of(server, **options):
    given = {"timeout": 10, "in_flight": 1, "base_url": "http://a.example:8000", "transport": server, **options}
    clock = server.clock
    async with open_client(
        ClientOptions(**given), sleep=clock.sleep, chance=lambda: 0.0, within=clock.within
    ) as client:
        yield client


@pytest.mark.parametrize("request_", [READ, CREATE])
@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("how", [{}, {"answer": b'{"things": [' + b"1," * 1000}, {"silence": 1000}])
async def test_an_answer_that_drips_is_given_up_after_one_deadline_and_not_asked_for_again(request_, status, how):
    clock = Clock()
    server = Server(clock, status=status, **how)
    async with client_of(server) as client:
        with pytest.raises(Lost, match=r"no whole answer within 30 seconds$"):
            await client.send(request_)
    assert (server.asked, clock.now) == (1, 30)


async def test_an_answer_that_takes_its_time_and_ends_is_read():
    content = json.dumps({"things": list(range(40))}).encode()
    server = Server(Clock(), content, size=8)
    async with client_of(server) as client:
        assert await client.send(READ) == {"things": list(range(40))}


async def test_an_answer_that_pours_without_end_is_given_up_by_its_length():
    server = Server(Clock(), pause=0, size=65_536)
    async with client_of(server, largest_answer=1_000_000) as client:
        with pytest.raises(
            ServerFault, match=r"the answer is longer than 1,000,000 bytes; no more of it was read$"
        ):
            await client.send(READ)
    assert server.asked == 1


async def test_another_request_has_its_place_after_one_that_was_given_up():
    clock = Clock()
    server = Server(clock)
    async with client_of(server) as client:
        for _ in range(2):
            with pytest.raises(Lost):
                await client.send(READ)
    assert server.asked == 2


@pytest.mark.parametrize(("seconds", "all_of_it"), [(1, 3), (30, 90), (60, 180), (600, 720)])
def test_all_of_a_request_has_longer_than_its_parts_but_not_without_bound(seconds, all_of_it):
    assert whole(seconds) == all_of_it


class Endless:
    """New rows on every page, *most* of them at most, each page *seconds* after the other."""

    def __init__(self, most, seconds=0.0):
        self.most, self.seconds, self.clock, self.pages = most, seconds, Clock(), 0

    async def fetch(self, offset, size):
        self.pages += 1
        await self.clock.passes(self.seconds)
        return range(offset, offset + min(size, self.most))

    async def follow(self, after, size):
        rows = await self.fetch(0 if after is None else after + 1, size)
        return Page(rows=rows)

    async def read(self, method):
        how = {"identity": lambda row: row, "what": "things", "clock": self.clock}
        if method == "pages":
            return await read_pages(Listing(fetch=self.fetch, **how))
        return await read_chain(Chain(fetch=self.follow, **how))


@pytest.mark.parametrize("method", ["pages", "chain"])
@pytest.mark.parametrize(
    ("server", "pages"), [(Endless(100), 1_010), (Endless(1), 2_010), (Endless(100, 10), 40), (Endless(1, 301), 3)]
)
async def test_a_listing_that_never_ends_is_left_by_its_pages_its_rows_or_its_time(method, server, pages):
    server.pages = 0
    with pytest.raises(ServerFault, match=r"^The server's list of things does not end: there is more after "):
        await server.read(method)
    assert server.pages <= pages


@pytest.mark.parametrize("method", ["pages", "chain"])
async def test_a_listing_that_is_long_and_ends_is_read(method):
    server = Endless(100)
    fetch = server.fetch

    async def ends(offset, size):
        return [row for row in await fetch(offset, size) if row < 50_000]

    server.fetch = ends
    assert len(await server.read(method)) == 50_000
