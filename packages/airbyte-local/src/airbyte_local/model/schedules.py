"""Schedules as the vendor checks them: Quartz expressions, time zones, and which parts go together."""

from __future__ import annotations

import functools
import re
import zoneinfo

from airbyte_local.model.errors import Broken, Problem, configuration_invalid
from airbyte_local.model.json_values import Json, bean

UNITS = "minutes|hours|days|weeks|months"
SCHEDULE_DATA = {
    "basicSchedule": {"timeUnit!": UNITS, "units!": "whole"},
    "cron": {"cronExpression!": "text", "cronTimeZone!": "text"},
}
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


def schedule_for_create(body: Json) -> Json:
    """The type and data of a new connection; manual where nothing was said."""
    if "schedule" in body and "scheduleType" in body:
        raise configuration_invalid("supply old or new schedule schema but not both")
    if "schedule" in body:
        return {"scheduleType": "basic", "scheduleData": {"basicSchedule": body["schedule"]}}
    if "scheduleType" not in body:
        return {"scheduleType": "manual"}
    return _checked(body["scheduleType"], body.get("scheduleData"))


def schedule_for_update(body: Json) -> Json:
    """What an update says about the schedule; empty where it says nothing."""
    if "schedule" in body:
        raise Broken(message="IllegalArgumentException: schedule is not supported in an update")
    if "scheduleType" not in body:
        if "scheduleData" in body:
            raise Broken(message="IllegalArgumentException: scheduleData needs a scheduleType")
        return {}
    if body["scheduleType"] == "manual" and "scheduleData" in body:
        raise Broken(message="IllegalArgumentException: a manual schedule has no scheduleData")
    return _checked(body["scheduleType"], body.get("scheduleData"))


def legacy_schedule(details: Json) -> Json | None:
    """The old `schedule` property, which answers still carry beside the new ones."""
    return details.get("scheduleData", {}).get("basicSchedule") if details["scheduleType"] == "basic" else None


def _checked(kind: str, data: Json | None) -> Json:
    if kind == "manual":
        return {"scheduleType": "manual"}
    part = "basicSchedule" if kind == "basic" else "cron"
    if data is None or part not in data:
        raise configuration_invalid("schedule data must be populated if schedule type is populated")
    if part == "cron":
        check_cron(data["cron"]["cronExpression"], data["cron"]["cronTimeZone"])
    return bean(scheduleType=kind, scheduleData={part: data[part]})


def check_cron(expression: str, zone: str) -> None:
    """Refuse what Quartz would not run.

    Raises:
        Problem: 400, as both of the vendor's interfaces word it.
    """
    reason = reason_against(expression)
    if reason:
        raise _cron_problem(
            "invalid-expression",
            "The cron expression is not valid.",
            {"cronExpression": expression, "validationErrorMessage": reason},
        )
    if zone.startswith("Etc/") or zone not in (_zones() or {zone}):
        raise _cron_problem("invalid-timezone", "The cron time zone is not valid.", {"cronTimezone": zone})


@functools.cache
def _zones() -> set[str]:
    """Empty on a machine without a time zone database, where every zone has to be taken as it is."""
    return zoneinfo.available_timezones()


def _cron_problem(name: str, detail: str, data: Json) -> Problem:
    return Problem(
        status=400, type=f"error:cron-validation/{name}", title=f"cron-validation/{name}", detail=detail, data=data
    )


def reason_against(expression: str) -> str | None:
    """What Quartz would say; None where it takes the expression."""
    parts = expression.split()
    if len(parts) not in {6, 7}:
        return f"Cron expression contains {len(parts)} parts but we expect one of [6, 7]"
    for part, text in enumerate(parts):
        if not all(_piece_fits(piece.upper(), part) for piece in text.split(",")):
            return f"Failed to parse {PARTS[part][0]} '{text}'"
    if "?" not in (parts[3], parts[5]) and parts[3] != "*" and parts[5] != "*":
        return "Both, a day of month and a day of week, are given: one of them must be ?"
    return None


def _piece_fits(piece: str, part: int) -> bool:
    """One of the pieces between commas: `*`, `?`, `5`, `5-10`, `*/15`, `MON`, or one of the days told otherwise."""
    _, low, high, names = PARTS[part]
    if piece in {"*", "?"} or (part in OF_DAYS and OF_DAYS[part].fullmatch(piece)):
        return True
    span, slash, step = piece.partition("/")
    if slash and not (step.isdecimal() and step.isascii() and 0 < int(step) <= high):
        return False
    if span == "*" or (slash and not span):
        return True
    ends = span.split("-")
    return len(ends) <= 2 and all(
        end in names or (end.isdecimal() and end.isascii() and low <= int(end) <= high) for end in ends
    )
