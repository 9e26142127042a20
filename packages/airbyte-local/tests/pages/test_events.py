"""What an open page is told while it is open."""

from __future__ import annotations

import contextlib
import json
import socket
import threading

import pytest
from airbyte_local.pages import events

SOON = pytest.mark.usefixtures("no_ticks")
CONNECT = {"name": "c", "source": "s", "destination": "d"}


@pytest.fixture
def no_ticks(monkeypatch):
    """News are looked for as soon as they may be there."""
    monkeypatch.setattr(events, "TICK_SECONDS", 0.01)


@pytest.fixture
def connection_id(api):
    made = api.server.seed(sources=[{"name": "s"}], destinations=[{"name": "d"}], connections=[CONNECT])
    return made["connections"][0]


def parts(told, *names: str) -> dict[str, str]:
    """The first of each of *names*."""
    found: dict[str, str] = {}
    for name, data in told:
        assert name == "part"
        part = json.loads(data)
        found.setdefault(part["id"], part["html"])
        if set(names) <= set(found):
            return found
    raise AssertionError("the stream has ended")


def one(told, id_: str) -> str:
    return parts(told, id_)[id_]


@SOON
def test_a_connection_page_is_told_what_becomes_of_its_job(read, past, connection_id):
    with read.events(f"/connections/{connection_id}/events") as told:
        assert "Never run" in parts(told, "headline", "glance", "streams", "history", "log")["glance"]
        job = past.job(connection_id, "running", records_emitted=41_000)
        assert "41,000" in one(told, "glance")
        past.attempt(job.id, 0, "running", records_emitted=1_000_000)
        assert "1,000,000" in one(told, "glance")
        with read.server.world.store.transaction() as session:
            session.jobs.set_status(job.id, "failed", at=1)
        ended = parts(told, "news", "headline")
        assert f"Sync {job.id}: Failed. 0 rows." in ended["news"]
        assert 'id="sync"' in ended["headline"]


def test_what_a_page_shows_already_is_told_by_the_same_digest(read, past, connection_id):
    past.job(connection_id, "running", records_emitted=1)
    page = read.get(f"/connections/{connection_id}").text
    with read.events(f"/connections/{connection_id}/events") as told:
        for _ in range(6):
            part = json.loads(next(told)[1])
            assert f'<div id="{part["id"]}" class="live" data-digest="{part["digest"]}" tabindex="-1"' in page


@SOON
def test_the_list_and_the_diff_are_told_too(read, api, past, connection_id):
    with read.events("/events") as told:
        assert "Never" in one(told, "connections")
        past.job(connection_id, "pending")
        assert "Waiting" in one(told, "connections")
    with read.events("/diff/events") as told:
        assert "Nothing has been compared" in one(told, "differences")
        api.client.put("/_local/diff", json={"module": "mine", "document": {"version": 1, "places": []}})
        assert "In sync" in one(told, "differences")


@SOON
def test_an_empty_list_is_told_of_the_first_connection(read, api):
    with read.events("/events") as told:
        assert "No connections yet" in one(told, "connections")
        api.server.seed(sources=[{"name": "s"}], destinations=[{"name": "d"}], connections=[CONNECT])
        assert "Never" in one(told, "connections")


@SOON
def test_a_log_comes_line_by_line_until_the_attempt_is_over(read, past, connection_id):
    job = past.job(connection_id, "running")
    with past.journal(job.id) as journal, read.events(f"/jobs/{job.id}/attempts/0/log") as told:
        journal.say("first <b>", source="source")
        name, data = next(told)
        assert (name, "first &lt;b&gt;" in json.loads(data)["html"]) == ("lines", True)
        journal.say("second")
        assert "second" in json.loads(next(told)[1])["html"]
        past.attempt(job.id, 0, "succeeded")
        assert next(told)[0] == "over"
        assert next(told, None) is None


def test_a_log_goes_on_where_the_reader_lost_it(read, past, connection_id):
    job = past.job(connection_id, "succeeded")
    with past.journal(job.id) as journal:
        journal.say("first")
        journal.say("second")
    path = f"/jobs/{job.id}/attempts/0/log"
    with read.client.stream("GET", path, headers={"accept": "text/event-stream"}) as answer:
        lines = list(answer.iter_lines())
    (offset,) = {line.removeprefix("id: ") for line in lines if line.startswith("id: ")}
    for headers in ({"last-event-id": offset}, {}):
        with read.events(path + ("" if headers else f"?after={offset}"), **headers) as told:
            assert [name for name, _ in told] == ["over"]


@pytest.mark.parametrize("after", ["1", "5", "999999999", "-1", "x", "9" * 40])
def test_an_offset_that_is_none_ends_the_stream_and_breaks_nothing(read, past, connection_id, after):
    job = past.job(connection_id, "succeeded")
    with past.journal(job.id) as journal:
        journal.say("first")
    with read.events(f"/jobs/{job.id}/attempts/0/log?after={after}") as told:
        assert [name for name, _ in told][-1] == "over"


def test_what_does_not_exist_has_no_events(read, past, connection_id):
    job = past.job(connection_id, "succeeded")
    for path in ("/connections/nothing/events", "/jobs/999/attempts/0/log", f"/jobs/{job.id}/attempts/7/log"):
        assert read.get(path, accept="text/event-stream").status_code == 404
    for path in ("/jobs/x/attempts/0/log", "/jobs/1/attempts/-1/log"):
        assert read.get(path, accept="text/event-stream").status_code in {404, 405}


def test_a_reset_ends_the_streams_of_what_is_gone(read, api, past, connection_id):
    job = past.job(connection_id, "running")
    with (
        read.events(f"/connections/{connection_id}/events") as page,
        read.events(f"/jobs/{job.id}/attempts/0/log") as log,
    ):
        parts(page, "log")
        api.server.reset()
        assert [name for name, _ in page][-1] == "gone"
        assert [name for name, _ in log] == ["gone"]


def test_open_pages_do_not_hold_up_the_end_of_the_server(read, past, connection_id):
    job = past.job(connection_id, "running")
    ended = threading.Event()
    with (
        read.events(f"/connections/{connection_id}/events") as page,
        read.events("/events") as listed,
        read.events(f"/jobs/{job.id}/attempts/0/log") as log,
    ):
        parts(page, "log")
        next(listed)
        stopping = threading.Thread(target=lambda: (read.server.stop(), ended.set()))
        stopping.start()
        # uvicorn waits two seconds for answers under way, then tears them down without their end, which raises here
        for told in (page, listed, log):
            list(told)
        assert ended.wait(5)
        stopping.join()


def test_a_reader_that_does_not_read_does_not_hold_up_the_end_either(api, past, connection_id):
    job = past.job(connection_id, "running")
    with past.journal(job.id) as journal:
        for _ in range(300):
            journal.say("x" * 15_000)
    with socket.create_connection(("127.0.0.1", api.server.port)) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        path = f"/jobs/{job.id}/attempts/0/log"
        deaf.sendall(f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: text/event-stream\r\n\r\n".encode())
        assert deaf.recv(8) == b"HTTP/1.1"
        api.server.stop()
        api.server.start()


def test_a_hundred_open_pages_hold_no_thread_each(read, past, connection_id):
    past.job(connection_id, "running")
    before = threading.active_count()
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(read.events(f"/connections/{connection_id}/events")) for _ in range(90)]
        for told in opened:
            next(told)
        assert threading.active_count() < before + 30
        assert read.client.get("/api/v1/health").status_code == 200
