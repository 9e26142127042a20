"""When the server misbehaves: nothing twice, nothing pretended, and the next apply finishes the work."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteSource,
    AirbyteSyncMode,
)

PEOPLE = AirbyteSource("people", "Sample Data", {"count": 10})
FILES = AirbyteDestination("files", "Local JSON", {"destination_path": "/local/out"})


def many(count: int) -> list[AirbyteConnection]:
    sources = [AirbyteSource(f"people-{n:03}", "Sample Data", {"count": n + 1}) for n in range(count)]
    mode = {"users": AirbyteSyncMode.FULL_REFRESH_OVERWRITE}
    return [AirbyteConnection(f"sync-{n:03}", source, FILES, mode) for n, source in enumerate(sources)]


def names(workspace) -> Counter:
    return Counter(actor["name"] for actor in workspace.actors("source"))


def test_a_create_whose_answer_is_lost_leaves_exactly_one_object(workspace):
    workspace.server.fault("sources/create", "lost-after-commit")
    result = workspace.apply(PEOPLE)
    (outcome,) = result.report.outcomes
    assert (outcome.status, outcome.reason) == ("done", "found after a lost answer")
    assert names(workspace) == {"people": 1}
    assert workspace.asked("sources/create") == 1
    workspace.server.faults()
    assert workspace.plan(PEOPLE).entries == ()


def test_a_create_that_is_committed_late_leaves_exactly_one_object(workspace):
    workspace.server.fault("sources/create", "lost-before-late-commit", seconds=0.1)
    result = workspace.apply(PEOPLE, patience=60)
    assert [outcome.status for outcome in result.report.outcomes] == ["done"]
    assert names(workspace) == {"people": 1}
    assert workspace.asked("sources/create") == 1


def test_a_create_that_is_not_found_in_time_is_unknown_and_not_sent_again(workspace):
    workspace.server.fault("sources/create", "lost-before-late-commit", seconds=600)
    connection = AirbyteConnection("sync", PEOPLE, FILES, {"users": AirbyteSyncMode.FULL_REFRESH_OVERWRITE})
    result = workspace.apply(connection, patience=0)
    assert {str(outcome.step): outcome.status for outcome in result.report.outcomes} == {
        "create people (source)": "unknown",
        "create files (destination)": "done",
        "create sync (connection)": "skipped",
    }
    assert workspace.asked("sources/create") == 1


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateways_error_on_a_create_is_a_lost_answer(workspace, status):
    workspace.server.fault("sources/create", "status", status=status, commit=True)
    result = workspace.apply(PEOPLE)
    assert [outcome.status for outcome in result.report.outcomes] == ["done"]
    assert names(workspace) == {"people": 1}


def test_a_create_refused_for_its_rate_is_sent_again(workspace):
    workspace.server.fault("sources/create", "status", status=429, retry_after=0, times=2)
    result = workspace.apply(PEOPLE)
    assert [outcome.status for outcome in result.report.outcomes] == ["done"]
    assert names(workspace) == {"people": 1}
    assert workspace.asked("sources/create") == 3


def test_one_refused_source_skips_its_own_connection_only(workspace):
    first, second = many(2)
    workspace.server.fault("sources/create", "status", status=422, times=1, body={"message": "no, thank you"})
    result = workspace.apply(first, second)
    tally = Counter(outcome.status for outcome in result.report.outcomes)
    assert tally == {"failed": 1, "skipped": 1, "done": 3}
    failed = next(outcome for outcome in result.report.outcomes if outcome.status == "failed")
    assert "no, thank you" in failed.reason
    workspace.server.faults()
    workspace.applied(first, second)


@pytest.mark.slow
def test_a_server_that_dies_half_way_leaves_a_truthful_report_and_the_next_apply_finishes(workspace):
    declared = many(50)
    workspace.server.fault("sources/create", "die", after=24, commit=True)
    result = workspace.apply(*declared, patience=0)
    assert result.error is None
    tally = Counter(outcome.status for outcome in result.report.outcomes)
    assert sum(tally.values()) == 101
    assert tally["done"] < 101
    assert set(tally) <= {"done", "failed", "skipped", "unknown"}

    workspace.server.faults()
    workspace.server.restart()
    there = {actor["sourceId"] for actor in workspace.actors("source")}
    reported = {
        outcome.id
        for outcome in result.report.outcomes
        if outcome.status == "done" and outcome.step.key.kind == "source"
    }
    assert reported <= there
    unclear = [outcome for outcome in result.report.outcomes if outcome.status == "unknown"]
    assert len(there) <= len(reported) + len(unclear)

    workspace.applied(*declared)
    assert set(names(workspace).values()) == {1}
    assert len(workspace.connections()) == 50


@pytest.mark.slow
@pytest.mark.parametrize("lie", ["pages-shuffled", "pages-repeat-skip"])
def test_pages_that_lie_never_make_a_duplicate(workspace, lie):
    declared = many(120)
    workspace.applied(*declared)
    workspace.server.fault("sources/list", lie)
    result = workspace.apply(*declared)
    assert workspace.writes() == []
    assert result.error is not None or result.plan.entries == ()


@pytest.mark.slow
def test_two_hundred_connections_are_read_by_full_pages(workspace):
    declared = many(200)
    workspace.applied(*declared)
    workspace.server.forget_requests()
    assert workspace.plan(*declared).entries == ()
    assert len(workspace.server.requests) <= 25


@pytest.mark.parametrize("action", ["lost-after-commit", "cut-body"])
def test_a_create_of_a_connection_is_sent_once_whatever_becomes_of_its_answer(workspace, action):
    workspace.server.fault("connections/create", action)
    result = workspace.apply(*many(1))
    assert result.report.ok
    assert workspace.asked("connections/create") == 1
    assert [row["name"] for row in workspace.connections()] == ["sync-000"]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("commit", [True, False])
def test_a_create_of_a_connection_that_failed_is_not_sent_again_and_its_end_is_looked_up(workspace, status, commit):
    workspace.server.fault("connections/create", "status", status=status, commit=commit)
    result = workspace.apply(*many(1), patience=0)
    ended = {str(outcome.step): outcome.status for outcome in result.report.outcomes}[
        "create sync-000 (connection)"
    ]
    assert ended == ("done" if commit else "failed" if status == 500 else "unknown")
    assert workspace.asked("connections/create") == 1
    assert len(workspace.connections()) == commit


@pytest.mark.parametrize("body", ["", "<html>a proxy's page</html>", {}, {"message": "ok"}, {"connectionId": None}])
def test_an_answer_that_says_nothing_of_a_write_is_looked_up(workspace, body):
    """The three writes of each kind, each answered by something that is not Airbyte's: what was done is done."""
    workspace.server.fault("connections/create", "status", status=200, body=body, commit=True)
    workspace.server.fault("sources/create", "status", status=200, body=body, commit=True)
    assert workspace.apply(*many(1)).report.ok
    workspace.server.faults()
    (before,) = many(1)
    changed = replace(before, stream_config={"users": AirbyteSyncMode.FULL_REFRESH_APPEND})
    workspace.server.fault("connections/update", "status", status=200, body=body, commit=True)
    assert workspace.apply(changed).report.ok
    workspace.server.faults()
    workspace.server.fault("connections/update", "status", status=200, body=body, commit=False)
    (outcome,) = workspace.apply(before).report.outcomes
    assert outcome.status == "unknown"
    workspace.server.faults()
    workspace.server.fault("connections/delete", "status", status=200, body=body or "<html>", commit=True)
    result = workspace.apply(before.source, FILES, delete=True)
    assert result.report.ok, result.report
