"""Schedules as the vendor checks them, and when a Quartz expression fires next. Pure.

What an expression may say: https://www.quartz-scheduler.org/documentation/quartz-2.3.0/tutorials/crontrigger.html.
"""

from __future__ import annotations

import calendar
import functools
import itertools
import re
import zoneinfo
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from airbyte_local.model.errors import Broken, configuration_invalid, named_problem
from airbyte_local.model.json_values import Json, bean, shape

ONE_DAY = timedelta(days=1)
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
# (name, lowest, highest, names) of each part of a Quartz expression
PARTS = (
    ("seconds", 0, 59, ()),
    ("minutes", 0, 59, ()),
    ("hours", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, MONTHS),
    ("day of week", 1, 7, DAYS),
    ("year", 1970, 2099, ()),
)
NUMBERED = r"0?[1-9]|[12]\d|3[01]"
OF_DAYS = {
    3: re.compile(rf"L|LW|L-(?:[1-9]|[12]\d|30)|(?:{NUMBERED})W"),  # in the month: `L`, `L-3`, `LW`, `15W`
    5: re.compile(rf"L|(?:[1-7]|{'|'.join(DAYS)})(?:L|#[1-5])"),  # in the week: `L`, `6L`, `FRI#3`
}
UNITS = "minutes|hours|days|weeks|months"
SCHEDULE_DATA = {
    "basicSchedule": shape(f"timeUnit!: {UNITS}, units!: whole"),
    "cron": shape("cronExpression!: text, cronTimeZone!: text"),
}


class Quartz:
    """An expression that there is no `reason_against`."""

    def __init__(self, expression: str) -> None:
        texts = [text.split(",") for text in [*expression.upper().split(), "*"][:7]]
        self.seconds, self._minutes, self._hours, self._months, self._years = (
            sorted({number for piece in texts[part] for number in _piece(piece, part)}) for part in (0, 1, 2, 4, 6)
        )
        self._days_of_month, self._days_of_week = texts[3], texts[5]

    def next_after(self, moment: float, zone: str) -> float | None:
        """The first time after *moment*, both in seconds since 1970; None: it never fires again.

        A time that the clock skips comes as much later as it skips. Where the clock is put back, what fires in
        every hour fires in both of the hours that are called the same, and all else in the first.
        """
        here = ZoneInfo(zone)
        for day in self._days(datetime.fromtimestamp(moment, here).date()):
            midnight, following = (datetime.combine(start, time(), here) for start in (day, day + ONE_DAY))
            if midnight.utcoffset() == following.utcoffset():
                second = self._second_after(moment - midnight.timestamp())
                found = None if second is None else midnight.timestamp() + second
            else:
                found = min((at for at in self._around_a_change(day, here) if at > moment), default=None)
            if found is not None:
                return found
        return None

    def _days(self, first: date) -> Iterator[date]:
        for year in self._years:
            for month in self._months:
                if (year, month) < (first.year, first.month):
                    continue
                for number in range(1, calendar.monthrange(year, month)[1] + 1):
                    day = date(year, month, number)
                    in_month = day >= first and any(_in_month(piece, day) for piece in self._days_of_month)
                    if in_month and any(_in_week(piece, day) for piece in self._days_of_week):
                        yield day

    def _second_after(self, second: float) -> int | None:
        """Of a day of twenty-four hours."""
        for hour in self._hours:
            for minute in self._minutes if (hour + 1) * 3600 > second else ():
                begun = hour * 3600 + minute * 60
                for offset in self.seconds if begun + 60 > second else ():
                    if begun + offset > second:
                        return begun + offset
        return None

    def _around_a_change(self, day: date, here: ZoneInfo) -> Iterator[float]:
        for hour, minute, second in itertools.product(self._hours, self._minutes, self.seconds):
            first = datetime.combine(day, time(hour, minute, second), here)
            again = first.replace(fold=1)
            yield first.timestamp()
            if len(self._hours) == 24 and again.timestamp() > first.timestamp():
                yield again.timestamp()


def reason_against(expression: str) -> str | None:
    """What Quartz would say; None where it takes the expression."""
    parts = expression.split()
    if len(parts) not in {6, 7}:
        return f"Cron expression contains {len(parts)} parts but we expect one of [6, 7]"
    for part, text in enumerate(parts):
        if not all(_fits(piece, part) for piece in text.upper().split(",")):
            return f"Failed to parse {PARTS[part][0]} '{text}'"
    if "?" not in (parts[3], parts[5]) and parts[3] != "*" and parts[5] != "*":
        return "Both, a day of month and a day of week, are given: one of them must be ?"
    return None


def _fits(piece: str, part: int) -> bool:
    if part in OF_DAYS and OF_DAYS[part].fullmatch(piece):
        return True
    try:
        return bool(_piece(piece, part))
    except ValueError:
        return False


def _piece(piece: str, part: int) -> list[int]:
    """Of `*`, `?`, `5`, `5-10`, `22-2` around the end, `*/15`, `/15`, `5/15`, `MON-FRI`. ValueError: it is none."""
    _, low, high, _ = PARTS[part]
    span, slash, step = piece.partition("/")
    if span == "*" or piece == "?" or (slash and not span):
        first, last = low, high
    else:
        start, *end = (_number(text, part) for text in span.split("-", 1))
        first, last = start, end[0] if end else high if slash else start
    pace = _number(step, part, least=1) if slash else 1
    count = (last - first) % (high - low + 1) + 1 if last < first else last - first + 1
    return [(first - low + ahead) % (high - low + 1) + low for ahead in range(0, count, pace)]


def _number(text: str, part: int, least: int | None = None) -> int:
    """*least* tells a step, which has no name."""
    _, low, high, names = PARTS[part]
    if text in names and least is None:
        return names.index(text) + low
    if not (text.isdecimal() and text.isascii() and (low if least is None else least) <= int(text) <= high):
        raise ValueError(text)
    return int(text)


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
    """1 is Sunday. `L` Saturday, `6L` the last Friday of the month, `6#3` or `FRI#3` its third Friday."""
    number = day.isoweekday() % 7 + 1
    if piece == "L":
        return number == 7
    chosen = re.fullmatch(r"(\w+?)(?:L|#(\d))", piece)
    if chosen is None:
        return number in _piece(piece, 5)
    in_row = (day.day - 1) // 7 + 1 == int(chosen[2]) if chosen[2] else (day + 7 * ONE_DAY).month != day.month
    return in_row and number in _piece(chosen[1], 5)


def schedule_for_create(body: Json, *, by_second: bool) -> Json:
    """The type and data of a new connection; manual where nothing was said."""
    if "schedule" in body and "scheduleType" in body:
        raise configuration_invalid("supply old or new schedule schema but not both")
    if "schedule" in body:
        return {"scheduleType": "basic", "scheduleData": {"basicSchedule": body["schedule"]}}
    if "scheduleType" not in body:
        return {"scheduleType": "manual"}
    return _checked(body["scheduleType"], body.get("scheduleData"), by_second=by_second)


def schedule_for_update(body: Json, *, by_second: bool) -> Json:
    """What an update says about the schedule; empty where it says nothing."""
    if "schedule" in body:
        raise Broken(message="IllegalArgumentException: schedule is not supported in an update")
    if "scheduleType" not in body:
        if "scheduleData" in body:
            raise Broken(message="IllegalArgumentException: scheduleData needs a scheduleType")
        return {}
    if body["scheduleType"] == "manual" and "scheduleData" in body:
        raise Broken(message="IllegalArgumentException: a manual schedule has no scheduleData")
    if body["scheduleType"] != "manual" and "scheduleData" not in body:
        raise Broken(message="NullPointerException: scheduleData")
    return _checked(body["scheduleType"], body.get("scheduleData"), by_second=by_second)


def legacy_schedule(details: Json) -> Json | None:
    """The old `schedule` property, which answers still carry beside the new ones."""
    return details.get("scheduleData", {}).get("basicSchedule") if details["scheduleType"] == "basic" else None


def _checked(kind: str, data: Json | None, *, by_second: bool) -> Json:
    if kind == "manual":
        return {"scheduleType": "manual"}
    part = "basicSchedule" if kind == "basic" else "cron"
    if data is None or part not in data:
        raise configuration_invalid("schedule data must be populated if schedule type is populated")
    if part == "cron":
        check_cron(data["cron"]["cronExpression"], data["cron"]["cronTimeZone"], by_second=by_second)
    return bean(scheduleType=kind, scheduleData={part: data[part]})


def check_cron(expression: str, zone: str, *, by_second: bool = False) -> None:
    """Refuse what Quartz would not run, and unless *by_second* what fires more than once a minute.

    Raises:
        Problem: 400, as both of the vendor's interfaces word it.
    """
    reason = reason_against(expression)
    if not (reason or by_second or len(Quartz(expression).seconds) == 1):
        reason = "Cron executions must be at least 1 minute apart"
    if reason:
        data = {"cronExpression": expression, "validationErrorMessage": reason}
        raise named_problem(400, "cron-validation/invalid-expression", "The cron expression is not valid.", data)
    if zone.startswith("Etc/") or zone not in (_zones() or {zone}):
        data = {"cronTimezone": zone}
        raise named_problem(400, "cron-validation/invalid-timezone", "The cron time zone is not valid.", data)


@functools.cache
def _zones() -> set[str]:
    """Empty on a machine without a time zone database, where every zone has to be taken as it is."""
    return zoneinfo.available_timezones()
