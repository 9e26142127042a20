"""Formats of a connector's JSON Schema as Airbyte asserts them, and where a schema contradicts its own. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, cast

from jsonschema_rs import Draft7Validator

from dagster_managed_elements.airbyte.specs.schemas import Schema

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def _is_dated(text: str) -> bool:
    """All that is asked of a date or time: connectors are lax in what they take, and say the rest in a pattern."""
    return not text or bool(_DATE.match(text))


def _is_anything(text: str) -> bool:
    del text
    return True


_DATED: Final = ("date", "date-time")

FORMATS: Final[Mapping[str, Callable[[str], bool]]] = {
    **dict.fromkeys(_DATED, _is_dated),
    **dict.fromkeys(
        [
            *(
                "time",
                "duration",
                "email",
                "idn-email",
                "hostname",
                "idn-hostname",
                "ipv4",
                "ipv6",
                "uuid",
                "regex",
            ),
            *("uri", "uri-reference", "uri-template", "iri", "iri-reference"),
            *("json-pointer", "relative-json-pointer"),
        ],
        _is_anything,
    ),
}
"""What is asserted of each format."""

_ZONES: Final = ("", "Z", "+00:00", "+0000")
_TIMES: Final = (
    "",
    *(f"{t}{zone}" for t in ("00:00", "00:00:00", "00:00:00.000", "00:00:00.000000") for zone in _ZONES),
)
_SPELLINGS: Final = tuple(f"2020-01-31{sign if time else ''}{time}" for time in _TIMES for sign in "T ")
"""A day in every spelling that is usual for a date or a time."""


def contradiction(schema: Schema) -> str | None:
    """What *schema* asks for beside a date that no date is; None where some value meets both."""
    if schema.get("format") not in _DATED:
        return None
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and not _matches_some(pattern):
        return f"the pattern {pattern}"
    listed: object = schema.get("enum", [schema["const"]] if "const" in schema else None)
    values = cast("list[Any]", listed) if isinstance(listed, list) else []
    if values and not any(isinstance(value, str) and value and _is_dated(value) for value in values):
        return "one of the values it lists"
    return None


@lru_cache(maxsize=1024)
def _matches_some(pattern: str) -> bool:
    """One that does not compile asks for nothing."""
    try:
        validator = Draft7Validator({"pattern": pattern})
    except ValueError:
        return True
    return any(validator.is_valid(spelling) for spelling in _SPELLINGS)
