"""How one object takes the place of another: made under an interim name, which it keeps until the old one is gone.

The interim name says whose place is being taken, so that a later run knows a replacement that was cut in two, and
ends it. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

_SUFFIX: Final = re.compile(
    r"(?s)(?P<name>.*) \(dagster-me replaces (?P<id>[^\s(),]+)"
    r"(?:, attempt (?P<attempt>[1-9][0-9]{0,5}))?(?:, then (?P<note>[a-z]+))?\)"
)
_LONGEST: Final = 256
"""Characters of a name that servers take (Airbyte's database has no more)."""


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

    def __str__(self) -> str:
        again = f", attempt {self.attempt}" if self.attempt > 1 else ""
        then = f", then {self.note}" if self.note else ""
        suffix = f" (dagster-me replaces {self.replaces}{again}{then})"
        return self.name[: _LONGEST - len(suffix)] + suffix

    def is_for(self, name: str) -> bool:
        """Whether it is *name* that this one is on its way to: a long one is cut in an interim name."""
        return str(replace(self, name=name)) == str(self)


def read_interim(name: str) -> Interim | None:
    """What an object's *name* says of the place it is to take; None where it is an ordinary name."""
    found = _SUFFIX.fullmatch(name) if name.endswith(")") else None
    if found is None:
        return None
    return Interim(found["name"], found["id"], found["note"] or "", int(found["attempt"] or 1))
