import httpx
import pytest
from dagster_managed_elements.airbyte.servers.server import KnownEndpoints, Server, probe
from dagster_managed_elements.airbyte.servers.versions import (
    PROFILES,
    UNKNOWN,
    UNNUMBERED,
    ListingMethod,
    profile_of,
)
from dagster_managed_elements.api.client import ClientOptions, open_client
from dagster_managed_elements.engine.errors import Missing, ServerFault, Unauthorized, Unreachable

BASE = "http://a.example:8000"
BEST = ListingMethod(endpoint="best", form="whole")
NEXT = ListingMethod(endpoint="next", form="whole")


async def seen(answer):
    def serve(request):
        assert (request.method, request.url.path) == ("GET", "/api/v1/instance_configuration")
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def no_pause(seconds):
        pass

    options = ClientOptions(timeout=30, in_flight=10, base_url=BASE, transport=httpx.MockTransport(serve))
    async with open_client(options, sleep=no_pause) as client:
        return await probe(client)


async def test_a_server_says_what_it_is():
    body = {"version": "1.8.3", "defaultOrganizationId": "o", "edition": "something new", "auth": 7, "future": {}}
    server = await seen(httpx.Response(200, json=body))
    expected = Server(base=BASE, version="1.8.3", organization="o", profile=profile_of((1, 8)))
    assert server == expected


@pytest.mark.parametrize(
    ("body", "profile"),
    [
        ({"version": "9.9.0"}, PROFILES[-1]),
        ({"version": "dev"}, UNKNOWN),
        ({"version": None}, UNNUMBERED),
        ({"edition": "community"}, UNNUMBERED),
        ({"version": 7}, UNKNOWN),
    ],
)
async def test_a_version_that_is_not_known_has_a_generation_all_the_same(body, profile):
    assert (await seen(httpx.Response(200, json=body))).profile is profile


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404, json="Object not found."),
        httpx.Response(403),
        httpx.Response(405),
        httpx.Response(500, json={"errorId": "e"}),
        httpx.Response(200, html="<!doctype html><title>Airbyte</title>"),
        httpx.Response(200, json=["unheard of"]),
    ],
)
async def test_a_server_that_does_not_say_is_found_out_by_asking(answer):
    assert await seen(answer) == Server(base=BASE, profile=UNKNOWN)


@pytest.mark.parametrize(
    ("answer", "error"), [(httpx.Response(401), Unauthorized), (httpx.ConnectError("no"), Unreachable)]
)
async def test_who_may_not_ask_or_cannot_is_told_at_once(answer, error):
    with pytest.raises(error):
        await seen(answer)


def test_what_a_server_lacks_is_said_in_one_line():
    known = Server(base=BASE, version="9.9", profile=PROFILES[-1])
    assert str(known.lacks("/api/v1/sources/list_paginated")) == (
        "Airbyte 9.9 at http://a.example:8000 has no sources/list_paginated (404), which this version of "
        "dagster-managed-elements needs."
    )
    assert "Is the URL that of an Airbyte" in str(Server(base=BASE).lacks("/api/v1/workspaces/list"))


def doors(*there):
    """Asks by a way; the endpoints *there* exist."""
    tried = []

    async def go(way):
        tried.append(way.endpoint)
        if way.endpoint not in there:
            raise Missing("404")
        return way.endpoint

    return tried, go


async def test_the_first_way_that_exists_is_taken_and_remembered():
    endpoints = KnownEndpoints(Server(base=BASE))
    tried, go = doors("next")
    for _ in range(3):
        assert await endpoints.first("/x", (BEST, NEXT), go) == "next"
    assert tried == ["best", "next", "next", "next"]


async def test_no_way_is_tried_in_vain_twice():
    endpoints = KnownEndpoints(Server(base=BASE, version="9.9"))
    tried, go = doors()
    for _ in range(2):
        with pytest.raises(Missing, match="has no /x/best"):
            await endpoints.first("/x", (BEST, NEXT), go)
    assert tried == ["best", "next"]


async def test_a_way_that_existed_before_is_not_given_up():
    endpoints = KnownEndpoints(Server(base=BASE))
    await endpoints.first("/x", (BEST, NEXT), doors("best")[1])
    with pytest.raises(Missing, match=r"^404$"):
        await endpoints.first("/x", (BEST, NEXT), doors("next")[1])


async def test_another_error_is_no_missing_endpoint():
    async def go(way):
        raise ServerFault(way.endpoint)

    with pytest.raises(ServerFault, match="best"):
        await KnownEndpoints(Server(base=BASE)).first("/x", (BEST, NEXT), go)
