"""Schedules as the vendor checks them: expressions, time zones, and which parts go together."""

from __future__ import annotations

import functools
import zoneinfo

from airbyte_local.model.errors import Broken, Problem, configuration_invalid
from airbyte_local.model.json_values import Json, bean
from airbyte_local.model.quartz import reason_against

UNITS = "minutes|hours|days|weeks|months"
SCHEDULE_DATA = {
    "basicSchedule": {"timeUnit!": UNITS, "units!": "whole"},
    "cron": {"cronExpression!": "text", "cronTimeZone!": "text"},
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
