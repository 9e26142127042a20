"""When Quartz expressions fire, against its own manual and the calendar."""

from __future__ import annotations

from datetime import datetime, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from airbyte_local.model.schedules import Quartz, reason_against
from hypothesis import given, settings
from hypothesis import strategies as st

START = datetime(2026, 11, 22, 18, 30, 15, tzinfo=timezone.utc)  # a Sunday


def following(expression, zone="UTC", count=1, start=START):
    assert reason_against(expression) is None
    moment, found = start.timestamp(), []
    for _ in range(count):
        moment = Quartz(expression).next_after(moment, zone)
        assert moment is not None
        found.append(f"{datetime.fromtimestamp(moment, ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}")
    return found


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0 0 0 * * ?", ["2026-11-23 00:00:00", "2026-11-24 00:00:00"]),
        ("0 0 12 ? * WED", ["2026-11-25 12:00:00", "2026-12-02 12:00:00"]),
        ("0 */15 * * * ?", ["2026-11-22 18:45:00", "2026-11-22 19:00:00"]),
        ("0 5/20 18 * * ?", ["2026-11-22 18:45:00", "2026-11-23 18:05:00"]),
        ("30 0 9-17 ? * MON-FRI", ["2026-11-23 09:00:30", "2026-11-23 10:00:30"]),
        ("0 0 6 L * ?", ["2026-11-30 06:00:00", "2026-12-31 06:00:00"]),
        ("0 0 6 L-3 * ?", ["2026-11-27 06:00:00", "2026-12-28 06:00:00"]),
        ("0 0 6 LW * ?", ["2026-11-30 06:00:00", "2026-12-31 06:00:00"]),
        ("0 0 6 15W * ?", ["2026-12-15 06:00:00", "2027-01-15 06:00:00"]),
        ("0 0 6 1W * ?", ["2026-12-01 06:00:00", "2027-01-01 06:00:00"]),
        ("0 0 6 ? * 6L", ["2026-11-27 06:00:00", "2026-12-25 06:00:00"]),
        ("0 0 6 ? * 6#3", ["2026-12-18 06:00:00", "2027-01-15 06:00:00"]),
        ("0 0 6 ? * FRI#3", ["2026-12-18 06:00:00", "2027-01-15 06:00:00"]),
        ("0 0 6 ? * SUNL", ["2026-11-29 06:00:00", "2026-12-27 06:00:00"]),
        ("0 0 0 ? FEB SUN#5 2032/2", ["2032-02-29 00:00:00", "2060-02-29 00:00:00"]),
        ("0 0 0 1 JAN ? 2099", ["2099-01-01 00:00:00"]),
        ("* * * * * ?", ["2026-11-22 18:30:16", "2026-11-22 18:30:17"]),
        ("59 59 23 31 12 ?", ["2026-12-31 23:59:59", "2027-12-31 23:59:59"]),
        ("0 0 6 ? * 1", ["2026-11-29 06:00:00", "2026-12-06 06:00:00"]),
        ("0 0 6 ? * FRI-MON", ["2026-11-23 06:00:00", "2026-11-27 06:00:00"]),
        ("0 0 22-2/2 * * ?", ["2026-11-22 22:00:00", "2026-11-23 00:00:00"]),
        ("0 0 0 29 2 ?", ["2028-02-29 00:00:00", "2032-02-29 00:00:00"]),
        ("0 0 0 1 JAN ? 2030", ["2030-01-01 00:00:00"]),
        ("0 0 0 1,15 * ?", ["2026-12-01 00:00:00", "2026-12-15 00:00:00"]),
    ],
)
def test_an_expression_fires_when_its_manual_says(expression, expected):
    assert following(expression, count=len(expected)) == expected


@pytest.mark.parametrize("expression", ["0 0 0 1 1 ? 2020", "0 0 0 31 2 ?", "0 0 0 ? FEB MON#5 2027"])
def test_what_never_comes_again_is_nothing(expression):
    assert Quartz(expression).next_after(START.timestamp(), "UTC") is None


def test_the_hour_is_that_of_the_zone_through_a_change_of_the_clock():
    start = datetime(2026, 10, 23, 12, tzinfo=timezone.utc)
    found = following("0 0 9 * * ?", "Europe/Berlin", 3, start)
    assert found == ["2026-10-24 09:00:00", "2026-10-25 09:00:00", "2026-10-26 09:00:00"]


def test_an_hour_that_the_clock_skips_is_made_up_for_and_fires_once():
    start = datetime(2026, 3, 28, 12, tzinfo=timezone.utc)
    assert following("0 30 2 * * ?", "Europe/Berlin", 2, start) == ["2026-03-29 03:30:00", "2026-03-30 02:30:00"]


@pytest.mark.parametrize(
    ("expression", "zone", "start", "expected"),
    [
        # Put back from 3 to 2 o'clock: every hour comes twice by name, a night's work once.
        ("0 0 * * * ?", "Europe/Berlin", (2026, 10, 24, 23), ["02 +0200", "02 +0100", "03 +0100"]),
        ("0 30 2 * * ?", "Europe/Berlin", (2026, 10, 24, 22), ["02 +0200", "02 +0100"]),
        # Put forward from 2 to 3 o'clock
        ("0 0 * * * ?", "Europe/Berlin", (2026, 3, 28, 23, 30), ["01 +0100", "03 +0200", "04 +0200"]),
        # At midnight, and by half an hour
        ("0 0 0 * * ?", "America/Asuncion", (2023, 9, 30, 12), ["01 -0300", "00 -0300"]),
        ("0 0 * * * ?", "Australia/Lord_Howe", (2026, 4, 4, 14), ["02 +1030", "03 +1030"]),
    ],
)
def test_a_change_of_the_clock_neither_loses_nor_doubles_a_time(expression, zone, start, expected):
    moment = datetime(*start, tzinfo=timezone.utc).timestamp()
    found = []
    for _ in expected:
        moment = Quartz(expression).next_after(moment, zone)
        found.append(f"{datetime.fromtimestamp(moment, ZoneInfo(zone)):%H %z}")
    assert found == expected


SPAN = st.sampled_from(
    ["*", "?", "", "0", "1", "07", "5-10", "22-2", "MON", "FRI-MON", "JAN", "L", "LW", "W", "15W"]
)
STEP = st.sampled_from(["", "", "/0", "/5", "/59", "/x", "L", "#3", "-3", "/"])
PIECES = st.lists(st.tuples(SPAN, STEP).map("".join), min_size=1, max_size=2).map(",".join)


@given(st.lists(PIECES, min_size=6, max_size=7).map(" ".join))
@settings(max_examples=100)
def test_what_is_taken_can_be_told_when_it_fires(expression):
    if reason_against(expression) is None:
        found = Quartz(expression).next_after(START.timestamp(), "America/New_York")
        assert found is None or found > START.timestamp()


PART = st.sampled_from(["*", "0", "7", "*/7", "3-9", "9-3", "1,5", "2/4"])


@given(PART, PART, st.sampled_from(["*", "1", "L", "1-7", "15W", "LW"]), st.sampled_from(["UTC", "Asia/Kolkata"]))
def test_every_time_comes_after_the_one_before(minutes, hours, day, zone):
    moments = [START.timestamp()]
    for _ in range(5):
        found = Quartz(f"0 {minutes} {hours} {day} * ?").next_after(moments[-1], zone)
        assert found is not None
        moments.append(found)
    assert all(before < after for before, after in pairwise(moments))
