"""What happens at the same instant, or in the worst one."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from airbyte_local.connectors.cancelling import Cancellation
from airbyte_local.jobs.running import run

SLOW = {"interval": 50}
COUNTED = {"type": "INFINITE_FEED", "max_records": 30}
INCREMENTAL = {"syncMode": "incremental", "destinationSyncMode": "append"}


def running(job):
    return job["status"] == "running"


def at_once(*acts):
    """What each of *acts* returns, all begun at the same instant."""
    barrier = threading.Barrier(len(acts))

    def begun(act):
        barrier.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(begun, acts))


@pytest.fixture
def no_thread_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = [each.name for each in threading.enumerate() if each not in before and each.name.startswith("job-")]
    assert left == []


def test_of_syncs_asked_for_at_the_same_instant_one_is_begun(flow):
    mine = flow(200, **SLOW)
    ask = [lambda: mine.api.ask("connections/sync", connectionId=mine.id).status] * 8
    for _ in range(3):
        assert sorted(at_once(*ask)) == [200, *[409] * 7]
        (job,) = [each["job"] for each in mine.api.ok("jobs/list", configTypes=["sync"])["jobs"] if open_(each)]
        mine.api.ok("jobs/cancel", id=job["id"])


def open_(found):
    return found["job"]["status"] in {"pending", "running", "incomplete"}


def test_a_job_cancelled_after_it_was_claimed_and_before_it_ran_does_not_run(flow):
    mine = flow(3)
    world = mine.api.server.world
    world.workers.places = 0
    job = mine.start()
    with world.store.transaction() as session:
        session.jobs.set_status(job, "running", at=world.now())
    assert mine.api.ok("jobs/cancel", id=job)["job"]["status"] == "cancelled"
    run(world, job, Cancellation())
    found = mine.job(job)
    assert (found["job"]["status"], found["attempts"], mine.rows()) == ("cancelled", [], None)
    world.workers.places = 4


def test_clears_and_refreshes_asked_for_at_the_same_instant_leave_one_connection_in_order(flow):
    mine = flow(configuration=COUNTED, **INCREMENTAL)
    mine.sync()
    ask = [
        lambda: mine.api.ask("connections/refresh", connectionId=mine.id, refreshMode="Truncate").status,
        lambda: mine.api.ask("connections/clear", connectionId=mine.id).status,
        lambda: mine.api.ask("connections/sync", connectionId=mine.id).status,
    ]
    assert set(at_once(*ask * 2)) <= {200, 409}
    jobs = [job["job"]["id"] for job in mine.api.ok("jobs/list", configTypes=["sync", "clear", "refresh"])["jobs"]]
    assert all(mine.ended(job) for job in jobs)
    mine.sync()
    assert len(mine.rows("data")) == 30


@pytest.mark.slow
def test_a_refresh_asked_for_while_a_sync_writes_state_reads_everything_anew(flow):
    sqlite = ("Local SQLite", {"destination_path": "/local/out.db"})
    slow = {"type": "INFINITE_FEED", "max_records": 60, "message_interval": 20}
    mine = flow(configuration=slow, destination=sqlite, **INCREMENTAL)
    mine.until(mine.start(), running)
    while mine.api.ok("state/get", connectionId=mine.id)["stateType"] == "not_set":
        pass
    job = mine.api.ok("connections/refresh", connectionId=mine.id, refreshMode="Truncate")["job"]["id"]
    assert mine.ended(job)["job"]["status"] == "succeeded"
    assert numbers(mine) == [str(number) for number in range(1, 61)]


def numbers(mine):
    with sqlite3.connect(mine.api.server.local / "out.db") as database:
        rows = database.execute("SELECT _airbyte_data FROM _airbyte_raw_data ORDER BY rowid").fetchall()
    database.close()
    return [json.loads(row)["column1"] for (row,) in rows]


@pytest.mark.slow
def test_a_stream_that_is_reset_while_it_is_read_is_read_anew_the_next_time(flow):
    slow = {"type": "INFINITE_FEED", "max_records": 30, "message_interval": 30}
    mine = flow(configuration=slow, **INCREMENTAL)
    mine.sync()
    mine.api.ok("sources/partial_update", sourceId=mine.source_id, connectionConfiguration={"max_records": 40})
    job = mine.start()
    mine.until(job, running)
    catalog = mine.api.ok("connections/get", connectionId=mine.id)["syncCatalog"]
    catalog["streams"][0]["config"]["cursorField"] = ["column1"]
    mine.api.ok("web_backend/connections/update", connectionId=mine.id, syncCatalog=catalog)
    assert mine.ended(job)["job"]["status"] == "succeeded"
    assert mine.api.ok("state/get", connectionId=mine.id)["stateType"] == "not_set"
    mine.sync()
    assert [row["column1"] for row in mine.rows("data")] == [str(number) for number in range(1, 41)]


def test_a_refresh_that_is_cancelled_while_it_waits_has_forgotten_nothing(serve, flow):
    api = serve("2.0", places=1)
    other, mine = flow(200, on=api, **SLOW), flow(on=api, configuration=COUNTED, **INCREMENTAL)
    mine.sync()
    before = api.ok("state/get", connectionId=mine.id)
    other.start()
    job = api.ok("connections/refresh", connectionId=mine.id, refreshMode="Truncate")["job"]["id"]
    assert api.ok("jobs/cancel", id=job)["job"]["status"] == "cancelled"
    assert api.ok("state/get", connectionId=mine.id) == before


def test_a_deleted_connection_is_not_cleared(flow):
    mine = flow(3)
    mine.sync()
    mine.api.ok("connections/delete", connectionId=mine.id)
    for path in ("connections/clear", "connections/reset"):
        assert mine.api.ask(path, connectionId=mine.id).status == 500
    assert len(mine.rows()) == 3


def test_a_deleted_workspace_ends_the_jobs_in_it(serve, flow):
    mine = flow(200, on=serve("2.0", places=2), **SLOW)
    job = mine.start()
    mine.until(job, running)
    world = mine.api.server.world
    mine.api.ok("workspaces/delete", workspaceId=mine.api.workspace)
    assert world.workers.wait(job, 30)
    with world.store.transaction() as session:
        assert session.jobs.get(job).status == "cancelled"


@pytest.mark.parametrize("phase", ["running", "incomplete", "pending"])
@pytest.mark.parametrize("end", ["stop", "kill", "reset"])
def test_no_thread_outlives_its_server(serve, flow, no_thread_left, phase, end):
    failing = {"type": "EXCEPTION_AFTER_N", "throw_after_n_records": 3}
    api = serve("2.0", places=1, retry_seconds=(60,))
    first = flow(on=api, configuration=failing) if phase == "incomplete" else flow(200, on=api, **SLOW)
    second = flow(200, on=api, **SLOW)
    job = first.start()
    first.until(job, lambda found: found["status"] == ("incomplete" if phase == "incomplete" else "running"))
    if phase == "pending":
        second.start()
    getattr(api.server, end)()


@pytest.mark.slow
def test_a_job_ends_once_its_end_can_be_written_down(flow, caplog):
    mine = flow(100, interval=20)
    world = mine.api.server.world
    job = mine.start()
    mine.until(job, running)
    with world.store.transaction() as session:
        database = session.jobs._database
    try:  # as on a full disk: what is read goes well, what is written does not
        database.execute("PRAGMA query_only = ON")
        mine.until(job, lambda _: f"job {job}" in caplog.messages)
    finally:
        database.execute("PRAGMA query_only = OFF")
    found = mine.ended(job)
    assert "OperationalError" in mine.failure(found)
    assert [attempt["attempt"]["status"] for attempt in found["attempts"]] == ["failed"]
    assert mine.sync()["job"]["status"] == "succeeded"


@pytest.mark.parametrize("obstacle", ["full disk", "no folder"])
def test_a_log_that_cannot_be_written_keeps_no_row_back(flow, obstacle):
    mine = flow(3)
    jobs = mine.api.server.data / "jobs"
    folder = jobs / str(mine.sync()["job"]["id"] + 1)
    if obstacle == "full disk":
        folder.mkdir()
        (folder / "0.jsonl").symlink_to("/dev/full")
    else:
        folder.write_text("in the way")
    job = mine.api.server.sync(mine.id)
    (folder / "0.jsonl" if obstacle == "full disk" else folder).unlink()
    assert (job.status, folder.name) == ("succeeded", str(job.id))
    assert mine.job(job.id)["attempts"][0]["logs"]["events"] == []
