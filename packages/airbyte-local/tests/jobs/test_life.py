"""The life of a job: waiting, running, cancelled, tried again, cut short by the end of the server."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from airbyte_local import server

FAILING = {"type": "EXCEPTION_AFTER_N", "throw_after_n_records": 3}
SLOW = {"interval": 50}


def running(job):
    return job["status"] == "running"


def test_a_cancelled_job_leaves_no_row_and_can_be_run_again(flow):
    mine = flow(200, **SLOW)
    job = mine.start()
    mine.until(job, running)
    cancelled = mine.api.ok("jobs/cancel", id=job)
    assert cancelled["job"]["status"] == "cancelled"
    (reason,) = cancelled["attempts"][0]["attempt"]["failureSummary"]["failures"]
    assert reason["failureType"] == "manual_cancellation"
    assert mine.rows() is None
    assert mine.api.ok(
        "sources/partial_update", sourceId=mine.source_id, connectionConfiguration={"max_messages": 2}
    )
    assert mine.sync()["job"]["status"] == "succeeded"


def test_a_failure_that_may_pass_is_tried_again_and_each_attempt_is_kept(serve, flow):
    mine = flow(on=serve("2.0", retry_seconds=(0, 0)), configuration=FAILING)
    found = mine.sync()
    assert found["job"]["status"] == "failed"
    assert [attempt["attempt"]["id"] for attempt in found["attempts"]] == [0, 1, 2]
    assert {attempt["attempt"]["status"] for attempt in found["attempts"]} == {"failed"}


def test_between_two_attempts_a_job_is_incomplete_and_can_be_cancelled(serve, flow):
    mine = flow(on=serve("2.0", retry_seconds=(60,)), configuration=FAILING)
    job = mine.start()
    mine.until(job, lambda found: found["status"] == "incomplete")
    assert mine.api.ok("jobs/cancel", id=job)["job"]["status"] == "cancelled"


def test_jobs_wait_for_a_place_in_the_order_they_were_asked_for(serve, flow):
    api = serve("2.0", places=1)
    flows = [flow(20, on=api, interval=10) for _ in range(3)]
    jobs = [mine.start() for mine in flows]
    assert [job["job"]["status"] for job in api.ok("jobs/list", configTypes=["sync"])["jobs"]].count("running") <= 1
    starts = [mine.ended(job)["job"]["startedAt"] for mine, job in zip(flows, jobs, strict=True)]
    assert starts == sorted(starts)
    assert [mine.job(job)["job"]["status"] for mine, job in zip(flows, jobs, strict=True)] == ["succeeded"] * 3


def test_a_job_that_waits_is_cancelled_at_once(serve, flow):
    api = serve("2.0", places=1)
    first, second = flow(200, on=api, **SLOW), flow(on=api)
    first.start()
    waiting = second.start()
    assert api.ok("jobs/cancel", id=waiting)["job"]["status"] == "cancelled"


def test_the_jobs_of_a_connection_end_with_it(flow):
    mine = flow(200, **SLOW)
    job = mine.start()
    mine.until(job, running)
    mine.api.ok("connections/delete", connectionId=mine.id)
    assert mine.ended(job)["job"]["status"] == "cancelled"


def test_a_deleted_source_ends_the_jobs_of_its_connections(flow):
    mine = flow(200, **SLOW)
    job = mine.start()
    mine.api.ok("sources/delete", sourceId=mine.source_id)
    assert mine.ended(job)["job"]["status"] == "cancelled"


def test_a_clear_takes_the_place_of_a_sync(flow):
    mine = flow(200, **SLOW)
    job = mine.start()
    mine.until(job, running)
    cleared = mine.ended(mine.api.ok("connections/reset", connectionId=mine.id)["job"]["id"])
    assert (cleared["job"]["status"], mine.job(job)["job"]["status"]) == ("succeeded", "cancelled")


def test_a_stop_ends_what_runs_and_says_why_at_the_next_start(serve, flow):
    mine = flow(10_000, on=serve("2.0", places=2), **SLOW)
    job = mine.start()
    mine.until(job, running)
    mine.api.server.restart()
    found = mine.job(job)
    assert found["job"]["status"] == "failed"
    assert mine.failure(found) == "The server was stopped while this ran."
    assert mine.rows() is None
    assert mine.start() > job


def test_a_reset_of_the_server_takes_its_jobs_along(flow):
    mine = flow(10_000, **SLOW)
    mine.until(mine.start(), running)
    mine.api.server.reset()
    assert mine.api.ok("jobs/list", configTypes=["sync"])["jobs"] == []


def test_no_secret_of_a_configuration_is_in_a_log_or_a_failure(api, flow):
    secret = "hunter2-and-more"
    settings = {"host": secret, "port": 1, "database": "d", "username": "u", "schema": "public", "password": secret}
    found = flow(destination=("Postgres", settings)).sync()
    assert found["job"]["status"] == "failed"
    assert secret not in str(found)
    logs = [file.read_text() for file in (api.server.data / "jobs").rglob("*.jsonl")]
    assert logs
    assert not any(secret in text for text in logs)


@pytest.mark.slow
def test_a_server_that_is_killed_leaves_a_failed_job_and_no_half_written_file(request, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [Path(sys.executable).parent / "airbyte-local", "serve", "--port", str(port), "--data", tmp_path]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    request.addfinalizer(lambda: (process.kill(), process.wait()))  # whatever becomes of this test
    assert process.stdout is not None
    process.stdout.readline()

    class Remote:
        """As much of `Api` as a flow asks for."""

        workspace = ""

        def __init__(self, client):
            self.client = client

        def ok(self, path, body=None, **properties):
            return self.client.post(f"/api/v1/{path}", json=body or properties).raise_for_status().json()

    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30, verify=False) as client:
        api = Remote(client)
        nobody = {"organizationId": "00000000-0000-0000-0000-000000000000"}
        found = api.ok("workspaces/list_by_organization_id", nobody)["workspaces"]
        api.workspace = found[0]["workspaceId"]
        connection, job = _started(api)
        out = tmp_path / "local" / "out"
        deadline = time.monotonic() + 30
        while not list(out.glob("_airbyte_tmp_*")):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    assert not list(out.glob("_airbyte_raw_*"))
    with (
        server(tmp_path, retry_seconds=()) as after,
        httpx.Client(base_url=after.url, trust_env=False, verify=False) as client,
    ):
        api = Remote(client)
        found = api.ok("jobs/get", id=job)
        assert found["job"]["status"] == "failed"
        source = api.ok("connections/get", connectionId=connection)["sourceId"]
        api.ok("sources/partial_update", sourceId=source, connectionConfiguration={"max_messages": 2})
        assert after.sync(connection).status == "succeeded"
        assert [file.name for file in out.iterdir()] == ["_airbyte_raw_users.jsonl"]
        assert len((out / "_airbyte_raw_users.jsonl").read_text().splitlines()) == 2


def _started(api):
    """A connection of many slow rows, and its running job."""
    mock = {"type": "SINGLE_STREAM", "stream_name": "users", "stream_schema": '{"type":"object"}'}
    feed = {"type": "CONTINUOUS_FEED", "max_messages": 10_000, "message_interval_ms": 10, "mock_catalog": mock}
    source = api.ok(
        "sources/create",
        workspaceId=api.workspace,
        name="s",
        sourceDefinitionId="d53f9084-fa6b-4a5a-976c-5b8392f4ad8a",
        connectionConfiguration=feed,
    )["sourceId"]
    destination = api.ok(
        "destinations/create",
        workspaceId=api.workspace,
        name="d",
        destinationDefinitionId="a625d593-bba5-4a1c-a53d-2d246268a816",
        connectionConfiguration={"destination_path": "/local/out"},
    )["destinationId"]
    found = api.ok("sources/discover_schema", sourceId=source)
    for entry in found["catalog"]["streams"]:
        entry["config"] |= {"selected": True, "syncMode": "full_refresh", "destinationSyncMode": "overwrite"}
    made = api.ok(
        "connections/create",
        sourceId=source,
        destinationId=destination,
        status="active",
        syncCatalog=found["catalog"],
    )
    return made["connectionId"], api.ok("connections/sync", connectionId=made["connectionId"])["job"]["id"]
