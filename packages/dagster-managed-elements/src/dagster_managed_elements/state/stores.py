"""The port behind which state lies: small objects that are read whole, and written only over what was read.

A state of URL U is two objects, U itself and U.lock beside it, and those of its history below U.history/.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from dagster_managed_elements.engine.errors import StateError

LARGEST: Final = 256 * 1024 * 1024
"""Bytes of an object: a larger one is none of ours, and is not read."""
MOST: Final = 200_000
"""Objects of one history that are looked through."""


class Moved(StateError):
    """What lies there is not what was read: somebody else wrote it meanwhile."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An object, and the *tag* of what it holds now."""

    data: bytes
    tag: str


class Store(Protocol):
    """Where one state lies. Every method raises StateError where it cannot be done. *suffix* names the object."""

    @property
    def url(self) -> str: ...

    def read(self, suffix: str = "") -> Stored | None:
        """None where there is none."""
        ...

    def write(self, data: bytes, replacing: str | None, suffix: str = "") -> str:
        """The new tag. Writes over the object of the tag *replacing* only, or where there is none: else Moved."""
        ...

    def names(self, suffix: str) -> list[str]:
        """What the objects below *suffix*, which ends in a slash, are called; of too many StateError."""
        ...
