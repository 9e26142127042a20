"""Values in words."""

from __future__ import annotations

import pytest
from airbyte_local.pages import wording

DAY = 86400


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "just now"),
        (4, "just now"),
        (5, "5 seconds ago"),
        (60, "1 minute ago"),
        (199, "3 minutes ago"),
        (3600, "1 hour ago"),
        (2 * DAY - 1, "1 day ago"),
        (45 * DAY, "1 month ago"),
        (800 * DAY, "2 years ago"),
        (-90, "in 1 minute"),
    ],
)
def test_a_time_is_told_by_how_long_ago_it_is(seconds, said):
    assert wording.ago(2_000_000_000 - seconds, 2_000_000_000) == said


def test_a_time_is_told_exactly_for_people_and_for_machines():
    assert wording.exact(1_700_000_000) == "2023-11-14 22:13:20 UTC"
    assert wording.machine(1_700_000_000) == "2023-11-14T22:13:20Z"
    assert wording.clock(1_700_000_000_042) == "22:13:20.042"


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_999, "1.0 MB"),
        (3e15, "3,000.0 TB"),
    ],
)
def test_a_size_is_told_in_powers_of_ten(length, said):
    assert wording.size(int(length)) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 s"), (59, "59 s"), (125, "2 min 05 s"), (3_720, "1 h 02 min"), (-3, "0 s")]
)
def test_a_duration_is_told_in_its_two_largest_units(seconds, said):
    assert wording.duration(seconds) == said


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("0 0 12 * * ?", "At 12:00"),
        ("0 5 6 ? * MON-FRI", "At 06:05, Monday through Friday"),
        ("0 0 6 ? * 2", "At 06:00, only on Monday"),
        ("0 0 6 ? * 6#3", "At 06:00, on the third Friday of the month"),
        ("0 0 6 1 * ?", "At 06:00, on day 1 of the month"),
        ("0 0 12 L * ?", "At 12:00, on the last day of the month"),
        ("0 0 12 15W * ?", "At 12:00, on the weekday nearest day 15 of the month"),
        ("0 0/15 * * * ?", "Every 15 minutes"),
        ("0 30 * * * ?", "At 30 minutes past the hour"),
        ("0 0 */6 * * ?", "Every 6 hours"),
        ("0 0 6 ? * L", "Cron 0 0 6 ? * L"),
        ("nonsense", "Cron nonsense"),
    ],
)
def test_a_cron_expression_is_told_in_words_or_as_it_is(expression, said):
    assert wording.cron_words(expression) == said


@pytest.mark.parametrize(
    ("details", "said"),
    [
        ({"scheduleType": "manual"}, "Manual"),
        (
            {"scheduleType": "basic", "scheduleData": {"basicSchedule": {"timeUnit": "hours", "units": 1}}},
            "Every hour",
        ),
        (
            {"scheduleType": "basic", "scheduleData": {"basicSchedule": {"timeUnit": "days", "units": 3}}},
            "Every 3 days",
        ),
        (
            {
                "scheduleType": "cron",
                "scheduleData": {"cron": {"cronExpression": "0 0 1 L * ?", "cronTimeZone": "UTC"}},
            },
            "At 01:00, on the last day of the month (UTC)",
        ),
    ],
)
def test_a_schedule_is_told_in_words(details, said):
    assert wording.schedule(details) == said


def test_a_sync_mode_that_nobody_knows_is_told_as_it_is():
    assert wording.sync_mode({"syncMode": "incremental", "destinationSyncMode": "append_dedup"}) == (
        "Incremental, append + deduped"
    )
    assert wording.sync_mode({"syncMode": "x", "destinationSyncMode": "y"}) == "x, y"
