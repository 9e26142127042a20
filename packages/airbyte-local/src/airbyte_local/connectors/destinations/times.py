"""Dates and times of JSON, which are texts, as texts that every database reads: ISO 8601, to the microsecond.

A date-time without a zone is in UTC; where a column has no zone, the zone of a value goes and its clock stays, as
with the vendor's destinations. Years 1 to 9999.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from functools import wraps

from airbyte_local.connectors.destinations.encoding import Misfit

CLOCK = r"(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(Z|z|UTC|[+-]\d\d(?::?\d\d)?)?"
TIMESTAMP = re.compile(rf"(\d{{4}})-(\d\d)-(\d\d)(?:[Tt ]{CLOCK})?")
TIME = re.compile(CLOCK)
MIDNIGHT = time()


def _refusing(what: str) -> Callable[[Callable[[str], str]], Callable[[str], str]]:
    """A text that cannot be parsed is a Misfit: no *what*."""

    def decorate(parse: Callable[[str], str]) -> Callable[[str], str]:
        @wraps(parse)
        def parsed(value: str) -> str:
            try:
                return parse(value)
            except (ValueError, OverflowError) as error:
                raise Misfit(f"a text that is no {what}") from error

        return parsed

    return decorate


@_refusing("date")
def date_text(value: str) -> str:
    """A date-time is taken for its date where nothing is lost by it: at midnight."""
    found = _timestamp(value)
    if found.time() != MIDNIGHT:
        raise Misfit("a text that has a time of day")
    return date.isoformat(found)


@_refusing("date-time")
def timestamp_text(value: str) -> str:
    return _timestamp(value).replace(tzinfo=None).isoformat()


@_refusing("date-time")
def utc_text(value: str) -> str:
    """In UTC and without saying so: sessions and columns here are in UTC."""
    found = _timestamp(value)
    if len(value) == 20 and value[7] == "-" and value[10] == "T" and value[13] == ":" and value[19] == "Z":
        return value[:19]  # 2024-01-31T10:00:00Z, as most sources write them
    return (found.astimezone(timezone.utc) if found.tzinfo else found).replace(tzinfo=None).isoformat()


@_refusing("time")
def time_text(value: str) -> str:
    return _time(value).replace(tzinfo=None).isoformat()


@_refusing("time")
def zoned_time_text(value: str) -> str:
    found = _time(value)
    return (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).isoformat()


def _timestamp(value: str) -> datetime:
    try:
        return datetime.fromisoformat(value)  # reads next to everything from Python 3.11 on, and fast
    except ValueError:
        if not (found := TIMESTAMP.fullmatch(value.strip())):
            raise
    day = [int(part) for part in found.groups()[:3]]
    return datetime(*day, *_clock(found.groups()[3:]), tzinfo=_zone(found.groups()[7]))  # type: ignore[misc]


def _time(value: str) -> time:
    try:
        return time.fromisoformat(value)
    except ValueError:
        if not (found := TIME.fullmatch(value.strip())):
            raise
    return time(*_clock(found.groups()), tzinfo=_zone(found.groups()[4]))


def _clock(parts: tuple[str | None, ...]) -> tuple[int, int, int, int]:
    hour, minute, second, fraction = parts[:4]
    return int(hour or 0), int(minute or 0), int(second or 0), int(((fraction or "") + "000000")[:6])


def _zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text[0] not in "+-":
        return timezone.utc
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return timezone(-offset if text[0] == "-" else offset)
