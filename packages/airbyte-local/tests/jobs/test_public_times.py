"""Java's way to write a moment and a duration."""

from __future__ import annotations

import pytest
from airbyte_local.public_api.jobs import java_duration, java_time


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "PT0S"), (12, "PT12S"), (60, "PT1M"), (3601, "PT1H1S"), (29172, "PT8H6M12S"), (90000, "PT25H")],
)
def test_a_duration_has_no_unit_that_is_zero(seconds, expected):
    assert java_duration(seconds) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(1767225600, "2026-01-01T00:00Z"), (1767225601, "2026-01-01T00:00:01Z")]
)
def test_a_moment_has_no_seconds_where_they_are_zero(seconds, expected):
    assert java_time(seconds) == expected
