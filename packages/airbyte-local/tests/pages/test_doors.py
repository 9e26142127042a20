"""Who may see the pages and press their buttons: those who may use the API, from these pages, on this machine."""

from __future__ import annotations

import base64
import contextlib

import anyio
import httpx
import pytest
from airbyte_local import server

PAGES = ("/", "/sources", "/definitions", "/diff", "/nothing", "/events")
OTHER_ORIGINS = [
    {"host": "evil.example"},
    {"host": "127.0.0.1.evil.example"},
    {"host": ""},
    {"origin": "http://evil.example"},
    {"origin": "null"},
]


@pytest.fixture
def connection_id(api):
    made = api.server.seed(
        sources=[{"name": "s"}],
        destinations=[{"name": "d"}],
        connections=[{"name": "c", "source": "s", "destination": "d"}],
    )
    return made["connections"][0]


@pytest.fixture
def behind(tmp_path, reader_of):
    """A reader of a server with *auth*, whose clock stands until it is moved."""
    now = [1_700_000_000.0]

    def start(auth: str, version: str = "2.0", **more):
        made = server(tmp_path / auth, airbyte_version=version, auth=auth, clock=lambda: now[0], **more)
        running = stack.enter_context(made)
        return reader_of(running)

    with contextlib.ExitStack() as stack:
        start.now = now
        yield start


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def jobs(read) -> int:
    with read.server.world.store.transaction() as session:
        return len(session.jobs.newest())


@pytest.mark.parametrize("headers", OTHER_ORIGINS)
def test_a_foreign_host_or_origin_is_refused_everywhere(read, connection_id, headers):
    for path in (*PAGES, "/assets/pages.css", f"/connections/{connection_id}/events"):
        assert read.get(path, **headers).status_code == 403, path
    token = read.token(f"/connections/{connection_id}")
    assert read.post(f"/connections/{connection_id}/sync", {"token": token}, **headers).status_code == 403
    assert jobs(read) == 0


@pytest.mark.parametrize("headers", [{"host": "localhost:8000"}, {"host": "[::1]:80"}, {"host": "127.0.0.2"}])
def test_names_of_this_machine_are_let_in(read, headers):
    assert read.get("/", **headers).status_code == 200


def test_a_host_that_is_allowed_is_let_in_with_its_own_forms(front):
    app = front(allowed_hosts=("Air.Example",))

    async def ask() -> list[int]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://air.example:8000") as client:
            own, foreign = {"origin": "https://air.example:8000"}, {"origin": "https://evil.example"}
            answers = [
                await client.get("/", headers=headers) for headers in (own, foreign, {"host": "other.example"})
            ]
            answers += [await client.post("/connections/x/sync", headers=headers) for headers in (own, foreign)]
            assert "reload it" in answers[3].text
            return [answer.status_code for answer in answers]

    assert anyio.run(ask) == [200, 403, 403, 403, 403]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://localhost:1"},
        {"origin": "http://127.0.0.1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_form_of_another_page_of_this_machine_is_refused(read, connection_id, headers):
    token = read.token(f"/connections/{connection_id}")
    refused = read.post(f"/connections/{connection_id}/sync", {"token": token}, **headers)
    assert refused.status_code == 403
    assert "does not come from a page of this server" in refused.text
    assert jobs(read) == 0


@pytest.mark.parametrize("form", [{}, {"token": ""}, {"token": "x"}, {"token": "é"}, {"token": "x" * 30_000}])
def test_a_form_without_what_only_a_page_knows_is_refused(read, connection_id, form):
    refused = read.post(f"/connections/{connection_id}/sync", form)
    assert (refused.status_code, "reload it" in refused.text) == (403, True)
    assert jobs(read) == 0


def test_a_form_of_a_page_of_ones_own_is_taken_and_leads_back(read, connection_id):
    path = f"/connections/{connection_id}"
    own = {"origin": read.server.url, "sec-fetch-site": "same-origin"}
    answer = read.post(f"{path}/sync", {"token": read.token(path)}, **own)
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert jobs(read) == 1


def test_a_get_starts_and_cancels_nothing(read, past, connection_id):
    job = past.job(connection_id, "running")
    for path in (f"/connections/{connection_id}/sync", f"/jobs/{job.id}/cancel"):
        assert read.get(path).status_code in {404, 405}
    with read.server.world.store.transaction() as session:
        assert session.jobs.get(job.id).status == "running"


def test_what_cannot_be_done_is_said_on_the_page(read, past, connection_id):
    token = read.token(f"/connections/{connection_id}")
    past.job(connection_id, "running")
    refused = read.post(f"/connections/{connection_id}/sync", {"token": token})
    assert (refused.status_code, "A sync is already running" in refused.text) == (409, True)
    assert 'role="alert"' in refused.text
    over = past.job(connection_id, "succeeded")
    assert read.post(f"/jobs/{over.id}/cancel", {"token": token}).status_code == 409
    assert read.post("/jobs/999/cancel", {"token": token}).status_code == 404
    assert read.post("/connections/nothing/sync", {"token": token}).status_code == 404


def test_without_auth_there_is_nothing_to_log_in_to(read):
    assert read.get("/").status_code == 200
    assert "www-authenticate" not in read.get("/").headers


@pytest.mark.parametrize("version", ["0.50", "2.0"])
def test_basic_is_asked_for_and_taken(behind, version):
    read = behind("basic", version, username="me", password="right:é")
    for path in PAGES:
        refused = read.get(path)
        assert refused.status_code == 401, path
        assert refused.headers["www-authenticate"].startswith('Basic realm="')
        assert "people" not in refused.text
    for wrong in (basic("me", "wrong"), basic("", ""), "Basic x", "Bearer x"):
        assert read.get("/", authorization=wrong).status_code == 401
    assert read.get("/", authorization=basic("me", "right:é")).status_code == 200
    assert read.get("/assets/pages.css").status_code == 200


@pytest.mark.parametrize("version", ["1.5", "2.0", "cloud"])
def test_behind_client_credentials_pages_ask_for_just_these(behind, version):
    read = behind("client", version)
    right = basic(read.server.client_id, read.server.client_secret)
    wrong = basic(read.server.client_id, "wrong")
    for path in PAGES:
        refused = read.get(path)
        assert (refused.status_code, refused.headers["www-authenticate"][:6]) == (401, "Basic "), path
        assert read.get(path, authorization=wrong).status_code == 401
    assert read.get("/events", accept="text/event-stream").status_code == 401
    assert read.post("/connections/x/sync", {}).status_code == 401
    assert read.get("/", authorization=right).status_code == 200
    assert read.get("/assets/pages.css").status_code == 200
    assert read.get("/api/public/v1/sources", authorization=right).status_code in {401, 404}, "no way into the APIs"


def test_a_bearer_token_opens_the_api_and_no_page(behind):
    read = behind("client")
    mine = {"client_id": read.server.client_id, "client_secret": read.server.client_secret}
    bought = read.client.post(f"{read.server.public_url}/applications/token", json=mine).json()["access_token"]
    assert read.get("/api/public/v1/sources", authorization=f"Bearer {bought}").status_code == 200
    assert read.get("/", authorization=f"Bearer {bought}").status_code == 401
