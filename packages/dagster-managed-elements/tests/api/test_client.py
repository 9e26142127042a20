import gzip
import logging
import traceback
import zlib
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import certifi
import httpx
import pytest
from dagster_managed_elements.api.client import ClientOptions, open_client
from dagster_managed_elements.api.requests import Basic, Bearer, Request
from dagster_managed_elements.engine.errors import (
    ApiError,
    DeclarationError,
    Lost,
    Missing,
    RateLimited,
    ServerFault,
    Unauthorized,
    Unclear,
    Unreachable,
)

READ = Request(path="/things/list", json={"of": "w"})
CREATE = Request(path="/things/create", json={"name": "n"}, effect="create")


class Server:
    """Answers with what it was told, in turn; the last one for ever."""

    def __init__(self, *replies):
        self.replies, self.requests = list(replies), []

    def __call__(self, request):
        self.requests.append(request)
        reply = self.replies[min(len(self.requests), len(self.replies)) - 1]
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, httpx.Response) else httpx.Response(200, json=reply)


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self):
        self.slept = []

    async def sleep(self, seconds):
        self.slept.append(seconds)


@asynccontextmanager
async def client_of(server, clock=None, **options):
    given = {"timeout": 30, "in_flight": 10, "base_url": "http://a.example:8000", **options}
    chosen = ClientOptions(transport=httpx.MockTransport(server), **given)
    async with open_client(chosen, sleep=(clock or Clock()).sleep, chance=lambda: 0.0) as client:
        yield client


async def test_a_request_goes_out_as_json_and_its_answer_comes_back_decoded():
    server = Server({"things": []})
    async with client_of(server, headers={"X-Extra": "1"}, user_agent="us/1") as client:
        assert await client.send(READ) == {"things": []}
    (request,) = server.requests
    assert (request.method, str(request.url)) == ("POST", "http://a.example:8000/things/list")
    assert request.content == b'{"of":"w"}'
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == "us/1"
    assert request.headers["x-extra"] == "1"


async def test_a_request_without_body_has_no_content_type():
    server = Server({})
    async with client_of(server) as client:
        await client.send(Request(method="GET", path="/health"))
    assert server.requests[0].content == b""
    assert "content-type" not in server.requests[0].headers


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.RemoteProtocolError("cut off"),
        httpx.DecodingError("bad gzip"),
        httpx.Response(200, content=b'{"things": ['),
        httpx.Response(429),
        httpx.Response(500),
        httpx.Response(502),
        httpx.Response(503),
        httpx.Response(504),
    ],
)
async def test_a_read_is_repeated_until_it_is_answered(trouble):
    server = Server(trouble, {"things": [1]})
    async with client_of(server) as client:
        assert await client.send(READ) == {"things": [1]}
        assert client.sent == 2


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ReadTimeout("slow"),
        httpx.ReadError("reset"),
        httpx.WriteError("reset"),
        httpx.WriteTimeout("slow"),
        httpx.RemoteProtocolError("cut off"),
        httpx.Response(201, content=b'{"id": "'),
        httpx.Response(502),
        httpx.Response(503),
        httpx.Response(504),
    ],
)
async def test_a_create_whose_answer_is_lost_is_never_sent_again(trouble):
    server = Server(trouble, {"id": "2"})
    async with client_of(server) as client:
        with pytest.raises(Lost):
            await client.send(CREATE)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ConnectError("refused"),
        httpx.ConnectTimeout("slow"),
        httpx.PoolTimeout("full"),
        httpx.ProxyError("no"),
        httpx.Response(429),
    ],
)
async def test_a_create_that_never_arrived_is_sent_again(trouble):
    server = Server(trouble, {"id": "1"})
    async with client_of(server) as client:
        assert await client.send(CREATE) == {"id": "1"}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 501])
async def test_a_refusal_is_not_repeated(status):
    server = Server(httpx.Response(status))
    async with client_of(server) as client:
        with pytest.raises(ApiError):
            await client.send(READ)
    assert len(server.requests) == 1


async def test_attempts_end_and_the_last_error_is_raised():
    server, clock = Server(httpx.Response(503, json={"message": "busy"})), Clock()
    async with client_of(server, clock, attempts=4) as client:
        with pytest.raises(ServerFault, match="busy"):
            await client.send(READ)
    assert len(server.requests) == 4
    assert clock.slept == [0.25, 0.5, 1.0]


LASTING = Request(path="/discover", json={}, lasting=600.0)
CUT_OFF = [
    httpx.Response(502),
    httpx.Response(504, html="<html><title>Gateway Time-out</title></html>"),
    httpx.ReadTimeout("slow"),
    httpx.RemoteProtocolError("closed"),
]


@pytest.mark.parametrize("trouble", CUT_OFF)
async def test_work_that_was_cut_off_is_asked_for_again_seldom(trouble):
    clock = Clock()
    async with client_of(Server(trouble, trouble, {"done": True}), clock) as client:
        assert await client.send(LASTING) == {"done": True}
    assert clock.slept == [pytest.approx(5), pytest.approx(20)]


@pytest.mark.parametrize("trouble", CUT_OFF)
@pytest.mark.parametrize(("attempts", "asked"), [(1, 1), (3, 3), (5, 4), (50, 4)])
async def test_work_that_is_cut_off_for_ever_is_never_at_work_five_times(trouble, attempts, asked):
    server, clock = Server(trouble), Clock()
    async with client_of(server, clock, attempts=attempts) as client:
        with pytest.raises(ApiError):
            await client.send(LASTING)
    assert len(server.requests) == asked
    assert clock.slept == [pytest.approx(wait, rel=0.05) for wait in (5, 20, 100)[: asked - 1]]


async def test_work_that_is_cut_off_is_waited_for_no_longer_than_it_may_last():
    server, clock = Server(httpx.Response(504)), Clock()
    async with client_of(server, clock) as client:
        with pytest.raises(ServerFault):
            await client.send(replace(LASTING, lasting=12.0))
    assert len(server.requests) == 3
    assert sum(clock.slept) == pytest.approx(12.0)


async def test_a_server_that_is_only_busy_is_asked_again_soon_for_lasting_work_too():
    clock = Clock()
    async with client_of(Server(httpx.Response(503), {}), clock) as client:
        await client.send(LASTING)
    assert clock.slept == [0.25]


async def test_the_wait_a_server_asks_for_is_kept():
    clock = Clock()
    async with client_of(Server(httpx.Response(429, headers={"Retry-After": "17"}), {}), clock) as client:
        await client.send(READ)
    assert clock.slept == [17.0]


async def test_a_rate_limit_that_stays_is_told_with_its_wait():
    async with client_of(Server(httpx.Response(429, headers={"Retry-After": "9"})), attempts=2) as client:
        with pytest.raises(RateLimited) as caught:
            await client.send(READ)
    assert caught.value.retry_after == 9.0


async def test_a_server_that_never_answered_is_given_up_soon():
    server = Server(httpx.ConnectError("refused"))
    async with client_of(server) as client:
        with pytest.raises(Unreachable):
            await client.send(READ)
    assert len(server.requests) == 2


async def test_a_server_that_restarts_in_between_is_waited_for():
    server = Server({}, *[httpx.ConnectError("refused")] * 4, {"back": True})
    async with client_of(server) as client:
        await client.send(READ)
        assert await client.send(READ) == {"back": True}


async def test_a_server_that_is_gone_is_waited_for_in_full_once_until_it_answers_again():
    gone = httpx.ConnectError("refused")
    server = Server({}, *[gone] * 7, {"back": True}, *[gone] * 4, {"back": True})
    async with client_of(server) as client:
        await client.send(READ)
        for sent in (1 + 5, 1 + 5 + 2):
            with pytest.raises(Unreachable):
                await client.send(READ)
            assert len(server.requests) == sent
        assert await client.send(READ) == {"back": True}
        assert await client.send(READ) == {"back": True}


async def test_no_redirect_is_followed():
    server = Server(httpx.Response(307, headers={"Location": "http://evil.example/"}))
    async with client_of(server, credentials=Basic("jane", "hush")) as client:
        with pytest.raises(ServerFault, match=r"redirects to http://evil\.example/"):
            await client.send(READ)
    assert [request.url.host for request in server.requests] == ["a.example"]


async def test_no_more_requests_are_under_way_than_allowed():
    under_way, most, gate = 0, 0, anyio.Event()

    async def server(request):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        if under_way == 3:
            gate.set()
        await gate.wait()
        under_way -= 1
        return httpx.Response(200, json={})

    async with client_of(server, in_flight=3) as client, anyio.create_task_group() as group:
        for _ in range(9):
            group.start_soon(client.send, READ)
    assert (most, client.sent) == (3, 9)


async def test_a_request_that_waits_to_be_repeated_holds_no_place():
    waiting = anyio.Event()

    class Patient(Clock):
        async def sleep(self, seconds):
            waiting.set()
            await quick.wait()

    quick = anyio.Event()

    def server(request):
        failed = request.url.path == "/slow" and not quick.is_set()
        return httpx.Response(503 if failed else 200, json={})

    async with client_of(server, Patient(), in_flight=1) as client, anyio.create_task_group() as group:
        group.start_soon(client.send, Request(path="/slow"))
        await waiting.wait()
        await client.send(Request(path="/quick"))
        quick.set()
    assert client.sent == 3


async def test_basic_credentials_are_sent_and_never_shown():
    server = Server(httpx.Response(401, json={"message": "no: Basic amFuZTpodXNoaHVzaA== hushhush"}))
    async with client_of(server, credentials=Basic("jane", "hushhush")) as client:
        with pytest.raises(Unauthorized, match=r"the server refused these credentials \(401\)") as caught:
            await client.send(READ)
    assert server.requests[0].headers["authorization"] == "Basic amFuZTpodXNoaHVzaA=="
    shown = f"{caught.value} {caught.value!r} {vars(caught.value)} {Basic('jane', 'hushhush')!r}"
    assert "hushhush" not in shown
    assert "amFuZTpodXNoaHVzaA" not in shown


async def test_user_and_password_may_stand_in_the_url():
    server = Server({})
    async with client_of(server, base_url="http://jane:hush@a.example/root/") as client:
        await client.send(READ)
    assert server.requests[0].headers["authorization"] == "Basic amFuZTpodXNo"
    assert str(server.requests[0].url) == "http://a.example/root/things/list"


async def test_credentials_given_apart_win_over_those_in_the_url():
    server = Server({})
    async with client_of(server, base_url="http://x:y@a.example", credentials=Basic("jane", "hush")) as client:
        await client.send(READ)
    assert server.requests[0].headers["authorization"] == "Basic amFuZTpodXNo"


class Tokens:
    """Credentials that are fetched, and fetched anew once they are refused."""

    def __init__(self, renewals):
        self.token, self.renewals = None, renewals

    async def headers(self, ask):
        if self.token is None:
            self.token = (await ask(Request(path="/token"))).json["token"]
        return {"Authorization": f"Bearer {self.token}"}

    def renew(self, refused):
        self.token, self.renewals = None, self.renewals - 1
        return self.renewals >= 0

    def secrets(self):
        return frozenset({self.token} if self.token else ())


def guarded(valid):
    """A server that hands out tokens t1, t2 ... and lets in whoever has a *valid* one."""
    handed = []

    def serve(request):
        if request.url.path == "/token":
            handed.append(f"t{len(handed) + 1}")
            return httpx.Response(200, json={"token": handed[-1]})
        let_in = request.headers.get("authorization") == f"Bearer {valid}"
        return httpx.Response(200, json={"in": True}) if let_in else httpx.Response(401)

    return serve


async def test_an_expired_token_is_renewed_once_and_the_request_sent_again():
    async with client_of(guarded("t2"), credentials=Tokens(1)) as client:
        assert await client.send(CREATE) == {"in": True}
        assert client.sent == 4


async def test_a_second_refusal_is_final():
    async with client_of(guarded("t9"), credentials=Tokens(9)) as client:
        with pytest.raises(Unauthorized):
            await client.send(READ)
        assert client.sent == 4
        assert client.sent == 4


async def test_the_log_tells_each_attempt_without_bodies_or_secrets(caplog):
    caplog.set_level(logging.DEBUG, logger="dagster_managed_elements.api")
    server = Server(httpx.Response(503, text="hush"), {"password": "hush"})
    options = {"base_url": "http://jane:hush@a.example", "headers": {"X-Key": "hush"}}
    async with client_of(server, **options) as client:
        await client.send(Request(path="/things/list", json={"password": "hush"}))
    mine = [record for record in caplog.records if record.name == "dagster_managed_elements.api"]
    told = [record.getMessage() for record in mine]
    assert told[0].startswith("POST /things/list: 503 in ")
    assert told[1] == "POST /things/list: ServerFault (503), again in 0.2 s"
    assert told[2].startswith("POST /things/list: 200 in ")
    assert told[2].endswith(" ms (attempt 2)")
    assert "hush" not in caplog.text


async def test_a_timeout_of_a_request_beats_the_clients():
    server = Server({})
    async with client_of(server, timeout=7) as client:
        await client.send(READ)
        await client.send(Request(path="/slow", timeout=600))
    usual, slow = (request.extensions["timeout"] for request in server.requests)
    assert (usual["read"], usual["connect"]) == (7, 7)
    assert (slow["read"], slow["connect"]) == (600, 10)


async def test_a_lost_answer_says_how_long_was_waited():
    async with client_of(Server(httpx.ReadTimeout("")), timeout=7) as client:
        with pytest.raises(Lost, match="no answer within 7 seconds"):
            await client.send(CREATE)


async def refused(base_url, **options):
    """What a real socket leads to: nothing listens there, or nothing that speaks the protocol."""
    chosen = ClientOptions(timeout=30, in_flight=10, base_url=base_url, service="Acme", **options)
    async with open_client(chosen, sleep=Clock().sleep) as client:
        with pytest.raises(Unreachable) as caught:
            await client.send(READ)
        return str(caught.value), client.sent


async def test_a_port_where_nothing_listens_is_told_in_one_line(free_tcp_port):
    message, sent = await refused(f"http://localhost:{free_tcp_port}", trust_env=False)
    assert message == f"Cannot reach http://localhost:{free_tcp_port}: connection refused. Is Acme running there?"
    assert sent == 2


async def test_a_server_that_speaks_no_tls_is_told_and_not_asked_again(free_tcp_port):
    async def plain(stream):
        async with stream:
            await stream.receive()
            await stream.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=free_tcp_port)
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, plain)
        message, sent = await refused(f"https://127.0.0.1:{free_tcp_port}", trust_env=False)
        group.cancel_scope.cancel()
    assert "TLS failed" in message
    assert sent == 1


async def test_a_body_shorter_than_announced_is_a_lost_answer(free_tcp_port):
    async def cut(stream):
        async with stream:
            await stream.receive()
            await stream.send(b'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"id"')

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=free_tcp_port)
    options = ClientOptions(timeout=30, in_flight=10, base_url=f"http://127.0.0.1:{free_tcp_port}", trust_env=False)
    async with listener, anyio.create_task_group() as group, open_client(options) as client:
        group.start_soon(listener.serve, cut)
        with pytest.raises(Lost, match="the connection broke"):
            await client.send(CREATE)
        group.cancel_scope.cancel()
    assert client.sent == 1


async def test_a_certificate_file_that_is_not_there_is_a_declaration_error(tmp_path):
    options = ClientOptions(
        timeout=30, in_flight=10, base_url="https://a.example", verify=str(tmp_path / "none.pem")
    )
    with pytest.raises(DeclarationError, match=r"none\.pem cannot be used"):
        async with open_client(options):
            pytest.fail("a client was made")


CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
async def test_certificates_that_upstream_trusted_by_a_variable_are_read(tmp_path, monkeypatch, variable):
    for name in CERTIFICATES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(tmp_path / "none.pem"))
    options = ClientOptions(timeout=30, in_flight=10, base_url="https://a.example")
    with pytest.raises(DeclarationError, match=rf"none\.pem of {variable} cannot be used"):
        async with open_client(options):
            pytest.fail("a client was made")


@pytest.mark.parametrize(
    ("more", "variables"),
    [
        ({"verify": False}, {}),
        ({"trust_env": False}, {}),
        ({"base_url": "http://a.example"}, {}),
        ({}, {"SSL_CERT_FILE": certifi.where()}),
        ({}, {"REQUESTS_CA_BUNDLE": certifi.where()}),
        ({}, {"REQUESTS_CA_BUNDLE": str(Path(certifi.where()).parent)}),
    ],
)
async def test_a_variable_of_certificates_counts_where_nothing_nearer_is_said(monkeypatch, more, variables):
    for name in CERTIFICATES:
        monkeypatch.delenv(name, raising=False)
    for name, value in {"REQUESTS_CA_BUNDLE": "none.pem", **variables}.items():
        monkeypatch.setenv(name, value)
    options = ClientOptions(**{"timeout": 30, "in_flight": 10, "base_url": "https://a.example", **more})
    async with open_client(options) as client:
        assert client.sent == 0


def test_the_repr_of_options_and_requests_shows_no_secret():
    options = ClientOptions(
        timeout=30,
        in_flight=10,
        base_url="http://u:hush@a",
        headers={"X": "hush"},
        credentials=Basic("jane", "hush"),
    )
    request = Request(path="/x", json={"password": "hush"}, secrets=frozenset({"hush"}))
    assert "hush" not in f"{options!r} {request!r}"


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"headers": {"X-Edge-Key": "edge-hush\n"}}, "X-Edge-Key"),
        ({"headers": {"X-Edge-Key": " edge-hush"}}, "X-Edge-Key"),
        ({"headers": {"X-Edge-Key": "\u00e9dge-hush"}}, "X-Edge-Key"),
        ({"headers": {"X Edge Key": "edge-hush"}}, "X Edge Key"),
        ({"credentials": Bearer("token-hush\r\nX-More: 1")}, "Authorization"),
        ({"credentials": Bearer("t\u00f8ken-hush")}, "Authorization"),
    ],
)
async def test_a_header_that_http_cannot_carry_is_refused_without_its_value(options, named):
    server = Server({})
    with pytest.raises(DeclarationError) as refused:
        async with client_of(server, **options) as client:
            await client.send(READ)
    assert named in str(refused.value)
    assert "hush" not in "".join(traceback.format_exception(refused.value))
    assert server.requests == []


async def test_headers_of_any_ordinary_value_are_sent():
    server = Server({})
    async with client_of(server, headers={"X-One": "", "X-Two": "a b\tc", "X-Three": '"{}=;"'}) as client:
        await client.send(READ)
    assert server.requests[0].headers["x-two"] == "a b\tc"


async def test_where_a_proxy_cannot_be_reached_the_message_names_it():
    async with client_of(Server(httpx.ConnectError("refused")), proxy="http://u:hush@proxy.example:3128") as client:
        with pytest.raises(Unreachable, match=r"a\.example:8000 through the proxy http://proxy\.example:3128: "):
            await client.send(READ)


@pytest.mark.parametrize("options", [{"credentials": Basic("u", "p")}, {"headers": {"authorization": "Key 1"}}])
async def test_credentials_were_refused_only_where_some_were_given(options):
    for given, said in (({}, "none were given"), (options, "refused these credentials")):
        async with client_of(Server(httpx.Response(401)), **given) as client:
            with pytest.raises(Unauthorized, match=said):
                await client.send(READ)


def packed(kind, body):
    packers = {"gzip": gzip.compress, "deflate": zlib.compress}
    return httpx.Response(200, content=packers[kind](body), headers={"content-encoding": kind})


@pytest.mark.parametrize("kind", ["gzip", "deflate"])
async def test_an_answer_unpacks_to_a_bound_and_is_not_asked_for_again(kind):
    bomb, clock = b'"' + b"0" * 5_000_000 + b'"', Clock()
    server = Server(packed(kind, bomb))
    async with client_of(server, clock, largest_answer=1_000_000) as client:
        with pytest.raises(ServerFault, match="is longer than 1,000,000 bytes; no more of it was read"):
            await client.send(READ)
        with pytest.raises(Lost, match="is longer than"):
            await client.send(CREATE)
    assert (len(server.requests), clock.slept) == (2, [])


@pytest.mark.parametrize("kind", ["gzip", "deflate"])
async def test_an_answer_within_the_bound_is_unpacked(kind):
    async with client_of(Server(packed(kind, b'"abc"')), largest_answer=5) as client:
        assert await client.send(READ) == "abc"


@pytest.mark.parametrize("effect", ["update", "delete"])
@pytest.mark.parametrize("last", [400, 401, 403, 409, 422])
@pytest.mark.parametrize("first", [httpx.Response(503), httpx.ReadTimeout("slow")])
async def test_a_write_that_is_refused_only_when_it_is_sent_again_may_have_been_carried_out(effect, last, first):
    async with client_of(Server(first, httpx.Response(last))) as client:
        with pytest.raises(Unclear, match=rf"; the next attempt: .*\({last}\)"):
            await client.send(Request(path="/things/change", effect=effect))


@pytest.mark.parametrize(
    ("first", "kind"), [(httpx.ReadTimeout("slow"), Unclear), (httpx.Response(503), ServerFault)]
)
async def test_a_fault_of_the_server_is_clearer_than_no_answer_and_than_nothing_else(first, kind):
    async with client_of(Server(first, *[httpx.Response(503)] * 4)) as client:
        with pytest.raises(kind):
            await client.send(Request(path="/things/change", effect="update"))


async def test_what_is_gone_is_gone_whichever_attempt_it_was():
    async with client_of(Server(httpx.ReadTimeout("slow"), httpx.Response(404))) as client:
        with pytest.raises(Missing):
            await client.send(Request(path="/things/delete", effect="delete"))
