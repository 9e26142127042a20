"""What a state holds, as values: of each place the objects that were created or adopted, and what each is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dagster_managed_elements.engine.secrets import SecretRecord
from dagster_managed_elements.engine.values import Key, Path, Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One object that was created or adopted. Its *name* is "" while it has an interim one."""

    name: str = ""
    owners: frozenset[str] = frozenset()
    protected: bool = False
    secrets: Mapping[Path, SecretRecord] = field(default_factory=dict[Path, SecretRecord])


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """An element that was removed on purpose: why, and on which day (ISO)."""

    key: Key
    reason: str
    on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceState:
    """All that is known of one place. *key* tells one fingerprint key from another, *begun* are the elements that
    an apply was about to create.
    """

    key: str | None = None
    objects: Mapping[Ref, Known] = field(default_factory=dict[Ref, Known])
    begun: frozenset[Key] = frozenset()
    tombstones: tuple[Tombstone, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """*serial* counts the writes."""

    serial: int = 0
    places: Mapping[str, PlaceState] = field(default_factory=dict[str, PlaceState])
