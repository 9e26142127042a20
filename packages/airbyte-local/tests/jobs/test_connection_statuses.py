"""How a connection is doing, from its last jobs, as the vendor's own server concludes it."""

from __future__ import annotations

import pytest
from airbyte_local.model.records import Attempt

CONFIG, SYSTEM = {"failureType": "config_error"}, {"failureType": "system_error"}


@pytest.fixture
def status(flow, api):
    """`status((config type, status, failure), ...)`: after these jobs, the oldest first."""

    def after(*jobs, **details):
        mine = flow(1)
        world = api.server.world
        with world.store.transaction() as session:
            for number, (kind, ending, *failures) in enumerate(jobs):
                job = session.jobs.add(mine.id, kind, at=number, details={"streams": []})
                session.jobs.set_status(job.id, ending, at=100 + number)
                session.jobs.save_attempt(attempt(job.id, failures))
        if details:
            api.ok("connections/update", connectionId=mine.id, **details)
        (found,) = api.ok("connections/status", connectionIds=[mine.id])
        return found

    return after


def attempt(job_id, failures):
    reasons = tuple({"timestamp": 1, "failureOrigin": "source", **failure} for failure in failures)
    return Attempt(job_id=job_id, number=0, status="failed", created_at=1, updated_at=1, failures=reasons)


GOOD, BAD = ("sync", "succeeded"), ("sync", "failed", SYSTEM)


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        ([], "pending"),
        ([GOOD], "synced"),
        ([BAD], "incomplete"),
        ([GOOD, ("sync", "failed", CONFIG)], "failed"),
        ([("sync", "failed", CONFIG), GOOD], "synced"),
        ([GOOD, ("sync", "cancelled", SYSTEM)], "incomplete"),
        ([GOOD, ("clear", "succeeded")], "pending"),
        ([GOOD, ("reset_connection", "succeeded")], "pending"),
        ([BAD, ("sync", "pending")], "running"),
        ([BAD, ("sync", "incomplete")], "running"),
    ],
)
def test_one_word_says_it(status, jobs, expected):
    assert status(*jobs)["connectionSyncStatus"] == expected


def test_a_connection_that_is_switched_off_is_paused(status):
    assert status(GOOD, status="inactive")["connectionSyncStatus"] == "paused"


def test_a_cancelled_job_hides_no_other(status):
    found = status(GOOD, BAD, ("clear", "cancelled"))
    assert (found["lastSuccessfulSync"], found["lastSyncJobCreatedAt"], found["failureReason"]["failureType"]) == (
        100,
        1,
        "system_error",
    )
