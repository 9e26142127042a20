"""The way to a server, by real sockets: how many connections are made, and through which proxy."""

from __future__ import annotations

import sys
import traceback
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
import httpx
import pytest
from dagster_managed_elements.api.client import ClientOptions, open_client
from dagster_managed_elements.api.requests import Request
from dagster_managed_elements.api.transports import make_transport
from dagster_managed_elements.engine.errors import DeclarationError, Lost, ServerFault, Unreachable

READ = Request(path="/things/list", json={"of": "w"})
CREATE = Request(path="/things/create", json={"name": "n"}, effect="create")
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Server:
    """Answers each request with *answer*, and closes a connection after *most* of them."""

    def __init__(self, answer=ANSWER, *, most=1000):
        self.answer, self.most = answer, most
        self.connections, self.asked = 0, []

    async def __call__(self, stream):
        self.connections += 1
        async with stream:
            for _ in range(self.most):
                try:
                    self.asked.append(await stream.receive())
                except (anyio.EndOfStream, anyio.BrokenResourceError):
                    return
                await stream.send(self.answer)


@asynccontextmanager
async def client_of(server, port, **options):
    given = {"timeout": 30, "in_flight": 10, "base_url": f"http://127.0.0.1:{port}", "trust_env": False, **options}
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=port)
    async with listener, anyio.create_task_group() as group, open_client(ClientOptions(**given)) as client:
        group.start_soon(listener.serve, server)
        yield client
        group.cancel_scope.cancel()


async def test_requests_in_a_row_go_by_one_connection(free_tcp_port):
    server = Server()
    async with client_of(server, free_tcp_port) as client:
        for _ in range(5):
            assert await client.send(READ) == {}
    assert (server.connections, len(server.asked)) == (1, 5)


async def test_requests_at_a_time_go_by_a_connection_each_and_the_next_by_those(free_tcp_port):
    server = Server()
    async with client_of(server, free_tcp_port) as client:
        for _ in range(2):
            async with anyio.create_task_group() as group:
                for _ in range(3):
                    group.start_soon(client.send, READ)
    assert (server.connections, len(server.asked)) == (3, 6)


async def test_a_create_is_not_lost_to_a_connection_that_the_server_closed_before(free_tcp_port):
    server = Server(most=1)
    async with client_of(server, free_tcp_port) as client:
        for _ in range(3):
            assert await client.send(CREATE) == {}
            await anyio.wait_all_tasks_blocked()
    assert (server.connections, client.sent) == (3, 3)


async def test_a_connection_with_an_answer_that_was_not_read_to_its_end_is_not_used_again(free_tcp_port):
    server = Server(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b" " * 900)
    async with client_of(server, free_tcp_port, largest_answer=100) as client:
        for _ in range(2):
            with pytest.raises(ServerFault, match="longer than 100 bytes"):
                await client.send(READ)
    assert server.connections == 2


async def test_a_connection_whose_request_was_cancelled_takes_the_next_one(free_tcp_port):
    base, server = f"http://127.0.0.1:{free_tcp_port}", Server()
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=free_tcp_port)
    transport = make_transport(base, verify=httpx.create_ssl_context(verify=False), proxy=None, keep_alive=2)
    async with listener, anyio.create_task_group() as group, transport:
        group.start_soon(listener.serve, server)
        with anyio.CancelScope() as scope:
            answer = await transport.handle_async_request(httpx.Request("GET", base))
            scope.cancel()
            await answer.aclose()
        assert (await transport.handle_async_request(httpx.Request("GET", base))).status_code == 200
        group.cancel_scope.cancel()


async def test_a_connection_that_ends_without_an_answer_is_a_lost_answer(free_tcp_port):
    async with client_of(Server(b"", most=1), free_tcp_port) as client:
        with pytest.raises(Lost, match="Server disconnected without sending a response"):
            await client.send(CREATE)


async def test_a_create_is_sent_before_its_answer_is_read_be_it_of_what_a_server_sent_too_much(free_tcp_port):
    server = Server(ANSWER + b"\r\n")
    async with client_of(server, free_tcp_port) as client:
        assert await client.send(CREATE) == {}
        with pytest.raises(Lost):
            await client.send(CREATE)
        with anyio.fail_after(10):
            while len(server.asked) < 2:
                await anyio.lowlevel.checkpoint()


async def test_a_request_says_what_it_takes_and_its_own_headers_win_whatever_their_capitals(free_tcp_port):
    server = Server()
    headers = {"USER-AGENT": "me/1", "X-Extra": "1"}
    async with client_of(server, free_tcp_port, headers=headers) as client:
        await client.send(READ)
    (asked,) = server.asked
    head, _, body = asked.decode().partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    assert (first, body) == ("POST /things/list HTTP/1.1", '{"of":"w"}')
    said = dict(line.split(": ") for line in lines)
    assert said == {
        "Host": f"127.0.0.1:{free_tcp_port}",
        "Accept": "application/json",
        "Accept-Encoding": "gzip, deflate",
        "USER-AGENT": "me/1",
        "X-Extra": "1",
        "Content-Type": "application/json",
        "Content-Length": "10",
    }


NOBODY = "http://127.0.0.1:1"


def only(monkeypatch, **variables):
    """Of all that speak of proxies."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("variables", "is_straight"),
    [
        ({"HTTP_PROXY": NOBODY}, False),
        ({"ALL_PROXY": NOBODY}, False),
        ({"HTTP_PROXY": "127.0.0.1:1"}, False),
        ({"HTTP_PROXY": NOBODY, "NO_PROXY": "other.example"}, False),
        ({"HTTPS_PROXY": NOBODY}, True),
        ({"HTTP_PROXY": NOBODY, "NO_PROXY": "127.0.0.1"}, True),
        ({"HTTP_PROXY": NOBODY, "NO_PROXY": "other.example, 127.0.0.1:{port}"}, True),
        ({"ALL_PROXY": NOBODY, "NO_PROXY": "*"}, True),
        ({"HTTP_PROXY": NOBODY, "NO_PROXY": "other.example, *"}, True),
        ({"HTTP_PROXY": NOBODY, "NO_PROXY": "http://127.0.0.1"}, True),
        ({"HTTP_PROXY": NOBODY, "NO_PROXY": "all://127.0.0.1:{port}"}, True),
        ({"HTTP_PROXY": NOBODY, "NO_PROXY": "https://127.0.0.1,http://127.0.0.2,*.example"}, False),
    ],
)
async def test_the_environment_says_which_server_is_asked_through_a_proxy(
    free_tcp_port, monkeypatch, variables, is_straight
):
    only(monkeypatch, **{name: value.format(port=free_tcp_port) for name, value in variables.items()})
    server = Server()
    async with client_of(server, free_tcp_port, trust_env=True, attempts=1) as client:
        if is_straight:
            assert await client.send(READ) == {}
        else:
            with pytest.raises(Unreachable, match=f"through the proxy {NOBODY}: connection refused"):
                await client.send(READ)
    assert len(server.asked) == is_straight


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://jane:hush@proxy.example:port", "'proxy.example:port' is no address like"),
        ("http://jane:hu/sh@proxy.example:1", "'proxy.example:1' is no address like"),
        ("ftp://jane:hush@proxy.example:1", "'proxy.example:1' is no address like"),
        ("http://jane:hush@", "'' is no address like"),
        (
            "socks5://jane:hush@proxy.example:1",
            "'proxy.example:1' is one of SOCKS, which needs the",
        ),
    ],
)
async def test_a_proxy_of_the_environment_that_cannot_be_used_is_told_without_its_password(monkeypatch, url, said):
    only(monkeypatch, ALL_PROXY=url)
    monkeypatch.setitem(sys.modules, "socksio", None)
    with pytest.raises(DeclarationError, match="The proxy of the environment cannot be used") as refused:
        async with open_client(ClientOptions(base_url="http://a.example", timeout=1, in_flight=1)):
            pass
    assert said in str(refused.value)
    assert "hu" not in "".join(traceback.format_exception(refused.value))


async def test_a_handshake_that_is_cancelled_leaves_no_connection_open(free_tcp_port):
    shaking, ended = anyio.Event(), anyio.Event()

    async def never_answers(stream):
        async with stream:
            await stream.receive()
            shaking.set()
            with pytest.raises(anyio.EndOfStream):
                await stream.receive()
            ended.set()

    where = f"https://127.0.0.1:{free_tcp_port}"
    async with client_of(never_answers, free_tcp_port, base_url=where, verify=False) as client:
        with anyio.fail_after(30):
            async with anyio.create_task_group() as group:
                group.start_soon(client.send, READ)
                await shaking.wait()
                group.cancel_scope.cancel()
            await ended.wait()
