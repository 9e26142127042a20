"""Who is answered at all, and what a hostile request cannot do: read or write from elsewhere, hang, or break."""

from __future__ import annotations

import contextlib
import http.client
import json
import resource
import socket
import stat
import subprocess
import sys

import anyio
import httpx
import pytest
from airbyte_local import Fault, server
from airbyte_local.config_api import api as config_api
from airbyte_local.http.answers import Request
from airbyte_local.http.auth import choose_auth
from airbyte_local.http.faults import LONGEST, NUMBERS, FaultMisspelt, fault_from
from airbyte_local.jobs.world import Deployment
from airbyte_local.public_api import api as public_api
from airbyte_local.versions.profiles import LATEST, PROFILES
from hypothesis import given, settings
from hypothesis import strategies as st

OTHER_ORIGINS = [
    {"host": "evil.example"},
    {"host": "127.0.0.1.evil.example"},
    {"host": ""},
    {"origin": "http://evil.example"},
    {"origin": "http://evil.example", "host": "localhost"},
    {"origin": "null"},
    {"origin": "file://"},
]
DOORS = [
    ("GET", "/api/v1/health"),
    ("POST", "/api/v1/sources/create"),
    ("POST", "/api/v1/applications/token"),
    ("GET", "/api/public/v1/sources"),
    ("POST", "/api/public/v1/sources"),
    ("GET", "/v1/sources"),
    ("GET", "/_local/requests"),
    ("POST", "/_local/reset"),
    ("GET", "/_local/files/x"),
    ("GET", "/"),
    ("OPTIONS", "/api/v1/sources/create"),
]
ELSEWHERE = ["192.0.2.7", "2001:db8::7", "::ffff:192.0.2.7", ""]
HERE = ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"]
BAD_BYTES = [
    b"\xff\xfe\x00",
    b"Basic \xff\xff",
    b"Bearer \xe9.\xe9.\xe9",
    b"Basic =",
    b"Basic a===",
    b"Bearer ..",
    b"\xc3",
]
SURROGATES = [
    rb'{"name": "\ud800"}',
    rb'{"\uDFFF": 1}',
    rb'[["\udc00\ud800"]]',
    b'{"name": "\xed\xa0\x80"}',
    b'"\xff"',
]
SERVE = "from airbyte_local.cli import main; main()"
ROUTES = [
    (api, route)
    for api, routes in (("config", config_api.ROUTES), ("public", public_api.ROUTES))
    for route in routes
    if not {route.name, route.path} & LATEST.absent
]
BODIED = [(api, route) for api, route in ROUTES if route.body is not None]


def asked(world, api, route, content, kind="application/json"):
    """The answer of one of the two APIs to *content* at *route*."""
    module, prefix = {
        "config": (config_api, config_api.PREFIX),
        "public": (public_api, world.profile.public_prefix),
    }[api]
    path = prefix + route.path.replace("{", "").replace("}", "")
    return module.answer(
        world, Request(method=route.method, path=path, headers={"content-type": kind}, content=content)
    )


# --- from elsewhere


@pytest.mark.parametrize("headers", OTHER_ORIGINS, ids=str)
@pytest.mark.parametrize("auth", ["none", "basic", "client"])
def test_a_foreign_host_or_origin_is_refused_at_every_door(serve, auth, headers):
    api = serve("2.0", auth=auth, log_in=False)
    for method, path in DOORS:
        refused = api.client.request(method, path, headers=headers, json={} if method == "POST" else None)
        assert (refused.status_code, "--allow-host" in refused.text) == (403, True), path
    assert api.server.requests == []


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.9.9.9:1", "[::1]:8000"])
def test_names_of_this_machine_reach_the_apis(api, host):
    for headers in ({"host": host}, {"host": host, "origin": f"http://{host}"}):
        assert api.client.get("/api/v1/health", headers=headers).status_code == 200
        assert api.client.get("/api/public/v1/sources", headers=headers).status_code == 200


def test_a_name_that_is_allowed_reaches_the_apis(front):
    app = front(allowed_hosts=("Air.Example",))

    async def ask():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://air.example") as client:
            origins = ({}, {"origin": "https://air.example"}, {"origin": "https://evil.example"})
            return [(await client.get("/api/v1/health", headers=headers)).status_code for headers in origins]

    assert anyio.run(ask) == [200, 200, 403]


@pytest.mark.parametrize(
    ("peer", "status"), [*((each, 403) for each in ELSEWHERE), *((each, 200) for each in HERE)]
)
def test_the_local_door_asks_where_the_connection_comes_from_and_not_what_it_says(front, peer, status):
    app = front()
    paths = ("health", "requests", "faults", "revision", "diff", "reset", "seed", "files/x")

    async def ask():
        transport = httpx.ASGITransport(app, client=(peer, 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            health = (await client.get("/_local/health")).status_code
            others = {(await client.post(f"/_local/{path}")).status_code for path in paths}
            return health, others

    health, others = anyio.run(ask)
    assert (health, others == {403}) == (status, status == 403)


def test_who_asks_from_the_address_that_the_server_has_is_on_this_machine(front):
    app = front(allowed_hosts=("192.0.2.7",))

    async def ask():
        transport = httpx.ASGITransport(app, client=("192.0.2.7", 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://192.0.2.7:8000") as client:
            return (await client.get("/_local/health")).status_code

    assert anyio.run(ask) == 200


@pytest.mark.parametrize(
    "kind", ["text/plain", "text/plain;charset=UTF-8", "multipart/form-data", "x", "text/json"]
)
def test_json_is_taken_as_json_alone_by_every_route(api, kind):
    world = api.server.world
    for name, route in ROUTES:
        if route.method in {"POST", "PUT", "PATCH"}:
            refused = asked(world, name, route, b"{}", kind)
            assert (refused.status, refused.content) == (415, b""), route.name
    assert asked(world, *BODIED[0], b"{}", "Application/JSON; charset=utf-8").status != 415


def test_a_form_of_another_page_writes_nothing(api):
    form = "application/x-www-form-urlencoded"
    body = json.dumps({"name": "s", "workspaceId": api.workspace, "configuration": {"sourceType": "faker"}})
    refused = api.client.post("/api/public/v1/sources", content=body, headers={"content-type": form})
    assert (refused.status_code, api.names("sources")) == (415, [])


# --- what is no request


@pytest.mark.parametrize("auth", ["none", "basic", "client"])
@pytest.mark.parametrize("version", ["0.50", "2.0", "cloud"])
def test_bad_bytes_in_authorization_are_a_refusal_and_no_crash(version, auth):
    profile = PROFILES[version]
    if auth in profile.auths:
        door = choose_auth(Deployment(auth=auth, profile=profile))
        for given_bytes in BAD_BYTES:
            headers = {"authorization": given_bytes.decode("latin-1")}
            told = door.answer(
                Request(method="GET", path=f"{profile.public_prefix}sources", headers=headers, content=b"")
            )
            assert told is None if auth == "none" else (told and told.status == 401)


@settings(max_examples=200)
@given(scheme=st.sampled_from(["Basic ", "Bearer ", "basic ", ""]), rest=st.binary(max_size=12))
def test_no_bytes_open_a_door(scheme, rest):
    profile = PROFILES["2.0"]
    headers = {"authorization": scheme + rest.decode("latin-1")}
    for auth in ("basic", "client"):
        door = choose_auth(Deployment(auth=auth, profile=profile))
        told = door.answer(Request(method="GET", path="/api/v1/sources", headers=headers, content=b""))
        assert told
        assert told.status == 401


@pytest.mark.parametrize("content", [*SURROGATES, b"[" * 100_000, b"{", b"\xff"])
def test_bad_credentials_of_any_shape_buy_no_token(serve, content):
    api = serve("2.0", auth="client", log_in=False)
    for path in ("/api/v1/applications/token", "/api/public/v1/applications/token"):
        assert api.client.post(path, content=content).status_code == 400


@pytest.mark.parametrize("content", SURROGATES)
def test_half_a_character_in_any_body_is_a_bad_request(api, content):
    for name, route in BODIED:
        assert asked(api.server.world, name, route, content).status == 400, route.name
    for method, path in (("PUT", "faults"), ("POST", "seed"), ("PUT", "diff")):
        assert api.client.request(method, f"/_local/{path}", content=content).status_code == 400, path


@pytest.mark.parametrize(
    "path", ["%00", "a%00b", "../state.db", "%2e%2e/state.db", "loop", "loop/x", "x" * 5000, "%ff"]
)
def test_a_path_that_leads_nowhere_is_not_found(api, path):
    (api.server.files / "loop").symlink_to("loop")
    assert api.client.get(f"/_local/files/{path}").status_code == 404


@pytest.mark.parametrize(
    "path", ["/local/a\0b", "/local/loop", "/local/loop/x", "/local/" + "x/" * 3000, "/local/" + "x" * 5000]
)
def test_a_path_in_a_configuration_that_leads_nowhere_fails_the_check(api, path):
    (api.server.local / "loop").symlink_to("loop")
    file = {"dataset_name": "t", "format": "csv", "provider": {"storage": "local"}, "url": path}
    source = api.source("f", "File", **file)
    checked = api.ok("sources/check_connection", sourceId=source["sourceId"])
    assert (checked["status"], bool(checked["message"])) == ("failed", True)
    destination = api.destination("d", "Local JSON", destination_path=path)
    assert api.ok("destinations/check_connection", destinationId=destination["destinationId"])["status"] == "failed"


@pytest.mark.parametrize(
    "options",
    [
        {"skiprows": 10**400},
        {"skiprows": -1},
        {"nrows": 1e308},
        {"sep": ""},
        {"sep": "\0"},
        {"sep": "((a*)*)*$"},
        {"encoding": "\0"},
        {"encoding": 7},
        {"quotechar": "ab"},
        {"names": {"a": 1}},
        {"chunksize": 10**30},
        {"header": [[[]]]},
        {"x" * 10_000: 1},
        [],
        7,
    ],
    ids=str,
)
def test_absurd_reader_options_fail_the_check_and_break_nothing(api, options):
    (api.server.local / "t.csv").write_text("a,b\n1,2\n")
    said = json.dumps(options)
    file = {"dataset_name": "t", "format": "csv", "provider": {"storage": "local"}, "url": "/local/t.csv"}
    source = api.source("f", "File", **file, reader_options=said)
    assert api.ask("sources/check_connection", sourceId=source["sourceId"]).status == 200
    assert api.ask("sources/discover_schema", sourceId=source["sourceId"]).status == 200


# --- faults


ABSURD = [-1, 2**64, 1e400, float("nan"), "7", True, [], {}, None]


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_of_a_fault_is_one_that_can_be_meant(api, name):
    optional = name in {"times", "retry_after"}
    for value in ABSURD:
        rule = {"action": "status", name: value}
        if value is None and optional:
            assert fault_from(rule) == Fault(action="status")
            continue
        with pytest.raises(FaultMisspelt):
            fault_from(rule)
        content = json.dumps([rule])
        assert api.client.put("/_local/faults", content=content).status_code == 400, value


@pytest.mark.parametrize(
    "rule",
    [
        {"status": 100},
        {"status": 600},
        {"times": 1.5},
        {"headers": {"a\nb": "c"}},
        {"headers": {"a": "b\r\nset-cookie: c"}},
        {"headers": {"a": 1}},
        {"headers": ["a"]},
        {"match": 7},
        {"match": "^("},
        {"match": "^" + "a{99999999999999999999}"},
        {"method": 7},
    ],
    ids=str,
)
def test_a_fault_that_could_not_be_carried_out_is_refused(api, rule):
    assert api.client.put("/_local/faults", json=[{"action": "status", **rule}]).status_code == 400
    assert api.client.get("/api/v1/health").status_code == 200


@pytest.mark.parametrize(
    "expression",
    [
        "^(a+)+$",
        "^(a|a)*$",
        "^(.*)*x",
        "^(a?){30}a{30}",
        "^" + "a?" * 40 + "a" * 40,
        "^" + "(a|a)" * 40 + "b",
        "^.*.*.*.*x",
        r"^(.*)\1\1x",
        "^(?=(a+)+b)",
        "^(?:a+)+$",
        "^[a]{0,300}a{0,300}a{0,300}x",
    ],
)
def test_an_expression_that_could_hang_the_server_is_refused(expression):
    with pytest.raises(FaultMisspelt, match="too long"):
        Fault(match=expression, action="status")


@pytest.mark.parametrize(
    "expression", ["^.*.*x", "^/api/v1/(sources|destinations)/(create|update)$", "^a{3,300}b?c?d?x"]
)
def test_an_expression_that_is_taken_is_done_with_the_longest_path(expression):
    fault = Fault(match=expression, action="status")
    for path in ("/" + "a" * 100_000, "/api/v1/" + "sources/" * 10_000, "a" * LONGEST):
        assert not fault.matches("GET", path)


@settings(max_examples=100)
@given(expression=st.text("a.*+?{}()|[]^$\\1,9", max_size=14).map(lambda text: f"^{text}"))
def test_whatever_expression_is_taken_comes_to_an_end(expression):
    with contextlib.suppress(FaultMisspelt):
        Fault(match=expression, action="status").matches("GET", "a" * 100_000)


@pytest.mark.parametrize(
    "plan",
    [7, [], {"sources": 7}, {"sources": [7]}, {"sources": [{"count": 10**12}]}, {"sources": [{"count": "x"}]}],
    ids=str,
)
def test_a_seed_of_another_shape_is_refused(api, plan):
    if plan != []:
        assert api.client.post("/_local/seed", json=plan).status_code == 400
    assert api.names("sources") == []


# --- connections


@pytest.mark.slow
@pytest.mark.parametrize(
    "half",
    [
        b"",
        b"POST /api/v1/health",
        b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n",
        b"POST /api/v1/sources/list HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{",
        b"POST /_local/seed HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{",
        b"POST /api/v1/sources/list HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
    ],
)
def test_a_request_that_does_not_come_to_its_end_is_dropped(tmp_path, half):
    with server(tmp_path, request_seconds=0.2) as running:
        with socket.create_connection(("127.0.0.1", running.port), timeout=30) as asking:
            asking.sendall(half)
            with contextlib.suppress(ConnectionResetError):
                assert asking.recv(1) == b""
        assert httpx.get(f"{running.url}/api/v1/health", trust_env=False, verify=False).status_code == 200
        assert [request.path for request in running.requests] == ["/api/v1/health"]


def test_a_connection_that_is_kept_alive_may_ask_again_after_that_time(tmp_path):
    with (
        server(tmp_path, request_seconds=0.2) as running,
        contextlib.closing(http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)) as idle,
        socket.create_connection(("127.0.0.1", running.port), timeout=30) as half,
    ):
        idle.request("GET", "/api/v1/health")
        assert idle.getresponse().read()
        kept = idle.sock
        with contextlib.suppress(ConnectionResetError):
            assert half.recv(1) == b""  # the time is over
        idle.request("GET", "/api/v1/health")
        assert (idle.getresponse().status, idle.sock) == (200, kept)


@pytest.mark.slow
@pytest.mark.wide("Host")
@pytest.mark.parametrize(
    "sent", [b"", b"GET /api/v1/health HTTP/1.1\r\n", b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n"]
)
def test_a_crowd_that_connects_and_asks_nothing_keeps_nobody_out(tmp_path, sent):
    crowd = min(2_000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200)
    serve = [sys.executable, "-c", SERVE, "serve", "--port", "0", "--data", str(tmp_path), "--no-install"]
    started = subprocess.Popen(
        ["sh", "-c", 'ulimit -n 256; exec "$@"', "sh", *serve], stdout=subprocess.PIPE, text=True
    )
    with started, contextlib.ExitStack() as stack:
        stack.callback(started.terminate)
        url = started.stdout.readline().split(" is at ")[1].split(" ")[0]
        port = int(url.rpartition(":")[2])
        for _ in range(crowd):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            with contextlib.suppress(OSError):
                one.sendall(sent)
        assert httpx.get(f"{url}/api/v1/health", trust_env=False, timeout=30, verify=False).status_code == 200
        assert httpx.get(f"{url}/_local/health", trust_env=False, timeout=30, verify=False).status_code == 200


# --- folders


def test_the_folders_are_made_for_their_owner_alone(tmp_path):
    with server(tmp_path / "new") as running:
        made = [running.data, running.local, running.files]
        assert [stat.S_IMODE(folder.stat().st_mode) for folder in made] == [0o700] * 3


def test_a_folder_that_is_there_keeps_its_mode_and_what_is_in_it(tmp_path):
    data = tmp_path / "mine"
    (data / "files").mkdir(parents=True)
    for folder in (data, data / "files"):
        folder.chmod(0o755)
    (data / "files" / "t.csv").write_text("a\n")
    (data / "notes").write_text("kept")
    with server(data) as running:
        running.reset()
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in (data, data / "files")] == [0o755] * 2
    assert ((data / "files" / "t.csv").read_text(), (data / "notes").read_text()) == ("a\n", "kept")
