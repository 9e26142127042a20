"""What is refused because of jobs, in both APIs of every version."""

from __future__ import annotations

import re

import pytest

CONFIG = ("0.50", "1.5", "1.6", "1.8", "2.0")
PUBLIC = (*CONFIG, "cloud")
JAVA_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z"


class PublicFlow:
    """A connection of a hundred slow rows, made by the Public API alone."""

    def __init__(self, api, ends, rows=100, interval=50):
        self.api = api
        feed = {
            "sourceType": "e2e-test",
            "type": "CONTINUOUS_FEED",
            "max_messages": rows,
            "message_interval_ms": interval,
            "mock_catalog": {"type": "SINGLE_STREAM", "stream_name": "users", "stream_schema": '{"type":"object"}'},
        }
        here = {"name": "n", "workspaceId": api.workspace}
        source = api.made("sources", **here, configuration=feed)["sourceId"]
        settings = {"destinationType": "local-json", "destination_path": "/local/out"}
        destination = api.made("destinations", **here, configuration=settings)["destinationId"]
        streams = [{"name": "users", "syncMode": "full_refresh_overwrite"}]
        made = api.made(
            "connections", sourceId=source, destinationId=destination, configurations={"streams": streams}
        )
        self.id = made["connectionId"]

    def ask(self, job_type="sync"):
        return self.api.public("POST", "jobs", {"connectionId": self.id, "jobType": job_type})


@pytest.fixture
def public_flow(connect_ends):
    return lambda api, **more: PublicFlow(api, connect_ends, **more)


def message(reply):
    """0.50 says in `detail` what later versions say in the data of a problem."""
    return reply.json["data"]["message"] if "data" in reply.json else reply.json["detail"]


@pytest.mark.parametrize("version", PUBLIC)
def test_an_unknown_job_of_the_public_api_does_not_run(serve, version):
    api = serve(version)
    for method in ("GET", "DELETE"):
        refused = api.public(method, "jobs/987654")
        assert (refused.status, refused.json["title"]) == (409, "state-conflict")
        assert message(refused) == "Job is not currently running"
    assert api.public("GET", "jobs/nonsense").status == 400


@pytest.mark.parametrize("version", CONFIG)
def test_an_unknown_job_crashes_the_config_api(serve, version):
    api = serve(version)
    for path in ("jobs/get", "jobs/get_light", "jobs/get_without_logs", "jobs/cancel"):
        assert api.ask(path, id=987654).status == 500


@pytest.mark.parametrize("version", PUBLIC)
def test_only_an_active_connection_is_synced_by_the_public_api(serve, public_flow, version):
    api = serve(version)
    flow = public_flow(api)
    api.made(f"connections/{flow.id}", "PATCH", status="inactive")
    refused = flow.ask()
    assert (refused.status, refused.json["title"]) == (409, "state-conflict")
    assert message(refused) == "Could not fulfill request"


@pytest.mark.parametrize("version", CONFIG)
def test_only_an_active_connection_is_synced_by_the_config_api(serve, flow, version):
    api = serve(version)
    mine = flow(on=api)
    api.ok("connections/update", connectionId=mine.id, status="inactive")
    assert api.ask("connections/sync", connectionId=mine.id).status == 500
    api.ok("connections/delete", connectionId=mine.id)
    assert api.ask("connections/sync", connectionId=mine.id).status == 500


@pytest.mark.parametrize("version", PUBLIC)
def test_one_job_of_a_connection_at_a_time_in_the_public_api(serve, public_flow, version):
    api = serve(version)
    flow = public_flow(api)
    job = flow.ask().json
    refused = flow.ask()
    assert (refused.status, refused.json["title"]) == (409, "try-again-later")
    assert message(refused) == f"A sync is already running for: {flow.id}"
    cancelled = api.public("DELETE", f"jobs/{job['jobId']}")
    assert (cancelled.status, cancelled.json["status"]) == (200, "cancelled")
    assert flow.ask().status == 200


@pytest.mark.parametrize("version", CONFIG)
def test_one_job_of_a_connection_at_a_time_in_the_config_api(serve, flow, version):
    api = serve(version)
    mine = flow(100, on=api, interval=50)
    mine.start()
    refused = api.refused(409, "connections/sync", connectionId=mine.id)
    assert refused["message"] == f"A sync is already running for: {mine.id}"


@pytest.mark.parametrize("version", [each for each in PUBLIC if each != "0.50"])
def test_the_public_api_does_not_refresh(serve, public_flow, version):
    refused = public_flow(serve(version)).ask("refresh")
    assert (refused.status, message(refused)) == (422, "Refreshes are not supported in the public API")


@pytest.mark.parametrize("version", PUBLIC)
def test_a_job_that_is_over_is_not_cancelled_by_the_public_api(serve, public_flow, version):
    api = serve(version)
    flow = public_flow(api)
    job = flow.ask().json["jobId"]
    assert api.public("DELETE", f"jobs/{job}").json["status"] == "cancelled"
    refused = api.public("DELETE", f"jobs/{job}")
    assert (refused.status, refused.json["title"]) == (409, "state-conflict")


@pytest.mark.parametrize("version", CONFIG)
def test_a_job_that_is_over_is_not_cancelled_by_the_config_api(serve, flow, version):
    api = serve(version)
    mine = flow(100, on=api, interval=50)
    job = mine.start()
    assert api.ok("jobs/cancel", id=job)["job"]["status"] == "cancelled"
    assert api.ask("jobs/cancel", id=job).status == 500


@pytest.mark.parametrize("version", [each for each in PUBLIC if each != "0.50"])
def test_a_clear_is_called_a_reset(serve, public_flow, version):
    assert public_flow(serve(version)).ask("clear").json["jobType"] == "reset"


@pytest.mark.parametrize("version", PUBLIC)
def test_times_and_durations_are_javas(serve, public_flow, version):
    api = serve(version)
    flow = public_flow(api, rows=3, interval=0)
    job = flow.ask().json["jobId"]
    api.server.world.workers.wait(job, 30)
    found = api.public("GET", f"jobs/{job}").json
    assert (found["status"], found["rowsSynced"], found["jobType"]) == ("succeeded", 3, "sync")
    assert found["bytesSynced"] == 3 * len("{}")
    for name in ("startTime", "lastUpdatedAt"):
        assert re.fullmatch(JAVA_TIME, found[name]), found
    assert re.fullmatch(r"PT(\d+[HMS])+", found["duration"]), found


@pytest.mark.parametrize("version", CONFIG)
def test_the_state_is_not_written_under_a_running_job(serve, flow, version):
    api = serve(version)
    mine = flow(100, on=api, interval=50)
    state = {"connectionId": mine.id, "stateType": "stream", "streamState": []}
    asked = {"connectionId": mine.id, "connectionState": state}
    api.ok("state/create_or_update_safe", asked)
    job = mine.start()
    refused = api.refused(423, "state/create_or_update_safe", asked)
    assert refused["message"] == "State cannot be updated while a sync is running for this connection."
    api.ok("jobs/cancel", id=job)
    api.ok("state/create_or_update_safe", asked)
