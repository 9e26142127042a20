"""Schedules fire when the clock says so; the clock is the test's."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from airbyte_local.jobs.scheduling import Schedules

NOON = 1_767_268_800  # 2026-01-01 12:00 UTC


class Clock:
    def __init__(self) -> None:
        self.now = float(NOON)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def scheduled(serve, flow, clock):
    """A connection, its schedule in the vendor's words, and what fires when it is looked."""

    def make(**schedule):
        mine = flow(1, on=serve("2.0", clock=clock))
        mine.api.ok("connections/update", connectionId=mine.id, **schedule)
        schedules = Schedules()

        def look(seconds_later=0):
            clock.now += seconds_later
            fired = schedules.fire(mine.api.server.world)
            for job in fired:
                mine.ended(job.id)
            return len(fired)

        return mine, look

    return make


def basic(units, unit):
    return {"scheduleType": "basic", "scheduleData": {"basicSchedule": {"units": units, "timeUnit": unit}}}


def cron(expression, zone="UTC"):
    return {"scheduleType": "cron", "scheduleData": {"cron": {"cronExpression": expression, "cronTimeZone": zone}}}


def test_a_basic_schedule_fires_at_once_and_then_at_its_distance(scheduled):
    mine, look = scheduled(**basic(2, "hours"))
    assert [look(), look(), look(7_199), look(1), look(7_200)] == [1, 0, 0, 1, 1]
    assert mine.api.ok("jobs/list", configTypes=["sync"])["totalJobCount"] == 3


def test_a_cron_schedule_fires_at_its_times_in_its_zone(scheduled):
    _, look = scheduled(**cron("0 0 15 * * ?", "Europe/Berlin"))
    assert [look(), look(7_199), look(1), look(1), look(86_400)] == [0, 0, 1, 0, 1]


def test_what_was_missed_before_a_schedule_was_seen_stays_missed(scheduled):
    mine, look = scheduled(**cron("0 0 * * * ?"))
    assert [look(), look(3_600)] == [0, 1]
    mine.api.ok("connections/update", connectionId=mine.id, **cron("0 30 * * * ?"))
    assert [look(3_600 * 5 + 60), look(29 * 60)] == [0, 1]


@pytest.mark.parametrize("change", [{"status": "inactive"}, {"scheduleType": "manual"}])
def test_a_paused_or_manual_connection_never_fires(scheduled, change):
    mine, look = scheduled(**basic(1, "minutes"))
    mine.api.ok("connections/update", connectionId=mine.id, **change)
    assert [look(), look(60)] == [0, 0]


def test_a_connection_whose_job_runs_is_not_asked_again(serve, flow, clock):
    mine = flow(200, on=serve("2.0", clock=clock), interval=50)
    mine.api.ok("connections/update", connectionId=mine.id, **basic(1, "minutes"))
    schedules = Schedules()
    assert len(schedules.fire(mine.api.server.world)) == 1
    clock.now += 3_600
    assert schedules.fire(mine.api.server.world) == []


def test_a_schedule_that_cannot_be_read_stops_no_other(scheduled):
    mine, look = scheduled(**basic(1, "hours"))
    world = mine.api.server.world
    with world.store.transaction() as session:
        connection = session.connections.get(mine.id)
        for number, data in enumerate(
            (cron("0 0 * * * ?", "Mars/Olympus"), cron("0 */0 * * * ?"), cron("nonsense"))
        ):
            odd = {**connection.details, **data}
            session.connections.save(
                replace(connection, id=f"00000000-0000-0000-0000-00000000000{number}", details=odd)
            )
    assert [look(), look(3_600)] == [1, 1]


@pytest.mark.parametrize("units", [0, -5])
def test_a_pause_that_is_none_lasts_a_minute(scheduled, units):
    _, look = scheduled(**basic(units, "hours"))
    assert [look(), look(), look(59), look(1)] == [1, 0, 0, 1]


def test_a_schedule_goes_on_after_failures(serve, flow, clock):
    failing = {"type": "EXCEPTION_AFTER_N", "throw_after_n_records": 3}
    mine = flow(on=serve("2.0", clock=clock, retry_seconds=()), configuration=failing)
    mine.api.ok("connections/update", connectionId=mine.id, **basic(1, "hours"))
    schedules, statuses = Schedules(), []
    for _ in range(3):
        statuses += [mine.ended(job.id)["job"]["status"] for job in schedules.fire(mine.api.server.world)]
        clock.now += 3_600
    assert statuses == ["failed"] * 3


def test_a_schedule_that_is_changed_or_switched_off_while_it_is_due_does_not_fire(scheduled):
    mine, look = scheduled(**cron("0 0 * * * ?"))
    assert look() == 0
    mine.api.ok("connections/update", connectionId=mine.id, **cron("0 30 * * * ?"))
    assert look(3_600) == 0
    mine.api.ok("connections/update", connectionId=mine.id, status="inactive")
    assert look(3_600) == 0
    mine.api.ok("connections/update", connectionId=mine.id, status="active")
    assert [look(1_799), look(1), look(60)] == [0, 1, 0]


def test_a_clock_that_stood_still_fires_once_for_all_that_it_missed(scheduled):
    _, look = scheduled(**cron("0 0 * * * ?"))
    assert [look(), look(10 * 3_600), look(), look(3_600)] == [0, 1, 0, 1]


def test_a_look_at_schedules_reads_them_only_where_something_was_written(scheduled):
    mine, look = scheduled(**cron("0 0 0 1 1 ? 2090"))
    assert look() == 0
    with mine.api.server.world.store.transaction() as session:
        database = session.jobs._database
    asked = []
    database.set_trace_callback(asked.append)
    assert look(60) == 0
    database.set_trace_callback(None)
    assert asked == ["BEGIN", "COMMIT"]


def test_a_server_fires_by_itself_where_it_was_told_to(serve, flow):
    mine = flow(1, on=serve("2.0", schedules=True))
    mine.api.ok("connections/update", connectionId=mine.id, **basic(1, "hours"))
    deadline = time.monotonic() + 30
    while not (jobs := mine.api.ok("jobs/list", configTypes=["sync"])["jobs"]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert mine.ended(jobs[0]["job"]["id"])["job"]["status"] == "succeeded"
