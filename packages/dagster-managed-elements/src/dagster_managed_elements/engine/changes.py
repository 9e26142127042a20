"""The two sides and what lies between them, as values: Declared, Observed, and a closed set of Changes.

Nothing here acts. Every stage hands these on; none alters one it was lent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, ClassVar, Literal, TypeAlias

from dagster_managed_elements.engine.errors import DeclarationError, ManagedElementsError
from dagster_managed_elements.engine.findings import Consequence, Notice
from dagster_managed_elements.engine.secrets import Secret, SecretRecord, Verdict
from dagster_managed_elements.engine.values import Fields, Ids, Key, Path, Ref, at

Action: TypeAlias = Literal["create", "update", "replace", "delete"]
Why: TypeAlias = Verdict | Literal["", "sent-along"]
Within: TypeAlias = tuple[tuple[Path, Why], ...]


@dataclass(frozen=True, slots=True)
class Removal:
    """That something is to go: why ("" where nobody was to say), and from which day *on*, if not at once."""

    reason: str
    on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One element as declared.

    Args:
        key: Which element.
        fields: What of it is compared and sent.
        owner: Which reconciler declared it.
        protect: As of the element.
        ignore: As of the element.
        renamed_from: As of the element.
        removal: That it is to go, of one that is.
        in_place_of: The id of the object that was deleted, of one that is to be as that was.
        facts: The kind's own, from resolve; never compared or shown.
    """

    key: Key
    fields: Fields
    owner: str = ""
    protect: bool = False
    ignore: tuple[str, ...] = ()
    renamed_from: str | None = None
    removal: Removal | None = None
    in_place_of: str | None = None
    facts: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One object as the server has it.

    Args:
        kind: The name of its kind.
        name: What it is called there; "" where that cannot be read.
        id: By which the server knows it.
        fields: What of it is compared, masked secrets as `Masked`.
        raw: The kind's own; never compared, saved or shown.
        fault: Why what the server says of it cannot be read: all that is known then is that it is there.
    """

    kind: str
    name: str
    id: str
    fields: Fields
    raw: Any = field(default=None, compare=False, repr=False)
    fault: ManagedElementsError | None = field(default=None, compare=False)
    # Asked for many times each, and made once.
    key: Key = field(init=False, compare=False, repr=False)
    ref: Ref = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", Key(self.kind, self.name))
        object.__setattr__(self, "ref", Ref(self.kind, self.id))


@dataclass(frozen=True, slots=True)
class Pair:
    """What is declared beside what is observed; one of the two may be missing.

    Args:
        declared: None where nobody declares it.
        observed: None where the server has none.
    """

    declared: Declared | None
    observed: Observed | None


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field, before and after.

    Args:
        path: Where it is, key by key.
        before: As observed; ABSENT where there is nothing.
        after: As declared; ABSENT where there is nothing.
        why: Why a secret is listed; "" for anything else. One of which nobody knows whether it is another is
            "sent-along" with the list that it is in.
        within: Of a list that is sent whole the paths inside of it that differ, each with its own *why*; none where
            that says less than the whole does.
    """

    path: Path
    before: Any
    after: Any
    why: Why = ""
    within: Within = field(default=(), compare=False)

    @property
    def parts(self) -> Iterable[FieldChange]:
        """What a reader is shown of it."""
        if not self.within:
            return (self,)
        return (
            FieldChange((*self.path, *inner), at(self.before, inner), at(self.after, inner), why)
            for inner, why in self.within
        )


@dataclass(frozen=True, slots=True)
class Create:
    """Something is to be made.

    Args:
        declared: What.
        fields: What it does to each field.
    """

    declared: Declared
    fields: tuple[FieldChange, ...] = ()
    action: ClassVar[Action] = "create"

    @property
    def key(self) -> Key:
        return self.declared.key

    @property
    def left(self) -> Fields:
        """Its fields once that is done."""
        return self.declared.fields


@dataclass(frozen=True, slots=True)
class Update:
    """Something is to be changed where it is; a rename is a change of the path ("name",).

    Args:
        declared: As it is to be.
        observed: As it is.
        fields: What it does to each field.
    """

    declared: Declared
    observed: Observed
    fields: tuple[FieldChange, ...] = ()
    action: ClassVar[Action] = "update"

    @property
    def key(self) -> Key:
        return self.declared.key

    @property
    def left(self) -> Fields:
        """Its fields once that is done: what is declared and differs, and is ignored, stays as it is."""
        changed = {field.path[0] for field in self.fields}
        new = {name: value for name, value in self.declared.fields.items() if name in changed}
        return {**self.observed.fields, **new}


@dataclass(frozen=True, slots=True)
class Replace:
    """Something is to be deleted and created anew.

    Args:
        declared: As it is to be.
        observed: As it is.
        fields: What it does to each field.
        cause: The key whose replacement forces this one.
        begun: What the new object still lacks, where an earlier run made it already and was cut off.
        attempt: Counts the runs that made something of no use any more.
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

    @property
    def left(self) -> Fields:
        """Its fields once that is done."""
        return {**self.observed.fields, **self.declared.fields}


@dataclass(frozen=True, slots=True)
class Delete:
    """Something is to be deleted.

    Args:
        observed: As it is.
        fields: What it does to each field.
        cause: The key whose end takes this one with it.
        reason: Why it goes.
        declared: What declares that it does.
    """

    observed: Observed
    fields: tuple[FieldChange, ...] = ()
    cause: Key | None = None
    reason: str = ""
    declared: Declared | None = None
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
    """What earlier runs left to know, as a value; empty where nothing is kept.

    *owners* are the names of the reconcilers that declared an object, *protected* what was declared so; both hold
    until an apply records otherwise. *begun* are elements that an apply which was cut off was about to create.
    *sign* is what would be recorded today of a declared secret at a path of an object, without its version; None
    where nothing is kept. *versions* are those that the server has now, where it was asked.
    """

    ids: Ids = field(default_factory=dict[Key, str])
    secrets: Mapping[tuple[Ref, Path], SecretRecord] = field(default_factory=dict[tuple[Ref, Path], SecretRecord])
    owners: Mapping[Ref, frozenset[str]] = field(default_factory=dict[Ref, frozenset[str]])
    protected: frozenset[Ref] = frozenset()
    begun: frozenset[Key] = frozenset()
    sign: Callable[[Ref, Path, Secret], SecretRecord] | None = None
    versions: Mapping[tuple[Ref, Path], str] = field(default_factory=dict[tuple[Ref, Path], str])

    def recorded(self, key: Key, ref: Ref, path: Path) -> SecretRecord | None:
        """What is known of the secret at *path*; of one that was to be created with its element, that it was."""
        if (record := self.secrets.get((ref, path))) is not None:
            return record
        return SecretRecord(reference="", confirmed=False) if key in self.begun else None

    def signed(self, ref: Ref, path: Path, secret: Secret) -> SecretRecord | None:
        """What would be recorded of it today; nothing of what cannot be read here."""
        if self.sign is None:
            return None
        try:
            return replace(self.sign(ref, path, secret), version=self.versions.get((ref, path)))
        except DeclarationError:
            return None
