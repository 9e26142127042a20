"""When a Quartz expression fires next. Pure.

What it may say: https://www.quartz-scheduler.org/documentation/quartz-2.3.0/tutorials/crontrigger.html. Expressions
come here after `schedules.reason_against` found nothing against them.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from airbyte_local.schedules import PARTS

DAYS_AHEAD = 366 * 9
"""How far is looked: past the next 29th of February, also around a year that is no leap year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quartz:
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    day_of_month: str
    months: frozenset[int]
    day_of_week: str
    years: frozenset[int]

    def next_after(self, moment: float, zone: str) -> float | None:
        """The first time after *moment*, both in seconds since 1970; None where there is none for years."""
        here = ZoneInfo(zone)
        start = datetime.fromtimestamp(moment, here)
        for ahead in range(DAYS_AHEAD):
            day = start.date() + timedelta(days=ahead)
            if not self._on(day):
                continue
            for at in self._times():
                found = datetime.combine(day, at, here).astimezone(timezone.utc).timestamp()
                if found > moment:
                    return found
        return None

    def _on(self, day: date) -> bool:
        return (
            day.year in self.years
            and day.month in self.months
            and any(_in_month(piece, day) for piece in self.day_of_month.split(","))
            and any(_in_week(piece, day) for piece in self.day_of_week.split(","))
        )

    def _times(self) -> Iterator[time]:
        for hour in self.hours:
            for minute in self.minutes:
                for second in self.seconds:
                    yield time(hour, minute, second)


def quartz(expression: str) -> Quartz:
    parts = expression.upper().split()
    texts = [*parts, "*"][:7]
    return Quartz(
        seconds=_numbers(texts, 0),
        minutes=_numbers(texts, 1),
        hours=_numbers(texts, 2),
        day_of_month=texts[3],
        months=frozenset(_numbers(texts, 4)),
        day_of_week=texts[5],
        years=frozenset(_numbers(texts, 6)),
    )


def _numbers(texts: list[str], part: int) -> tuple[int, ...]:
    found = {number for piece in texts[part].split(",") for number in _piece(piece, part)}
    return tuple(sorted(found))


def _piece(piece: str, part: int) -> Iterator[int]:
    """`*`, `?`, `5`, `5-10`, `22-2` around the end, `*/15`, `5/15`, `MON-FRI`."""
    _, low, high, names = PARTS[part]
    span, slash, step = piece.partition("/")
    if span in {"*", "?", ""}:
        first, last = low, high
    else:
        ends = [names.index(end) + low if end in names else int(end) for end in span.split("-")]
        first, last = ends[0], ends[-1] if len(ends) > 1 or not slash else high
    count = (last - first) % (high - low + 1) + 1 if last < first else last - first + 1
    for ahead in range(0, count, int(step) if slash else 1):
        yield (first - low + ahead) % (high - low + 1) + low


def _in_month(piece: str, day: date) -> bool:
    """`L` the last day, `L-3` three before it, `15W` the weekday nearest to the 15th, `LW` the last weekday."""
    last = calendar.monthrange(day.year, day.month)[1]
    if before := re.fullmatch(r"L(?:-(\d+))?", piece):
        return day.day == last - int(before[1] or 0)
    if nearest := re.fullmatch(r"(L|\d{1,2})W", piece):
        wanted = last if nearest[1] == "L" else min(int(nearest[1]), last)
        return day.day == _weekday_nearest(day.replace(day=wanted), last)
    return day.day in _piece(piece, 3)


def _weekday_nearest(day: date, last: int) -> int:
    """Within the month: the 1st, a Saturday, goes to the 3rd."""
    match day.weekday():
        case calendar.SATURDAY:
            return day.day - 1 if day.day > 1 else day.day + 2
        case calendar.SUNDAY:
            return day.day + 1 if day.day < last else day.day - 2
        case _:
            return day.day


def _in_week(piece: str, day: date) -> bool:
    """1 is Sunday. `L` Saturday, `6L` the last Friday of the month, `6#3` its third Friday."""
    number = day.isoweekday() % 7 + 1
    if piece == "L":
        return number == 7
    if last := re.fullmatch(r"([1-7])L", piece):
        return number == int(last[1]) and (day + timedelta(days=7)).month != day.month
    if nth := re.fullmatch(r"([1-7])#([1-5])", piece):
        return number == int(nth[1]) and (day.day - 1) // 7 + 1 == int(nth[2])
    return number in _piece(piece, 5)
