"""The two sides and what lies between them, as values: Declared, Observed, and a closed set of Changes.

Nothing here acts. Every stage hands these on; none alters one it was lent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, TypeAlias, cast

from dagster_managed_elements.engine.elements import Fields, Key, Later, Ref

Path: TypeAlias = tuple[str, ...]
Ids: TypeAlias = Mapping[Key, str]


class Absent:
    """The type of `ABSENT`: the side of a FieldChange on which there is nothing."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()


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
    """One object as the server has it. *raw* is the kind's own; it is never compared, saved or shown."""

    kind: str
    name: str
    id: str
    fields: Fields
    raw: Any = field(default=None, compare=False, repr=False)

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
    why: str = ""


@dataclass(frozen=True, slots=True)
class Create:
    declared: Declared
    fields: tuple[FieldChange, ...] = ()
    action: ClassVar[str] = "create"

    @property
    def key(self) -> Key:
        return self.declared.key


@dataclass(frozen=True, slots=True)
class Update:
    """A rename is a change of the path ("name",)."""

    declared: Declared
    observed: Observed
    fields: tuple[FieldChange, ...] = ()
    action: ClassVar[str] = "update"

    @property
    def key(self) -> Key:
        return self.declared.key


@dataclass(frozen=True, slots=True)
class Replace:
    """Delete, then create. *cause* is the key whose replacement forces this one."""

    declared: Declared
    observed: Observed
    fields: tuple[FieldChange, ...] = ()
    cause: Key | None = None
    action: ClassVar[str] = "replace"

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
    action: ClassVar[str] = "delete"

    @property
    def key(self) -> Key:
        return self.observed.key


Change: TypeAlias = Create | Update | Replace | Delete


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a declaration cannot be right. All of them are reported at once, before any write."""

    key: Key
    path: Path
    message: str

    def __str__(self) -> str:
        where = ".".join((str(self.key.name), *self.path))
        return f"{where}: {self.message}"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something worth saying that is no change. *code* is for machines, *text* for people."""

    key: Key
    path: Path
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Consequence:
    """What a change does beside what its fields say. A *destructive* one is asked about or refused."""

    key: Key
    code: str
    text: str
    destructive: bool = True


@dataclass(frozen=True, slots=True)
class Changes:
    items: tuple[Change, ...] = ()
    notices: tuple[Notice, ...] = ()
    consequences: tuple[Consequence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRecord:
    """What was known of a secret when it was last written: enough to see a change, too little to read it."""

    reference: str
    fingerprint: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What earlier runs left to know, as a value; empty where nothing is kept."""

    ids: Ids = field(default_factory=dict[Key, str])
    secrets: Mapping[tuple[Ref, Path], SecretRecord] = field(default_factory=dict[tuple[Ref, Path], SecretRecord])


def references(value: Any) -> Iterator[Key]:
    """Every declared reference inside *value*, those of a Later included."""
    if isinstance(value, Key):
        yield value
    elif isinstance(value, Later):
        yield value.on
        yield from references(value.value)
    else:
        for inner in _inside(value):
            yield from references(inner)


def pointers(value: Any) -> Iterator[Ref]:
    """Every observed reference inside *value*."""
    if isinstance(value, Ref):
        yield value
    else:
        for inner in _inside(value):
            yield from pointers(inner)


def _inside(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        yield from cast("Mapping[str, Any]", value).values()
    elif isinstance(value, (list, tuple)):
        yield from cast("list[Any]", value)
