"""Which schedules are taken, which are refused, and with which of the vendor's statuses."""

from __future__ import annotations

import pytest
from airbyte_local.model.errors import Problem
from airbyte_local.model.schedules import check_cron


def cron(expression, zone="UTC"):
    return {"scheduleType": "cron", "scheduleData": {"cron": {"cronExpression": expression, "cronTimeZone": zone}}}


def basic(units, unit):
    return {"scheduleType": "basic", "scheduleData": {"basicSchedule": {"units": units, "timeUnit": unit}}}


@pytest.mark.parametrize(
    "expression",
    [
        "0 0 0 * * ?",
        "0 0/15 * * * ?",
        "0 30 10-13 ? * WED,FRI",
        "0 0 12 1/5 * ? 2027",
        "0 15 10 L * ?",
        "0 15 10 ? * 6#3",
        "0 0 8 LW JAN-MAR ?",
        "5,5 * * * * *",
        "0 0 0 ? * FRI#3",
        "0 0 0 ? * monL",
        "0 0 0 L-30 * ?",
        "59/59 0 0 31W 12 ? 2099",
    ],
)
def test_what_quartz_takes_is_taken(expression):
    check_cron(expression, "Europe/Berlin")


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("0 0 * * *", "Cron expression contains 5 parts but we expect one of [6, 7]"),
        ("", "contains 0 parts"),
        ("0 0 25 * * ?", "Failed to parse hours '25'"),
        ("0 0 0 ? FOO *", "Failed to parse month"),
        ("0 0/x * * * ?", "Failed to parse minutes"),
        ("0 0 0 1 * 2", "one of them must be ?"),
        ("0 */0 * * * ?", "Failed to parse minutes '*/0'"),
        ("0 */60 * * * ?", "Failed to parse minutes '*/60'"),
        ("0 ²/5 * * * ?", "Failed to parse minutes"),
        ("0 *-5 * * * ?", "Failed to parse minutes '*-5'"),
        ("0 1,,2 * * * ?", "Failed to parse minutes"),
        ("0 0 0 6L * ?", "Failed to parse day of month '6L'"),
        ("0 0 0 6#3 * ?", "Failed to parse day of month"),
        ("0 0 0 0W * ?", "Failed to parse day of month"),
        ("0 0 0 32W * ?", "Failed to parse day of month"),
        ("0 0 0 ? * 15W", "Failed to parse day of week"),
        ("0 0 0 ? * LW", "Failed to parse day of week"),
        ("*/5 * * * * *", "Cron executions must be at least 1 minute apart"),
        ("0,59 0 12 * * ?", "at least 1 minute apart"),
        ("0 0 0 ? * 8L", "Failed to parse day of week"),
    ],
)
def test_what_quartz_refuses_is_a_problem_that_says_why(expression, said):
    with pytest.raises(Problem) as caught:
        check_cron(expression, "UTC")
    assert (caught.value.status, caught.value.type) == (400, "error:cron-validation/invalid-expression")
    assert said in caught.value.data["validationErrorMessage"]


@pytest.mark.parametrize("zone", ["Etc/UTC", "Mars/Olympus"])
def test_a_zone_that_the_vendor_does_not_take_is_a_problem(zone):
    with pytest.raises(Problem) as caught:
        check_cron("0 0 0 * * ?", zone)
    assert caught.value.type == "error:cron-validation/invalid-timezone"


def test_each_kind_of_schedule_comes_back_as_it_was_given(api):
    for given in (cron("0 0 0 * * ?"), basic(24, "hours")):
        made = api.connection(**given)
        assert {"scheduleType": made["scheduleType"], "scheduleData": made["scheduleData"]} == given
    assert made["schedule"] == {"units": 24, "timeUnit": "hours"}
    assert "scheduleData" not in api.connection(scheduleType="manual")


def test_the_old_schedule_is_taken_at_create_and_means_a_basic_one(api):
    made = api.connection(schedule={"units": 6, "timeUnit": "hours"})
    assert (made["scheduleType"], made["scheduleData"]) == ("basic", basic(6, "hours")["scheduleData"])


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({**cron("0 0 0 * * ?"), "schedule": {"units": 1, "timeUnit": "hours"}}, 422),
        ({"scheduleType": "cron"}, 422),
        ({"scheduleType": "basic", "scheduleData": cron("0 0 0 * * ?")["scheduleData"]}, 422),
        (cron("0 0 * * *"), 400),
        (cron("* * * * * ?"), 400),
        (basic(1, "fortnights"), 400),
    ],
)
def test_a_schedule_that_does_not_go_together_is_refused_at_create(api, given, status):
    ends = {"sourceId": api.source()["sourceId"], "destinationId": api.destination()["destinationId"]}
    api.refused(status, "connections/create", {**ends, "status": "active", **given})


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"schedule": {"units": 1, "timeUnit": "hours"}}, 500),
        ({"scheduleData": cron("0 0 0 * * ?")["scheduleData"]}, 500),
        ({**cron("0 0 0 * * ?"), "scheduleType": "manual"}, 500),
        ({"scheduleType": "basic"}, 500),
        (cron("nonsense"), 400),
        (cron("0/30 * * * * ?"), 400),
    ],
)
def test_an_update_has_traps_of_its_own(api, given, status):
    made = api.connection()
    api.refused(status, "connections/update", {"connectionId": made["connectionId"], **given})


@pytest.mark.parametrize(("version", "status"), [("0.50", 200), ("1.5", 400)])
def test_more_than_once_a_minute_is_refused_since_1_5(serve, version, status):
    api = serve(version)
    made = api.connection()
    asked = {"connectionId": made["connectionId"], **cron("*/5 * * * * ?")}
    assert api.ask("connections/update", asked).status == status


def test_a_change_to_manual_forgets_the_schedule_before(api):
    made = api.connection(**cron("0 0 0 * * ?"))
    changed = api.ok("connections/update", connectionId=made["connectionId"], scheduleType="manual")
    assert "scheduleData" not in changed


def test_a_problem_carries_nulls_and_data(api):
    made = api.connection()
    problem = api.refused(400, "connections/update", {"connectionId": made["connectionId"], **cron("bad")})
    assert problem["documentationUrl"] is None
    assert problem["data"]["cronExpression"] == "bad"
    assert {"status", "type", "title", "detail"} <= set(problem)
