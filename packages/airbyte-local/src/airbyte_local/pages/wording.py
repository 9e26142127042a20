"""Values in words, as the pages show them. Pure."""

from __future__ import annotations

import functools
from datetime import datetime, timezone

from cron_descriptor import FormatError, MissingFieldError, Options, WrongArgumentError, get_description

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


def schedule(details: Json) -> str:
    """What a connection's schedule means, in words."""
    data: Json = details.get("scheduleData") or {}
    match details.get("scheduleType"):
        case "basic":
            every: Json = data["basicSchedule"]
            unit = str(every["timeUnit"]).removesuffix("s")
            return f"Every {unit}" if every["units"] == 1 else f"Every {counting(every['units'], unit)}"
        case "cron":
            cron: Json = data["cron"]
            return f"{cron_words(cron['cronExpression'])} ({cron['cronTimeZone']})"
        case _:
            return "Manual"


@functools.lru_cache(maxsize=4096)
def cron_words(expression: str) -> str:
    """Of a Quartz expression, whose week begins with Sunday, the 1st; one that has none as it is."""
    quartz = Options()
    quartz.locale_code, quartz.use_24hour_time_format, quartz.day_of_week_start_index_zero = "en_US", True, False
    try:
        return get_description(expression, quartz)
    except (FormatError, MissingFieldError, WrongArgumentError):
        return f"Cron {expression}"
