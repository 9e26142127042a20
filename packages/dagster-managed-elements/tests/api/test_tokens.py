import json
from base64 import urlsafe_b64encode
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from email.utils import format_datetime

import anyio
import httpx
import pytest
from dagster_managed_elements.airbyte.refusals import sentence
from dagster_managed_elements.api.client import ClientOptions, open_client
from dagster_managed_elements.api.requests import Bearer, Reply, Request
from dagster_managed_elements.api.tokens import ClientCredentials, lifetime
from dagster_managed_elements.engine.errors import ServerFault, Unauthorized, Unreachable
from hypothesis import given
from hypothesis import strategies as st

READ = Request(path="/things/list")
CREATE = Request(path="/things/create", effect="create")
NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=timezone.utc)
BAD = {"message": "Bad Request", "_embedded": {"errors": [{"message": "Invalid client id or token"}]}}


def jwt(**claims):
    parts = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({"alg": "n"}, claims)]
    return ".".join([*parts, "signature"])


class Server:
    """Hands out tokens; each is good for *uses* requests. *refusals* answer requests for a token first."""

    def __init__(self, *, uses=10**9, refusals=(), told=None):
        self.uses, self.refusals, self.told = uses, list(refusals), told or {}
        self.left, self.fetches, self.done, self.requests = {}, [], [], []

    async def __call__(self, request):
        self.requests.append(request)
        await anyio.lowlevel.checkpoint()
        if request.url.path == "/token":
            return self._token(request)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.left.get(token, 0) <= 0:
            return httpx.Response(401, json={"message": "Unauthorized"})
        self.left[token] -= 1
        self.done.append(request.url.path)
        return httpx.Response(200, json={"id": len(self.done)})

    def _token(self, request):
        self.fetches.append(request)
        if self.refusals:
            return self.refusals.pop(0)
        token = f"t{len(self.fetches)}"
        self.left[token] = self.uses
        return httpx.Response(200, json={"access_token": token, **self.told})


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


async def no_pause(seconds):
    await anyio.lowlevel.checkpoint()


@asynccontextmanager
async def client_of(server, *, paths=("/token",), clock=None, **options):
    credentials = ClientCredentials("me", "hush", paths, clock=clock or Clock())
    given = {
        "timeout": 30,
        "in_flight": 10,
        "base_url": "http://a.example:8000",
        "credentials": credentials,
        "read_error": sentence,
        **options,
    }
    chosen = ClientOptions(transport=httpx.MockTransport(server), **given)
    async with open_client(chosen, sleep=no_pause) as client:
        yield client


async def test_a_token_is_fetched_as_json_once_for_all_requests():
    server = Server()
    async with client_of(server) as client, anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(client.send, READ)
    (fetch,) = server.fetches
    assert fetch.headers["content-type"] == "application/json"
    assert "authorization" not in fetch.headers
    assert json.loads(fetch.content) == {"client_id": "me", "client_secret": "hush"}


async def test_requests_that_find_a_token_expired_share_its_renewal():
    server = Server()
    async with client_of(server) as client:
        await client.send(READ)
        server.left.clear()
        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(client.send, CREATE)
    assert len(server.fetches) == 2
    assert server.done == ["/things/list", *["/things/create"] * 10]


@pytest.mark.parametrize("uses", range(1, 12))
@pytest.mark.parametrize("at_once", [1, 10])
async def test_a_token_that_expires_between_any_two_requests_is_not_noticed(uses, at_once):
    server = Server(uses=uses)
    limiter = anyio.Semaphore(at_once)

    async def create(client):
        async with limiter:
            await client.send(CREATE)

    async with client_of(server) as client, anyio.create_task_group() as group:
        for _ in range(30):
            group.start_soon(create, client)
    assert len(server.done) == 30


async def test_a_token_that_is_never_let_in_is_given_up_soon():
    server = Server(uses=0)
    async with client_of(server) as client:
        with pytest.raises(Unauthorized, match=r"things/list: the server refused these credentials \(401\)"):
            await client.send(READ)
    assert len(server.fetches) == 2


@pytest.mark.parametrize(("life", "still", "over"), [(180, 149, 151), (900, 869, 871), (3, 2.4, 2.6)])
async def test_a_token_is_renewed_before_it_expires(life, still, over):
    server, clock = Server(told={"expires_in": life}), Clock()
    async with client_of(server, clock=clock) as client:
        for seconds, fetched in ((0, 1), (still, 1), (over, 2)):
            clock.now = 1000 + seconds
            await client.send(READ)
            assert len(server.fetches) == fetched


async def test_a_token_of_unknown_life_is_used_until_it_is_refused():
    server, clock = Server(), Clock()
    async with client_of(server, clock=clock) as client:
        await client.send(READ)
        clock.now += 10**6
        await client.send(READ)
    assert len(server.fetches) == 1


@pytest.mark.parametrize(
    ("claims", "told", "date", "life"),
    [
        ({}, {"expires_in": 900}, None, 900),
        ({"exp": 5, "iat": 1}, {"expires_in": 180}, None, 180),
        ({"exp": 1180, "iat": 1000}, {}, None, 180),
        ({"exp": 1180, "iat": 1000}, {}, NOW, 180),
        ({"exp": NOW.timestamp() + 900}, {}, NOW, 900),
        ({"exp": NOW.timestamp() - 900}, {}, NOW, None),
        ({"exp": NOW.timestamp() + 900}, {}, None, None),
        ({"exp": "soon"}, {"expires_in": True}, NOW, None),
        ({}, {"expires_in": 0}, NOW, None),
    ],
)
def test_how_long_a_token_lives_is_read_without_this_machines_clock(claims, told, date, life):
    assert lifetime(jwt(**claims), Reply(json=told, date=date)) == life


@given(st.one_of(st.text(), st.binary().map(lambda raw: "a." + urlsafe_b64encode(raw).decode() + ".c")))
def test_a_token_that_cannot_be_read_is_one_of_unknown_life(token):
    assert lifetime(token, Reply(json={}, date=None)) is None


async def test_the_servers_date_is_what_an_expiry_is_measured_by():
    clock, token = Clock(), jwt(exp=NOW.timestamp() + 600)
    fetched = []

    def serve(request):
        if request.url.path != "/token":
            return httpx.Response(200, json={})
        fetched.append(request)
        return httpx.Response(
            200, json={"access_token": token}, headers={"Date": format_datetime(NOW, usegmt=True)}
        )

    async with client_of(serve, clock=clock) as client:
        for seconds, count in ((0, 1), (569, 1), (571, 2)):
            clock.now = 1000.0 + seconds
            await client.send(READ)
            assert len(fetched) == count


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(400, json=BAD), r"refused \(400\): Invalid client id or token"),
        (httpx.Response(401, json={"errorId": "e"}), r"refused \(401\): error id e"),
        (httpx.Response(403), r"refused \(403\)$"),
    ],
)
async def test_wrong_credentials_are_named(answer, said):
    server = Server(refusals=[answer] * 9)
    async with client_of(server) as client:
        with pytest.raises(Unauthorized, match=f"client_id and client_secret were {said}") as caught:
            await client.send(READ)
    assert "hush" not in f"{caught.value} {caught.value.body}"
    assert len(server.requests) == 1


async def test_a_server_without_tokens_is_asked_without_one():
    def serve(request):
        if "token" in request.url.path:
            return httpx.Response(404)
        return httpx.Response(200, json={"told": request.headers.get("authorization")})

    async with client_of(serve, paths=("/token", "/other/token")) as client:
        assert await client.send(READ) == {"told": None}
        await client.send(READ)
        assert client.sent == 4


async def test_the_first_path_that_exists_hands_out_the_token():
    def serve(request):
        if request.url.path == "/token":
            return httpx.Response(404)
        return httpx.Response(200, json={"access_token": "t", "told": request.headers.get("authorization")})

    async with client_of(serve, paths=("/token", "/other/token")) as client:
        assert (await client.send(READ))["told"] == "Bearer t"


@pytest.mark.parametrize("trouble", [httpx.Response(503), httpx.Response(429), httpx.ReadError("reset")])
async def test_fetching_a_token_is_repeated(trouble):
    calls = []

    def serve(request):
        if request.url.path != "/token":
            return httpx.Response(200, json={"id": 1})
        calls.append(request)
        if len(calls) > 1:
            return httpx.Response(200, json={"access_token": "t"})
        if isinstance(trouble, Exception):
            raise trouble
        return trouble

    async with client_of(serve) as client:
        assert await client.send(CREATE) == {"id": 1}


@pytest.mark.parametrize("trouble", [httpx.Response(503), httpx.ReadError("reset"), httpx.ConnectError("no")])
@pytest.mark.parametrize("request_", [READ, CREATE])
async def test_a_request_whose_token_could_not_be_had_was_not_sent_and_is_not_repeated(trouble, request_):
    calls = []

    def serve(request):
        calls.append(request.url.path)
        if isinstance(trouble, Exception):
            raise trouble
        return trouble

    async with client_of(serve, attempts=3) as client:
        with pytest.raises(Unreachable):
            await client.send(request_)
    assert set(calls) == {"/token"}
    assert len(calls) <= 3


async def test_requests_that_wait_for_a_token_fail_with_the_one_fetch():
    server = Server(refusals=[httpx.Response(400, json=BAD)] * 9)
    failed = []

    async def ask(client):
        with pytest.raises(Unauthorized):
            await client.send(READ)
        failed.append(1)

    async with client_of(server) as client, anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(ask, client)
    assert len(failed) == 5
    assert len(server.fetches) == 1


@pytest.mark.parametrize("body", [{}, {"access_token": None}, {"access_token": ""}, [], None])
async def test_an_answer_without_a_token_is_told(body):
    async with client_of(lambda request: httpx.Response(200, json=body)) as client:
        with pytest.raises(Unreachable, match="has no `access_token`"):
            await client.send(READ)


async def test_a_token_is_never_shown():
    def serve(request):
        if request.url.path == "/token":
            return httpx.Response(200, json={"access_token": "topsecret"})
        return httpx.Response(500, json={"message": f"you sent {request.headers['authorization']}"})

    async with client_of(serve) as client:
        with pytest.raises(ServerFault) as caught:
            await client.send(READ)
    assert "topsecret" not in f"{caught.value} {caught.value.body}"
    assert "500" in str(caught.value)


async def test_a_token_given_is_sent_and_cannot_be_renewed():
    asked = []

    def serve(request):
        asked.append(request.headers["authorization"])
        return httpx.Response(401, json={"message": "no to topsecret"})

    async with client_of(serve, credentials=Bearer("topsecret")) as client:
        with pytest.raises(Unauthorized) as caught:
            await client.send(READ)
    assert asked == ["Bearer topsecret"]
    assert "topsecret" not in f"{caught.value} {caught.value.body} {Bearer('topsecret')!r}"
