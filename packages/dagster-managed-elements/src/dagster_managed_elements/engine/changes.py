"""The two sides and what lies between them, as values: Declared, Observed, and a closed set of Changes.

Nothing here acts. Every stage hands these on; none alters one it was lent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeAlias

from dagster_managed_elements.engine.errors import ManagedElementsError
from dagster_managed_elements.engine.findings import Consequence, Notice
from dagster_managed_elements.engine.secrets import SecretRecord, Verdict
from dagster_managed_elements.engine.values import Fields, Ids, Key, Path, Ref

Action: TypeAlias = Literal["create", "update", "replace", "delete"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One element as declared. *facts* is the kind's own, from resolve; it is never compared or shown."""

    key: Key
    fields: Fields
    owner: str = ""
    protect: bool = False
    ignore: tuple[str, ...] = ()
    renamed_from: str | None = None
    facts: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One object as the server has it. *raw* is the kind's own; it is never compared, saved or shown.

    With a *fault*, all that is known is that it is there: what the server says of it cannot be read. Its *name* is
    "" where that cannot be read either.
    """

    kind: str
    name: str
    id: str
    fields: Fields
    raw: Any = field(default=None, compare=False, repr=False)
    fault: ManagedElementsError | None = field(default=None, compare=False)

    @property
    def key(self) -> Key:
        return Key(self.kind, self.name)

    @property
    def ref(self) -> Ref:
        return Ref(self.kind, self.id)


@dataclass(frozen=True, slots=True)
class Pair:
    """What is declared beside what is observed; one of the two may be missing."""

    declared: Declared | None
    observed: Observed | None


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field, before and after; ABSENT where a side has none. *why* says why a secret is listed."""

    path: Path
    before: Any
    after: Any
    why: Verdict | Literal[""] = ""


@dataclass(frozen=True, slots=True)
class Create:
    declared: Declared
    fields: tuple[FieldChange, ...] = ()
    action: ClassVar[Action] = "create"

    @property
    def key(self) -> Key:
        return self.declared.key


@dataclass(frozen=True, slots=True)
class Update:
    """A rename is a change of the path ("name",)."""

    declared: Declared
    observed: Observed
    fields: tuple[FieldChange, ...] = ()
    action: ClassVar[Action] = "update"

    @property
    def key(self) -> Key:
        return self.declared.key


@dataclass(frozen=True, slots=True)
class Replace:
    """Delete and create. *cause* is the key whose replacement forces this one.

    *begun* is there where an earlier run made the new object already and was cut off: what it still lacks.
    *attempt* counts the runs that made something of no use any more.
    """

    declared: Declared
    observed: Observed
    fields: tuple[FieldChange, ...] = ()
    cause: Key | None = None
    begun: Update | None = None
    attempt: int = 1
    action: ClassVar[Action] = "replace"

    @property
    def key(self) -> Key:
        return self.declared.key


@dataclass(frozen=True, slots=True)
class Delete:
    """*cause* is the key whose end takes this one with it; *reason* says why it goes."""

    observed: Observed
    fields: tuple[FieldChange, ...] = ()
    cause: Key | None = None
    reason: str = ""
    action: ClassVar[Action] = "delete"

    @property
    def key(self) -> Key:
        return self.observed.key


Change: TypeAlias = Create | Update | Replace | Delete


@dataclass(frozen=True, slots=True)
class Changes:
    items: tuple[Change, ...] = ()
    notices: tuple[Notice, ...] = ()
    consequences: tuple[Consequence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What earlier runs left to know, as a value; empty where nothing is kept."""

    ids: Ids = field(default_factory=dict[Key, str])
    secrets: Mapping[tuple[Ref, Path], SecretRecord] = field(default_factory=dict[tuple[Ref, Path], SecretRecord])
