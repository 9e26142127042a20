"""A schedule is compared by when it fires, and what Airbyte would not run is refused where it is declared."""

from __future__ import annotations

from typing import Any

import pytest
from dagster_managed_elements import DeclarationError
from dagster_managed_elements.airbyte import AirbyteSchedule
from dagster_managed_elements.airbyte.connection_fields import read_fields, refusals, written_fields

cron = AirbyteSchedule.cron


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("0 0 12 * * ?", "0 0 12 ? * *"),
        ("0 0 12 * * ?", "0  0 12 * * * UTC"),
        ("0 0 12 * * ?", "00 00 12 * * ? *"),
        ("0 0 12 * * ?", "0 12 * * *"),
        ("0 0 12 ? * MON-FRI", "0 0 12 ? * 2-6"),
        ("0 0 12 ? * MON-FRI", "0 0 12 ? * fri,thu,wed,tue,mon"),
        ("0 0 12 ? * MON-FRI", "0 12 * * 1-5"),
        ("0 0 12 ? * SUN", "0 12 * * 0"),
        ("0 0 12 ? * SUN", "0 12 * * 7"),
        ("0 0 12 ? * FRI-SUN", "0 12 * * 5-7"),
        ("0 0 12 ? * *", "0 12 * * 0-7"),
        ("0 0/15 * * * ?", "0 */15 * * * ?"),
        ("0 0,15,30,45 * * * ?", "0 /15 * * * ?"),
        ("0 0 12 1 JAN ?", "0 0 12 1 1 ?"),
        ("0 15 10 ? * FRI#3", "0 15 10 ? * 6#3"),
        ("0 15 10 ? * FRIL", "0 15 10 ? * 6L"),
        ("0 0 22-1 * * ?", "0 0 22,23,0,1 * * ?"),
        ("0 0 8-18/5 * * ?", "0 0 8,13,18 * * ?"),
    ],
)
def test_two_expressions_that_name_the_same_moments_are_equal(one: str, other: str) -> None:
    assert cron(one) == cron(other) == AirbyteSchedule.of_server(str(cron(other)))


@pytest.mark.parametrize(
    "other",
    [
        "1 0 12 ? * MON",
        "0 0 13 ? * MON",
        "0 0 12 ? * TUE",
        "0 0 12 ? 1 MON",
        "0 0 12 ? * MON 2030",
        "0 0 12 ? * MON#1",
        "0 0 12 ? * MONL",
        "0 0 12 L * ?",
        "0 0 12 LW * ?",
        "0 0 12 L-3 * ?",
        "0 0 12 15W * ?",
        "0 0 12 ? * MON Europe/Berlin",
    ],
)
def test_two_that_do_not_are_not(other: str) -> None:
    assert cron(other) != cron("0 0 12 ? * MON")
    assert cron(other) == cron(other)


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("", "it has 0 fields, and Airbyte wants six or seven, seconds first"),
        ("* * * *", "it has 4 fields"),
        ("0 0 12 * * ? 2030 9 9", "it has 8 fields"),
        ("0 0 25 * * ?", "'25' is no hour; they go from 0 to 23"),
        ("60 0 12 * * ?", "'60' is no second; they go from 0 to 59"),
        ("0 0 12 32 * ?", "'32' is no day of the month; they go from 1 to 31"),
        ("0 0 12 L-31 * ?", "'L-31' is no day of the month"),
        ("0 0 12 ? * MOO", "'MOO' is no day of the week"),
        ("0 0 12 ? * 8", "'8' is no day of the week; they go from 1 to 7"),
        ("0 0 12 * * ? 1960", "'1960' is no year; they go from 1970 to 2099"),
        ("0 0/0 * * * ?", "'0/0' is no minute"),
        ("0 0 12 ? * ?", "only one of them may be ?"),
        ("0 0 12 1 * MON", "one of them has to be ?"),
        ("*/5 * * * * *", "more than once a minute (the first of six fields is the second, five fields begin with"),
        ("* * * * * ?", "it fires more than once a minute"),
        ("0/30 * * * * ? 2030", "it fires more than once a minute"),
        ("0,59 0 12 * * ?", "it fires more than once a minute"),
        ("0 12 1 * 1", "in Unix means either, is nothing that Quartz can say"),
        ("0 12 * * FRI#3", "'FRI#3' is no day of the week of a Unix expression, which has five fields"),
    ],
)
def test_what_airbyte_would_not_run_is_refused_with_the_reason(expression: str, why: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        cron(expression)
    assert why in str(refused.value)


@pytest.mark.parametrize("zone", ["Etc/GMT+2", "etc/utc", "Nowhere/City", "+02:00", ""])
def test_a_time_zone_that_airbyte_does_not_know_is_refused(zone: str) -> None:
    with pytest.raises(DeclarationError, match="is no time zone that Airbyte knows"):
        cron("0 0 12 * * ?", zone)


def test_a_time_zone_is_told_once() -> None:
    assert cron("0 0 12 * * ? Europe/Berlin") == cron("0 0 12 * * ?", "Europe/Berlin")
    assert cron("0 0 12 * * ? Japan").time_zone == "Japan"
    with pytest.raises(DeclarationError, match="is in Europe/Berlin, and time_zone='Asia/Tokyo'"):
        cron("0 0 12 * * ? Europe/Berlin", "Asia/Tokyo")


@pytest.mark.parametrize(
    ("every", "unit", "why"),
    [(0, "hours", "every= wants"), (True, "hours", "every="), (1, "hour", "unit= is one of minutes, hours, days")],
)
def test_a_basic_schedule_is_every_so_many_of_a_unit(every: Any, unit: Any, why: str) -> None:
    assert str(AirbyteSchedule.basic(24)) == "every 24 hours"
    with pytest.raises(DeclarationError, match=why):
        AirbyteSchedule.basic(every, unit)


@pytest.mark.parametrize(
    ("schedule", "why"),
    [
        (
            AirbyteSchedule.basic(24, "hours"),
            "takes no basic schedule; use AirbyteSchedule.cron, or the Config API, which Airbyte Cloud has not",
        ),
        (cron("0 0 3 * * ?", "Europe/Berlin"), "takes cron expressions in UTC alone, not in Europe/Berlin"),
        (cron("30/30 0 3 * * ?"), "takes a plain number for the seconds of a cron expression"),
        (cron("0 */5 3 * * ? 2030"), "takes a plain number for the seconds and minutes"),
        (cron("0 */5 3 * * ?"), None),
        (cron("0 5 3 * * ? 2030"), None),
        (AirbyteSchedule.manual(), None),
    ],
)
def test_what_the_public_api_cannot_be_sent_is_refused_there(schedule: AirbyteSchedule, why: str | None) -> None:
    assert refusals({"schedule": schedule}, "config") == {}
    said = refusals({"schedule": schedule}, "public")
    assert (said == {}) == (why is None)
    assert (why or "") in said.get("schedule", "")


@pytest.mark.parametrize(
    "schedule", [AirbyteSchedule.manual(), AirbyteSchedule.basic(6, "days"), cron("0 0 3 ? * 2", "Asia/Tokyo")]
)
def test_the_config_api_reads_what_it_wrote(schedule: AirbyteSchedule) -> None:
    assert read_fields(written_fields({"schedule": schedule}, "config"), "at", "config")["schedule"] == schedule


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ({"scheduleType": "basic", "basicTiming": "Every 24 HOURS"}, "every 24 hours"),
        ({"scheduleType": "cron", "cronExpression": "0 0 3 * * ? UTC"}, "0 0 3 * * ? UTC"),
        ({"scheduleType": "cron", "cronExpression": "0 0 3 * * ?"}, "0 0 3 * * ? UTC"),
        ({"scheduleType": "cron", "cronExpression": "0 3 * * * Asia/Tokyo"}, "0 3 * * * Asia/Tokyo"),
        ({"scheduleType": "cron", "cronExpression": "whenever it rains"}, "whenever it rains UTC"),
        ({"scheduleType": "cron", "cronExpression": "*/5 * * * * ? UTC"}, "*/5 * * * * ? UTC"),
        ({"scheduleType": "manual"}, "manual"),
    ],
)
def test_what_the_public_api_shows_is_read_whatever_it_is(answer: dict[str, str], shown: str) -> None:
    assert str(read_fields({"schedule": answer}, "at", "public")["schedule"]) == shown


def test_an_older_server_has_a_basic_schedule_in_the_older_word() -> None:
    answer = {"schedule": {"units": 1, "timeUnit": "hours"}}
    assert str(read_fields(answer, "at", "config")["schedule"]) == "every 1 hours"


@pytest.mark.parametrize("made", [{"kind": "hourly"}, {"kind": "cron", "text": "never checked"}])
def test_a_schedule_is_made_by_one_of_its_three(made: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError, match=r"is made by manual\(\), basic\(...\) or cron\(...\)"):
        AirbyteSchedule(**made)
