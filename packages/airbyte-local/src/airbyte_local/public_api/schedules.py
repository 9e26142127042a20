"""Schedules as the Public API takes and shows them: manual or cron in UTC; basic ones are shown, never taken."""

from __future__ import annotations

from airbyte_local.model.errors import Problem
from airbyte_local.model.json_values import Json, bean
from airbyte_local.model.schedules import reason_against
from airbyte_local.public_api.answers import bad_request

QUARTZ_PAGE = "https://www.quartz-scheduler.org/documentation/quartz-2.3.0/tutorials/crontrigger.html"


def schedule_from(given: Json | None, *, hourly: bool) -> Json:
    """The shared handlers' `scheduleType` and `scheduleData`; empty where nothing was said.

    *hourly*: more often than once an hour is refused, as on Cloud.
    """
    if given is None:
        return {}
    if given["scheduleType"] == "manual":
        return {"scheduleType": "manual"}
    if not given.get("cronExpression"):
        raise bad_request("Missing cron expression in the schedule.")
    expression = given["cronExpression"].strip().removesuffix("UTC").strip()
    _check(expression, hourly=hourly)
    cron = {"cronExpression": expression, "cronTimeZone": "UTC"}
    return {"scheduleType": "cron", "scheduleData": {"cron": cron}}


def schedule_read(read: Json) -> Json:
    """Of a connection as the Config API shows it."""
    kind, data = read["scheduleType"], read.get("scheduleData", {})
    cron, basic = data.get("cron"), data.get("basicSchedule")
    return bean(
        scheduleType=kind,
        cronExpression=f"{cron['cronExpression']} {cron['cronTimeZone']}" if cron else None,
        basicTiming=f"Every {basic['units']} {basic['timeUnit'].upper()}" if basic else None,
    )


def _check(expression: str, *, hourly: bool) -> None:
    reason = reason_against(expression)
    if reason:
        raise bad_request(
            f"The cron expression {expression} is not valid. Error: {reason}. "
            f"Please check the cron expression format at {QUARTZ_PAGE}"
        )
    parts = expression.split()
    if not all(part.isdigit() for part in (parts[:2] if len(parts) == 7 else parts[:1])):
        raise bad_request(
            f"The cron expression {expression} is not valid or is less than the one hour minimum. "
            "The seconds and minutes values cannot be `*`."
        )
    if hourly and not parts[1].isdigit():
        name = "cron-validation/under-one-hour-not-allowed"
        detail = "The schedule runs more often than once an hour."
        raise Problem(
            status=400, type=f"error:{name}", title=name, detail=detail, data={"cronExpression": expression}
        )
