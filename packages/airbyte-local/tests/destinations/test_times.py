"""Dates and times in all the ways in which sources write them."""

from __future__ import annotations

import datetime as dt
import sys

import pytest
from airbyte_local.connectors.destinations.encoding import Misfit
from airbyte_local.connectors.destinations.times import (
    date_text,
    time_text,
    timestamp_text,
    utc_text,
    zoned_time_text,
)
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("given", "utc", "local"),
    [
        ("2024-01-31T10:00:00Z", "2024-01-31T10:00:00", "2024-01-31T10:00:00"),
        ("2024-01-31T10:00:00z", "2024-01-31T10:00:00", "2024-01-31T10:00:00"),
        ("2024-01-31 10:00:00", "2024-01-31T10:00:00", "2024-01-31T10:00:00"),
        ("2024-01-31T10:00:00+02:00", "2024-01-31T08:00:00", "2024-01-31T10:00:00"),
        ("2024-01-31T10:00:00-0230", "2024-01-31T12:30:00", "2024-01-31T10:00:00"),
        ("2024-01-31T10:00:00+02", "2024-01-31T08:00:00", "2024-01-31T10:00:00"),
        ("2024-01-31 10:00:00 UTC", "2024-01-31T10:00:00", "2024-01-31T10:00:00"),
        ("2024-01-31T10:00", "2024-01-31T10:00:00", "2024-01-31T10:00:00"),
        ("2024-01-31T10:00:00.5Z", "2024-01-31T10:00:00.500000", "2024-01-31T10:00:00.500000"),
        ("2024-01-31T10:00:00.123456789Z", "2024-01-31T10:00:00.123456", "2024-01-31T10:00:00.123456"),
        ("2024-01-31T10:00:00,25+00:00", "2024-01-31T10:00:00.250000", "2024-01-31T10:00:00.250000"),
        ("2024-01-31", "2024-01-31T00:00:00", "2024-01-31T00:00:00"),
        (" 2024-01-31T10:00:00Z ", "2024-01-31T10:00:00", "2024-01-31T10:00:00"),
    ],
)
def test_a_date_time(given, utc, local):
    assert (utc_text(given), timestamp_text(given)) == (utc, local)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python reads these from 3.11 on")
@pytest.mark.parametrize("given", ["2024-W05-3T10:00:00Z", "2024-01-31T100000.0Z", "20240131T100000Z"])
def test_a_date_time_in_a_rarer_form_of_the_standard(given):
    assert utc_text(given) == "2024-01-31T10:00:00"


@pytest.mark.parametrize(
    "given",
    [
        "",
        "soon",
        "0000-00-00",
        "0000-00-00T00:00:00Z",
        "2024-02-30",
        "2024-01-31T25:00:00Z",
        "10000-01-01",
        "31.1.2024",
    ],
)
def test_no_date_time(given):
    for parse in (utc_text, timestamp_text, date_text):
        with pytest.raises(Misfit):
            parse(given)


def test_beyond_the_first_and_the_last_year_there_is_no_time():
    for text in ("0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"):
        with pytest.raises(Misfit):
            utc_text(text)


def test_a_date_may_come_with_midnight():
    assert date_text("2024-01-31T00:00:00Z") == date_text("2024-01-31") == "2024-01-31"
    with pytest.raises(Misfit):
        date_text("2024-01-31T00:00:01Z")


@pytest.mark.parametrize(
    ("given", "zoned", "plain"),
    [
        ("10:30:00", "10:30:00+00:00", "10:30:00"),
        ("10:30", "10:30:00+00:00", "10:30:00"),
        ("10:30:00Z", "10:30:00+00:00", "10:30:00"),
        ("10:30:00+05:30", "10:30:00+05:30", "10:30:00"),
        ("10:30:00.5-0800", "10:30:00.500000-08:00", "10:30:00.500000"),
    ],
)
def test_a_time(given, zoned, plain):
    assert (zoned_time_text(given), time_text(given)) == (zoned, plain)


@pytest.mark.parametrize("given", ["", "noon", "25:00:00", "10:61", "2024-01-31T10:00:00Z"])
def test_no_time(given):
    for parse in (time_text, zoned_time_text):
        with pytest.raises(Misfit):
            parse(given)


ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))


@given(moment=st.datetimes(dt.datetime(2, 1, 1), dt.datetime(9998, 1, 1), timezones=ZONES))  # noqa: DTZ001
def test_every_moment_is_itself_in_utc(moment):
    assert dt.datetime.fromisoformat(utc_text(moment.isoformat())).replace(tzinfo=dt.timezone.utc) == moment
    assert dt.datetime.fromisoformat(timestamp_text(moment.isoformat())) == moment.replace(tzinfo=None)
