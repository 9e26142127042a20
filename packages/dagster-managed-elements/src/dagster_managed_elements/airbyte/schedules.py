"""When a connection syncs by itself: never, every so often, or by a cron expression in a time zone.

Two cron expressions are equal where they name the same moments, however they are spelt. What one may say:
https://www.quartz-scheduler.org/documentation/quartz-2.3.0/tutorials/crontrigger.html. Nothing here computes when
one fires next.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Final, Literal, TypeAlias, cast, get_args

from dagster_managed_elements.engine.adoption import Spelled
from dagster_managed_elements.engine.errors import DeclarationError

Unit: TypeAlias = Literal["minutes", "hours", "days", "weeks", "months"]
Meaning: TypeAlias = "tuple[frozenset[int | str], ...]"


@dataclass(frozen=True, slots=True)
class AirbyteSchedule:
    """A schedule, made by `manual()`, `basic(...)` or `cron(...)`.

    Args:
        kind: Which of the three made it.
        every: Of a basic one: how many of the unit lie between two syncs.
        unit: Of a basic one.
        text: Of a cron expression: what is sent and shown.
        time_zone: Of a cron expression.
        meaning: Of a cron expression: what is compared, what each of its fields names. A text of a server that is
            no expression means itself.

    Raises:
        DeclarationError: Where none of the three made it.
    """

    kind: Literal["manual", "basic", "cron"] = "manual"
    every: int = 0
    unit: str = ""
    text: str = field(default="", compare=False)
    time_zone: str = ""
    meaning: Meaning = field(default=(), repr=False)

    def __post_init__(self) -> None:
        """Raises DeclarationError where it was not made by one of its three."""
        if self.kind not in {"manual", "basic", "cron"} or (self.kind == "cron") != bool(self.meaning):
            raise DeclarationError(
                f"A schedule of kind={self.kind!r} is made by manual(), basic(...) or cron(...)."
            )

    @classmethod
    def manual(cls) -> AirbyteSchedule:
        """Never by itself: only who asks for a sync gets one."""
        return cls()

    @classmethod
    def basic(cls, every: int, unit: Unit = "hours") -> AirbyteSchedule:
        """Every so often, counted from the last sync. Only the Config API takes it.

        Args:
            every: How many of the unit lie between two syncs: 1 or more.
            unit: Minutes, hours, days, weeks or months.

        Raises:
            DeclarationError: For what is no such schedule.
        """
        if type(cast("object", every)) is not int or every < 1:
            raise DeclarationError(f"every= wants a whole number of {unit}, 1 or more, not {every!r}.")
        if unit not in get_args(Unit):
            raise DeclarationError(f"unit= is one of {', '.join(get_args(Unit))}, not {unit!r}.")
        return cls("basic", every=every, unit=unit)

    @classmethod
    def cron(cls, expression: str, time_zone: str = "UTC") -> AirbyteSchedule:
        """By a cron expression, in a time zone.

        Args:
            expression: A Quartz one of six or seven fields, seconds first. One of five fields is taken for a Unix
                one, whose days of the week begin with Sunday as 0, and is sent as Quartz has it. A time zone may
                stand at its end, as Airbyte shows it. See
                <https://www.quartz-scheduler.org/documentation/quartz-2.3.0/tutorials/crontrigger.html>.
            time_zone: Such as `Europe/Berlin`. The Public API takes UTC alone.

        Raises:
            DeclarationError: Where Airbyte would not run it, with the reason; more than once a minute it runs none.
        """
        for name, given in (("expression", expression), ("time_zone", time_zone)):
            if not isinstance(cast("object", given), str):
                raise DeclarationError(f"{name}= wants a text, not {type(given).__name__}.")
        fields, zone = _split(expression)
        try:
            quartz = _from_unix(fields) if len(fields) == 5 else _with_a_question_mark(fields)
            meaning = _meaning(tuple(quartz))
            _fires_once_a_minute(meaning)
        except ValueError as error:
            raise DeclarationError(f"Airbyte does not run the cron expression {expression!r}: {error}.") from None
        if zone is not None and time_zone not in {"UTC", zone}:
            raise DeclarationError(f"The cron expression {expression!r} is in {zone}, and time_zone={time_zone!r}.")
        zone = zone or time_zone
        if zone.lower().startswith("etc") or zone not in (_zones() or {zone}):
            raise DeclarationError(f"{zone!r} is no time zone that Airbyte knows; one is 'Europe/Berlin'.")
        return cls("cron", text=" ".join(quartz), time_zone=zone, meaning=meaning)

    @classmethod
    def of_server(cls, text: str, time_zone: str | None = None) -> AirbyteSchedule:
        """As a server shows a cron expression, valid or not.

        Args:
            text: The expression.
            time_zone: Where it is not given it stands at the end of *text*.
        """
        fields, zone = (text.split(), time_zone) if time_zone is not None else _split(text)
        try:
            meaning = _meaning(tuple(fields))
        except ValueError:
            meaning = (frozenset({" ".join(fields)}),)
        return cls("cron", text=" ".join(fields), time_zone=zone or "UTC", meaning=meaning)

    def __str__(self) -> str:
        if self.kind == "cron":
            return f"{self.text} {self.time_zone}"
        return f"every {self.every} {self.unit}" if self.kind == "basic" else self.kind

    def spelled(self) -> Spelled:
        """By the one of the three that makes it."""
        given = {
            "manual": (),
            "basic": (self.every, self.unit),
            "cron": (self.text,),
        }
        zone = (self.time_zone,) if self.kind == "cron" and self.time_zone != "UTC" else ()
        return Spelled(f"AirbyteSchedule.{self.kind}", (*given[self.kind], *zone))

    @property
    def not_public(self) -> str | None:
        """Why the Public API cannot be sent it; None where it can (its AirbyteCatalogHelper)."""
        if self.kind == "basic":
            cron = "use AirbyteSchedule.cron, or the Config API, which Airbyte Cloud has not"
            return f"Airbyte's Public API takes no basic schedule; {cron}"
        if self.kind == "manual":
            return None
        fields = self.text.split()
        if len(self.meaning) != len(_FIELDS):
            return "Airbyte's Public API does not take this cron expression"
        if self.time_zone != "UTC":
            return f"Airbyte's Public API takes cron expressions in UTC alone, not in {self.time_zone}"
        if not all(map(str.isdecimal, fields[: len(fields) - 5])):
            numbers = "seconds and minutes" if len(fields) == 7 else "seconds"
            return f"Airbyte's Public API takes a plain number for the {numbers} of a cron expression"
        return None


@dataclass(frozen=True, slots=True)
class _Field:
    """One of an expression: what it is called, from where to where it goes, by what names; its *odd* words."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    odd: str = r"(?!)"

    def values(self, text: str) -> frozenset[int | str]:
        """What *text* names: numbers, and words as `L` or `6#3`. ValueError where it names none."""
        found: set[int | str] = set()
        for piece in text.upper().split(","):
            numbered = re.sub(r"[A-Z]{3}", lambda word: str(self._named(word[0])), piece)
            if re.fullmatch(self.odd, numbered):
                found.add(numbered)
            else:
                found.update(self._span(numbered, piece))
        return frozenset(found)

    def _span(self, numbered: str, piece: str) -> Sequence[int]:
        """`*`, `5`, `5-10`, `22-2` around the end, and with a step: `*/15`, `/15`, `5/15`, `8-18/2`."""
        parts = re.fullmatch(r"(?:(?P<all>[*]|)|(?P<first>\d+)(?:-(?P<last>\d+))?)(?:/(?P<step>\d+))?", numbered)
        if parts is None or not numbered:
            raise ValueError(f"{piece!r} is no {self.name}")
        step = int(parts["step"] or 1)
        if parts["all"] is not None:
            first, last = self.low, self.high
        else:
            first = int(parts["first"])
            last = int(parts["last"] or (self.high if parts["step"] else first))
        if not (self.low <= first <= self.high and self.low <= last <= self.high and 0 < step <= self.high):
            raise ValueError(f"{piece!r} is no {self.name}; they go from {self.low} to {self.high}")
        size = self.high - self.low + 1
        return [
            self.low + (at - self.low) % size for at in range(first, last + (size if last < first else 0) + 1, step)
        ]

    def _named(self, word: str) -> int:
        if word not in self.names:
            raise ValueError(f"{word!r} is no {self.name}")
        return self.names.index(word) + self.low


_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_FIELDS: Final = (
    _Field("second", 0, 59),
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31, odd=r"L|LW|L-(?:[1-9]|[12]\d|30)|(?:[1-9]|[12]\d|3[01])W"),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week", 1, 7, _DAYS, odd=r"L|[1-7]L|[1-7]#[1-5]"),
    _Field("year", 1970, 2099),
)
_OF_MONTH, _OF_WEEK = 3, 5


@lru_cache(maxsize=1024)
def _meaning(fields: tuple[str, ...]) -> Meaning:
    """What each field names; ValueError, with the reason, where Quartz would not run it."""
    if len(fields) not in {6, 7}:
        raise ValueError(f"it has {len(fields)} fields, and Airbyte wants six or seven, seconds first")
    if fields[_OF_MONTH] == fields[_OF_WEEK] == "?":
        raise ValueError("a day of the month or a day of the week has to be told, only one of them may be ?")
    free = {_OF_MONTH, _OF_WEEK}
    texts = ["*" if text == "?" and at in free else text for at, text in enumerate([*fields, "*"][: len(_FIELDS)])]
    if "*" not in (texts[_OF_MONTH], texts[_OF_WEEK]):
        raise ValueError("a day of the month and a day of the week cannot both be told, one of them has to be ?")
    return tuple(field.values(text) for field, text in zip(_FIELDS, texts, strict=True))


def _fires_once_a_minute(meaning: Meaning) -> None:
    """ValueError where it says more: Airbyte refuses that since 1.5, and before waited a minute all the same."""
    if len(meaning[0]) > 1:
        fields = "the first of six fields is the second, five fields begin with the minute"
        raise ValueError(f"it fires more than once a minute ({fields})")


def _with_a_question_mark(fields: Sequence[str]) -> Sequence[str]:
    """With `?` for the day that is not told, which Quartz wants."""
    if len(fields) not in {6, 7} or "?" in fields:
        return fields
    at = _OF_WEEK if fields[_OF_WEEK] == "*" else _OF_MONTH
    return [*fields[:at], "?", *fields[at + 1 :]] if fields[at] == "*" else fields


def _from_unix(fields: Sequence[str]) -> Sequence[str]:
    """Five fields as Quartz has them: at second 0, and days of the week by name, since its numbers are others."""
    minute, hour, of_month, month, of_week = ("*" if text == "?" else text for text in fields)
    if of_month != "*" and of_week != "*":
        told = "a day of the month and one of the week, which in Unix means either, is nothing that Quartz can say"
        raise ValueError(told)
    week = ",".join(map(_unix_day, of_week.upper().split(",")))
    return ["0", minute, hour, *((of_month, month, "?") if week == "*" else ("?", month, week))]


def _unix_day(piece: str) -> str:
    if piece in {"0-7", "0-6"}:
        return "*"
    if re.fullmatch(r"(?:[*]|(?:[0-7]|[A-Z]{3})(?:-(?:[0-7]|[A-Z]{3}))?)(?:/[1-7])?", piece) is None:
        raise ValueError(f"{piece!r} is no day of the week of a Unix expression, which has five fields")
    days, slash, step = piece.partition("/")
    return re.sub(r"\d", lambda number: _DAYS[int(number[0]) % 7], days) + slash + step


def _split(expression: str) -> tuple[Sequence[str], str | None]:
    """The fields, and the time zone behind them where one is there."""
    fields = expression.split()
    last = fields[-1] if fields else ""
    behind = len(fields) > len(_FIELDS) or re.fullmatch(r"[A-Za-z]\w*/[A-Za-z].*", last) is not None
    return (fields[:-1], last) if behind or last in {"UTC", "GMT", *_zones()} else (fields, None)


@cache
def _zones() -> frozenset[str]:
    """Empty on a machine without a time zone database, where every zone has to be taken as it is."""
    return frozenset(zoneinfo.available_timezones())
