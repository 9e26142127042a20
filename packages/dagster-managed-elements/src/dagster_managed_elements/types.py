"""The names upstream's users import: the tree of differences, and what a reconciler is.

A ManagedElementDiff is a value: every method returns a new one, and its text never holds a secret or a colour.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, cast

from dagster_managed_elements.engine.changes import FieldChange
from dagster_managed_elements.engine.presentation import Entry, labels
from dagster_managed_elements.engine.values import ABSENT, SECRET_MASK
from dagster_managed_elements.rendering.values import (
    SANITIZE_KEY_EXACT_MATCHES,
    SANITIZE_KEY_KEYWORDS,
    escape,
    inline,
    inline_sides,
    is_key_secret,
    masked_by_name,
    visible,
)

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "SANITIZE_KEY_EXACT_MATCHES",
    "SANITIZE_KEY_KEYWORDS",
    "SECRET_MASK_VALUE",
    "DiffData",
    "ManagedElementCheckResult",
    "ManagedElementDiff",
    "ManagedElementError",
    "ManagedElementReconciler",
    "ModifiedDiffData",
    "is_key_secret",
    "to_diff",
]

SECRET_MASK_VALUE: Final = SECRET_MASK


class ManagedElementError(Enum):
    """What a reconciler may return in place of a diff."""

    CANNOT_CONNECT = "cannot_connect"


class _DiffData(NamedTuple):
    key: str
    value: Any


class DiffData(_DiffData):
    """A key that is only on one side, and its value there.

    Attributes:
        key: What is added or deleted.
        value: What it has.
    """

    __slots__ = ()

    def __new__(cls, key: str, value: Any) -> Self:
        return super().__new__(cls, _text(key), value)

    def __str__(self) -> str:
        return f"Key: {escape(self.key)}, Value: {inline(masked_by_name(self.key, self.value))}"

    def __repr__(self) -> str:
        return f"DiffData(key={self.key!r}, value={masked_by_name(self.key, self.value)!r})"


class _ModifiedDiffData(NamedTuple):
    key: str
    old_value: Any
    new_value: Any


class ModifiedDiffData(_ModifiedDiffData):
    """A key that is on both sides, and the value it has on each.

    Attributes:
        key: What is modified.
        old_value: As observed.
        new_value: As declared.
    """

    __slots__ = ()

    def __new__(cls, key: str, old_value: Any, new_value: Any) -> Self:
        return super().__new__(cls, _text(key), old_value, new_value)

    def __str__(self) -> str:
        old, new = inline_sides(*(masked_by_name(self.key, side) for side in (self.old_value, self.new_value)))
        return f"Key: {escape(self.key)}, Old Value: {old}, New Value: {new}"

    def __repr__(self) -> str:
        old, new = (masked_by_name(self.key, value) for value in (self.old_value, self.new_value))
        return f"ModifiedDiffData(key={self.key!r}, old_value={old!r}, new_value={new!r})"


def _text(key: object) -> str:
    if not isinstance(key, str):
        message = f"a key of a diff is a str, not {type(key).__name__}: {key!r}"
        raise TypeError(message)
    return key


Lines: TypeAlias = list[str]


@dataclass(frozen=True, slots=True, eq=False)
class ManagedElementDiff:
    """What differs.

    Args:
        additions: Keys that are declared alone.
        deletions: Keys that are observed alone.
        modifications: Keys that are on both sides, with other values.
        nested: Diffs under a key of their own.
    """

    additions: Sequence[DiffData] = field(default_factory=list[DiffData])
    deletions: Sequence[DiffData] = field(default_factory=list[DiffData])
    modifications: Sequence[ModifiedDiffData] = field(default_factory=list[ModifiedDiffData])
    nested: Mapping[str, ManagedElementDiff] = field(default_factory=dict[str, "ManagedElementDiff"], kw_only=True)

    def __post_init__(self) -> None:
        """None is nothing, as upstream has it."""
        for name in ("additions", "deletions", "modifications", "nested"):
            if getattr(self, name) is None:
                object.__setattr__(self, name, {} if name == "nested" else [])

    def add(self, name: str, value: Any) -> ManagedElementDiff:
        """The diff with one more addition.

        Args:
            name: The key.
            value: What is declared.
        """
        return replace(self, additions=[*self.additions, DiffData(name, value)])

    def delete(self, name: str, value: Any) -> ManagedElementDiff:
        """The diff with one more deletion.

        Args:
            name: The key.
            value: What is observed.
        """
        return replace(self, deletions=[*self.deletions, DiffData(name, value)])

    def modify(self, name: str, old_value: Any, new_value: Any) -> ManagedElementDiff:
        """The diff with one more modification.

        Args:
            name: The key.
            old_value: What is observed.
            new_value: What is declared.
        """
        change = ModifiedDiffData(name, old_value, new_value)
        return replace(self, modifications=[*self.modifications, change])

    def with_nested(self, name: str, nested: ManagedElementDiff) -> ManagedElementDiff:
        """The diff with another under a key of its own.

        Args:
            name: The key.
            nested: What differs there.
        """
        return replace(self, nested={**self.nested, _text(name): nested})

    def join(self, other: ManagedElementDiff) -> ManagedElementDiff:
        """Both diffs in one; where both have a diff nested under one name, these are joined in turn.

        Args:
            other: The other one.
        """
        nested = dict(self.nested)
        for name, diff in other.nested.items():
            nested[name] = nested[name].join(diff) if name in nested else diff
        return ManagedElementDiff(
            [*self.additions, *other.additions],
            [*self.deletions, *other.deletions],
            [*self.modifications, *other.modifications],
            nested=nested,
        )

    def is_empty(self) -> bool:
        """Whether nothing differs, at any depth."""
        own = self.additions or self.deletions or self.modifications
        return not own and all(diff.is_empty() for diff in self.nested.values())

    def __eq__(self, other: object) -> bool:
        """Whether the same keys differ in the same way, whatever the order."""
        if not isinstance(other, ManagedElementDiff):
            return NotImplemented
        return self._by_key() == other._by_key()

    __hash__ = None  # pyright: ignore[reportAssignmentType] - it may hold lists and maps, as upstream's

    def _by_key(self) -> tuple[object, ...]:
        lists = (self.additions, self.deletions, self.modifications)
        return (*(sorted(entries, key=lambda data: data.key) for entries in lists), dict(self.nested))

    def get_diff_display_entries(self, indent: int = 0) -> tuple[Lines, Lines, Lines]:
        """The lines of what is added, deleted and modified; a block is modified unless all in it is one kind.

        Args:
            indent: How many spaces stand before each line.
        """
        pad = " " * indent
        adds = [f"{pad}+ {_line(data)}" for data in self.additions]
        deletes = [f"{pad}- {_line(data)}" for data in self.deletions]
        modifies = [f"{pad}~ {_modified(data)}" for data in self.modifications]
        for name, diff in self.nested.items():
            inner = diff.get_diff_display_entries(indent + 2)
            kinds = [sign for sign, lines in zip("+-~", inner, strict=True) if lines]
            sign = kinds[0] if len(kinds) == 1 else "~"
            block = [f"{pad}{sign} {escape(name)}:", *(line for lines in inner for line in lines)]
            if kinds:
                {"+": adds, "-": deletes, "~": modifies}[sign].extend(block)
        return adds, deletes, modifies

    def __str__(self) -> str:
        return "\n".join(line for lines in self.get_diff_display_entries() for line in lines)


def _line(each: DiffData) -> str:
    return f"{escape(each.key)}: {inline(masked_by_name(each.key, each.value))}".rstrip()


def _modified(each: ModifiedDiffData) -> str:
    old, new = inline_sides(*(masked_by_name(each.key, value) for value in (each.old_value, each.new_value)))
    return f"{escape(each.key)}: {old} -> {new}"


ManagedElementCheckResult: TypeAlias = ManagedElementDiff | ManagedElementError


class ManagedElementReconciler(ABC):
    """What the command line looks for in a module: something that can say what differs, and make it equal."""

    @abstractmethod
    def check(self, **kwargs: Any) -> ManagedElementCheckResult:
        """What an apply would change. Changes nothing.

        Args:
            **kwargs: What the command line hands on.
        """

    @abstractmethod
    def apply(self, **kwargs: Any) -> ManagedElementCheckResult:
        """Change it, and return what was changed.

        Args:
            **kwargs: What the command line hands on.
        """


def to_diff(entries: Iterable[Entry]) -> ManagedElementDiff:
    """The entries of a plan as a diff: one nested diff an element, secrets masked.

    An element without a visible field is an entry all the same, else a diff would be empty that is not.
    """
    entries = tuple(entries)
    nested: dict[str, ManagedElementDiff] = {}
    bare = ManagedElementDiff()
    for entry, label in zip(entries, labels(entries), strict=True):
        note = entry.aside
        name = f"{label} ({note})" if note else label
        inner = ManagedElementDiff()
        for change in (part for changed in entry.fields for part in changed.parts):
            inner = _with_field(inner, change)
        if not inner.is_empty():
            nested[name] = inner
        elif entry.action == "create":
            bare = bare.add(name, {})
        elif entry.action == "delete":
            bare = bare.delete(name, {})
        else:
            bare = bare.modify(label, "as it is", note or "updated")
    return replace(bare, nested=nested)


def _with_field(diff: ManagedElementDiff, change: FieldChange) -> ManagedElementDiff:
    name, *rest = change.path
    if rest:
        inner = replace(change, path=tuple(rest))
        return diff.with_nested(name, _with_field(diff.nested.get(name, ManagedElementDiff()), inner))
    before, after = (side if side is ABSENT else visible(side) for side in (change.before, change.after))
    if before is not ABSENT and after is not ABSENT:
        return diff.modify(name, before, after)
    gone = after is ABSENT
    value = before if gone else after
    if isinstance(value, dict) and value:
        for key, part in cast("dict[str, Any]", value).items():
            sides = (part, ABSENT) if gone else (ABSENT, part)
            diff = _with_field(diff, FieldChange((name, key), *sides))
        return diff
    return diff.delete(name, value) if gone else diff.add(name, value)
