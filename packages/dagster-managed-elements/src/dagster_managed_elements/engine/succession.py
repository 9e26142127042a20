"""How one object takes the place of another: made under an interim name, which it keeps until the old one is gone.

The interim name says whose place is being taken, so that a later run knows a replacement that was cut in two, and
ends it. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

_SUFFIX: Final = re.compile(
    r"(?s)(?P<name>.*) \(dagster-me replaces (?P<id>[^\s(),]+)"
    r"(?:, attempt (?P<attempt>[1-9][0-9]{0,5}))?(?:, then (?P<note>[a-z]+))?\)"
)


@dataclass(frozen=True, slots=True)
class Interim:
    """The name of an object on its way to be *name*, in place of the one with the id *replaces*.

    *note* is a word of its kind's own about what it is to become. *attempt* tells it from what earlier runs made
    that is of no use any more, but still there.
    """

    name: str
    replaces: str
    note: str = ""
    attempt: int = 1

    def within(self, longest: int | None) -> str:
        """The text of it, in which *name* is cut to what there is room for: *longest* characters, None: any."""
        again = f", attempt {self.attempt}" if self.attempt > 1 else ""
        then = f", then {self.note}" if self.note else ""
        suffix = f" (dagster-me replaces {self.replaces}{again}{then})"
        room = None if longest is None else max(longest - len(suffix), 0)
        return self.name[:room] + suffix

    def is_for(self, name: str, longest: int | None) -> bool:
        """Whether it is *name* that this one is on its way to."""
        return replace(self, name=name).within(longest) == self.within(longest)


def read_interim(name: str) -> Interim | None:
    """What an object's *name* says of the place it is to take; None where it is an ordinary name."""
    found = _SUFFIX.fullmatch(name) if name.endswith(")") else None
    if found is None:
        return None
    return Interim(found["name"], found["id"], found["note"] or "", int(found["attempt"] or 1))


def next_attempt(names: Iterable[str]) -> int:
    """The number of the next one: as long as one of *names* is an interim one, another is used."""
    return max((interim.attempt for name in names if (interim := read_interim(name)) is not None), default=0) + 1
