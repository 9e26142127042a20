"""Values in words, as the pages show them. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timezone

from airbyte_local.model.json_values import Json

UNITS = (
    ("year", 365 * 86400),
    ("month", 30 * 86400),
    ("day", 86400),
    ("hour", 3600),
    ("minute", 60),
    ("second", 1),
)
SIZES = ("B", "kB", "MB", "GB", "TB")
DAYS = {
    "SUN": "Sunday",
    "MON": "Monday",
    "TUE": "Tuesday",
    "WED": "Wednesday",
    "THU": "Thursday",
    "FRI": "Friday",
    "SAT": "Saturday",
}
NUMBERED_DAYS = {str(number): name for number, name in enumerate(DAYS.values(), start=1)}
READING = {"full_refresh": "Full refresh", "incremental": "Incremental"}
WRITING = {
    "overwrite": "overwrite",
    "append": "append",
    "append_dedup": "append + deduped",
    "overwrite_dedup": "overwrite + deduped",
    "update": "update",
    "soft_delete": "soft delete",
}
JOBS = {"sync": "Sync", "reset_connection": "Clear", "clear": "Clear", "refresh": "Refresh"}
STATUSES = {
    "pending": "Waiting",
    "running": "Running",
    "incomplete": "Trying again",
    "succeeded": "Succeeded",
    "failed": "Failed",
    "cancelled": "Cancelled",
}
NAMESPACES = {"source": "as the source has it", "destination": "the destination's default"}


def ago(at: int, now: int) -> str:
    """Both in seconds since 1970."""
    seconds = abs(now - at)
    if seconds < 5:
        return "just now"
    unit, length = next((unit, length) for unit, length in UNITS if seconds >= length)
    counted = counting(seconds // length, unit)
    return f"{counted} ago" if at <= now else f"in {counted}"


def exact(at: int) -> str:
    return f"{datetime.fromtimestamp(at, timezone.utc):%Y-%m-%d %H:%M:%S} UTC"


def machine(at: int) -> str:
    """As the `datetime` of a `time` element takes it."""
    return f"{datetime.fromtimestamp(at, timezone.utc):%Y-%m-%dT%H:%M:%SZ}"


def clock(milliseconds: int) -> str:
    at = datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
    return f"{at:%H:%M:%S}.{milliseconds % 1000:03d}"


def number(value: float) -> str:
    return f"{value:,}"


def counting(count: int, noun: str) -> str:
    """`1 stream`, `1,204 streams`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def size(length: int) -> str:
    """In powers of ten, as disks and networks are sold."""
    value, unit = float(length), SIZES[0]
    for larger in SIZES[1:]:
        if value < 999.95:
            break
        value, unit = value / 1000, larger
    return f"{length:,} B" if unit == "B" else f"{value:,.1f} {unit}"


def duration(seconds: int) -> str:
    minutes, rest = divmod(max(seconds, 0), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def sync_mode(config: Json) -> str:
    reading, writing = config.get("syncMode", ""), config.get("destinationSyncMode", "")
    return f"{READING.get(reading, reading)}, {WRITING.get(writing, writing)}"


def field_path(path: list[str]) -> str:
    return ".".join(path)


def schedule(details: Json) -> str:
    """What a connection's schedule means, in words; a cron expression that has none as it is."""
    data: Json = details.get("scheduleData") or {}
    match details.get("scheduleType"):
        case "basic":
            every: Json = data["basicSchedule"]
            unit = str(every["timeUnit"]).removesuffix("s")
            return f"Every {unit}" if every["units"] == 1 else f"Every {counting(every['units'], unit)}"
        case "cron":
            cron: Json = data["cron"]
            said = cron_words(cron["cronExpression"]) or f"Cron {cron['cronExpression']}"
            return f"{said} ({cron['cronTimeZone']})"
        case _:
            return "Manual"


def cron_words(expression: str) -> str | None:
    """Of the Quartz expressions that people write most; None for all others."""
    parts = expression.upper().split()[:6]
    if len(parts) < 6 or parts[0] != "0" or parts[4] != "*":
        return None
    minute, hour, day, _, weekday = parts[1:]
    everyday = {day, weekday} <= {"*", "?"}
    if everyday and (step := re.fullmatch(r"(?:0|\*)/(\d+)", minute)) and hour == "*":
        return f"Every {counting(int(step[1]), 'minute')}"
    if not minute.isdigit():
        return None
    if everyday and hour == "*":
        return "Every hour" if minute == "0" else f"Every hour at minute {int(minute)}"
    if everyday and minute == "0" and (step := re.fullmatch(r"(?:0|\*)/(\d+)", hour)):
        return f"Every {counting(int(step[1]), 'hour')}"
    when = _days(day, weekday) if hour.isdigit() else None
    return f"{when} at {int(hour):02d}:{int(minute):02d}" if when else None


def _days(day: str, weekday: str) -> str | None:
    if {day, weekday} <= {"*", "?"}:
        return "Every day"
    if weekday in {"*", "?"} and day.isdigit():
        return f"On day {int(day)} of every month"
    if day in {"*", "?"} and weekday in {"MON-FRI", "2-6"}:
        return "Every weekday"
    name = DAYS.get(weekday) or NUMBERED_DAYS.get(weekday)
    return f"Every {name}" if day in {"*", "?"} and name else None
