"""Every way to ask for jobs, in every version: the contract of each holds what is answered."""

from __future__ import annotations

import pytest

FAILING = {"type": "EXCEPTION_AFTER_N", "throw_after_n_records": 3}
REPLICATION = ["sync", "reset_connection"]
VERSIONS = ("0.50", "1.5", "1.6", "1.8", "2.0")


@pytest.mark.wide("2.0", "0.50")
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("ending", ["succeeded", "failed", "cancelled", "pending", "reset"])
def test_jobs_of_every_ending_are_shown_in_the_words_of_the_version(serve, flow, version, ending):
    api = serve(version)
    mine = (
        flow(on=api, configuration=FAILING)
        if ending == "failed"
        else flow(200 if ending == "cancelled" else 3, on=api, interval=10)
    )
    world = api.server.world
    places, world.workers.places = world.workers.places, 0 if ending == "pending" else world.workers.places
    job = mine.start()
    if ending == "cancelled":
        api.ok("jobs/cancel", id=job)
    elif ending == "reset":
        mine.ended(job)
        job = mine.ended(api.ok("connections/reset", connectionId=mine.id)["job"]["id"])["job"]["id"]
    elif ending != "pending":
        mine.ended(job)
    for path in ("jobs/get", "jobs/get_light", "jobs/get_without_logs"):
        assert api.ok(path, id=job)["job"]["id"] == job
    assert api.ok("jobs/get_last_replication_job", connectionId=mine.id)["job"]["id"] == job
    assert api.ok("jobs/list", configTypes=REPLICATION, configId=mine.id)["jobs"][0]["job"]["id"] == job
    listed = api.ok("jobs/list_for_workspaces", configTypes=REPLICATION, workspaceIds=[api.workspace])
    assert listed["jobs"][0]["job"]["id"] == job
    (status,) = api.ok("connections/status", connectionIds=[mine.id])
    assert status["connectionId"] == mine.id
    assert api.public("GET", f"jobs/{job}").status == 200
    assert api.public("GET", "jobs", connectionId=mine.id).status == 200
    assert api.ok("web_backend/connections/get", connectionId=mine.id)
    assert api.ok("web_backend/connections/list", workspaceId=api.workspace)
    world.workers.places = places
