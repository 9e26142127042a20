"""Lists of jobs in both APIs: filtered, sorted, paged."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

ODD_IDS = ("9223372036854775808", "1e9", "-1", "0", "%20", "１")


@pytest.fixture
def listed(flow, api):
    """A connection with five ended jobs, the second of them a clear, created a minute apart."""
    mine = flow(1)
    world = api.server.world
    with world.store.transaction() as session:
        for number, kind in enumerate(["sync", "clear", "sync", "sync", "sync"]):
            streams = {"streams": [{"name": "users"}]}
            job = session.jobs.add(mine.id, kind, at=60 * number, details=streams)
            session.jobs.set_status(job.id, "failed" if number == 2 else "succeeded", at=1_000 - number)
            mine.first = job.id - number
    return mine


def numbers(mine, found):
    return [job["job"]["id"] - mine.first for job in found["jobs"]], found["totalJobCount"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ([4, 3, 2, 0], 4)),
        ({"configTypes": ["clear"]}, ([1], 1)),
        ({"configTypes": ["sync", "clear"]}, ([4, 3, 2, 1, 0], 5)),
        ({"statuses": ["failed"]}, ([2], 1)),
        ({"statuses": ["running"]}, ([], 0)),
        ({"pagination": {"pageSize": 2, "rowOffset": 1}}, ([3, 2], 4)),
        ({"pagination": {"pageSize": 2, "rowOffset": 9}}, ([], 4)),
        ({"pagination": {"pageSize": 2, "rowOffset": -1}}, ([4, 3], 4)),
        ({"orderByField": "createdAt", "orderByMethod": "ASC"}, ([0, 2, 3, 4], 4)),
        ({"orderByField": "updatedAt"}, ([0, 2, 3, 4], 4)),
        ({"createdAtStart": "1970-01-01T00:02:00Z", "createdAtEnd": "1970-01-01T01:03:00+01:00"}, ([3, 2], 2)),
        ({"updatedAtEnd": "1970-01-01T00:16:36.5Z"}, ([4], 1)),
        ({"configId": "00000000-0000-0000-0000-00000000000a"}, ([], 0)),
    ],
)
def test_jobs_are_listed_as_they_are_asked_for(listed, asked, expected):
    body = {"configId": listed.id, "configTypes": ["sync"], **asked}
    assert numbers(listed, listed.api.ok("jobs/list", body)) == expected
    if asked.get("configId") is None:
        of_workspace = {"configTypes": ["sync"], **asked, "workspaceIds": [listed.api.workspace]}
        assert numbers(listed, listed.api.ok("jobs/list_for_workspaces", of_workspace)) == expected


@pytest.mark.parametrize(
    ("wanted", "expected"), [(4, [4, 3]), (3, [4, 3, 2, 0]), (0, [4, 3, 2, 0]), (9, []), (1, [])]
)
def test_a_list_is_as_many_pages_long_as_it_takes_to_come_to_a_job(listed, wanted, expected):
    page = {"configId": listed.id, "configTypes": ["sync"], "pagination": {"pageSize": 2}}
    found = listed.api.ok("jobs/list", {**page, "includingJobId": listed.first + wanted})
    assert numbers(listed, found) == (expected, 4)


@pytest.mark.parametrize("at", ["yesterday", "2026-01-01", "2026-01-01T00:00:00", "2026-02-30T00:00:00Z", 5])
def test_a_time_that_is_none_is_refused(api, at):
    assert api.ask("jobs/list", configTypes=["sync"], createdAtStart=at).status == 400
    assert api.public("GET", "jobs", createdAtStart=at).status == 400


@pytest.mark.parametrize("job_id", [2**63, -(2**63) - 1, 1e400, "text", 10**30])
def test_an_id_that_is_none_is_refused_and_crashes_nothing(serve, job_id):
    api = serve("2.0", odd_requests=True)
    text = "1e400" if job_id == 1e400 else None
    content = f'{{"id": {text}}}' if text else None
    asked = api.client.post("/api/v1/jobs/get", content=content) if content else api.ask("jobs/get", id=job_id)
    assert (asked.status_code if content else asked.status) == 400


@pytest.mark.parametrize("job_id", ODD_IDS)
def test_an_odd_id_of_the_public_api_is_refused(api, job_id):
    for method in ("GET", "DELETE"):
        assert api.public(method, f"jobs/{job_id}").status in {400, 409}


def public(mine, **query):
    found = mine.api.public("GET", "jobs", **query)
    assert found.status == 200, found
    return [each["jobId"] - mine.first for each in found.json["data"]]


def test_the_public_list_begins_with_the_oldest_and_is_filtered(listed):
    of_one = {"connectionId": listed.id}
    assert public(listed) == [0, 1, 2, 3, 4]
    assert public(listed, **of_one, jobType="sync") == [0, 2, 3, 4]
    assert public(listed, jobType="clear", workspaceIds=listed.api.workspace) == [1]
    assert public(listed, **of_one, status="failed") == [2]
    assert public(listed, **of_one, orderBy="createdAt|DESC", limit=2) == [4, 3]
    assert public(listed, **of_one, orderBy="updatedAt|ASC", limit=2, offset=1) == [3, 2]
    assert public(listed, createdAtStart="1970-01-01T00:04:00Z") == [4]
    assert public(listed, workspaceIds="00000000-0000-0000-0000-00000000000a") == []


@pytest.mark.parametrize("order", ["createdAt", "createdAt|asc", "name|ASC", "|DESC", "createdAt DESC"])
def test_an_order_that_is_none_is_refused(listed, order):
    refused = listed.api.public("GET", "jobs", orderBy=order)
    assert (refused.status, refused.json["data"]["message"]) == (400, f"Invalid order by clause provided: {order}")


def test_the_way_to_the_next_page_says_again_what_the_vendor_says_again(listed):
    asked = {"connectionId": listed.id, "jobType": "sync", "limit": 3, "status": "succeeded"}
    found = listed.api.public("GET", "jobs", **asked).json
    again = [("jobType", "sync"), ("connectionId", listed.id), ("limit", "3"), ("offset", "3")]
    assert parse_qsl(urlsplit(found["next"]).query) == again
    workspace = listed.api.workspace
    of_workspace = listed.api.public("GET", "jobs", workspaceIds=workspace, offset=2).json
    assert parse_qsl(urlsplit(of_workspace["previous"]).query)[0] == ("workspaceIds", workspace)
    assert listed.api.public("GET", "jobs", offset=5).json["next"] == ""


def test_jobs_of_a_deleted_connection_are_still_listed(listed):
    listed.api.ok("connections/delete", connectionId=listed.id)
    assert public(listed, connectionId=listed.id) == public(listed) == [0, 1, 2, 3, 4]
    assert listed.api.ok("jobs/list", configTypes=["sync"], configId=listed.id)["totalJobCount"] == 4
