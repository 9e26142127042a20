"""What a field may hold besides JSON, and the one way to walk such a value.

Markers compare by what they identify and print safely: no `repr` in here ever shows a secret.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, TypeAlias, cast

Fields: TypeAlias = Mapping[str, Any]
Path: TypeAlias = tuple[str, ...]

SECRET_MASK: Final = "**********"

DEEPEST: Final = 100
"""How many levels a value may have: Python itself ends at some hundreds, JSON libraries at 128 and up."""


class Unset:
    """The type of `UNSET`, the value of a parameter nobody gave: not managed, not printed."""

    def __copy__(self) -> Unset:
        return self

    def __deepcopy__(self, _memo: object) -> Unset:
        return self

    def __reduce__(self) -> str:
        return "UNSET"

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False


UNSET: Final = Unset()


class Absent:
    """The type of `ABSENT`: the side of a FieldChange on which there is nothing."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()


@dataclass(frozen=True, slots=True)
class Key:
    """Which element; on the declared side, a reference to it.

    Args:
        kind: The name of its kind.
        name: Its own.
    """

    kind: str
    name: str

    def __hash__(self) -> int:
        """Of the name alone: that few kinds share one costs less than to hash both, a million times a run."""
        return hash(self.name)

    def __str__(self) -> str:
        return f"{self.name} ({self.kind})"


Ids: TypeAlias = Mapping[Key, str]


@dataclass(frozen=True, slots=True)
class Ref:
    """A pointer to another object, on the observed side.

    Args:
        kind: The name of its kind.
        id: That the server gave.
        label: Its name, where that is known.
    """

    kind: str
    id: str
    label: str = field(default="", compare=False)

    def __hash__(self) -> int:
        return hash(self.id)


@dataclass(frozen=True, slots=True)
class Named:
    """A choice from the server's list.

    Args:
        id: What two are compared by.
        label: What is shown.
    """

    id: str
    label: str = field(compare=False)

    def __str__(self) -> str:
        return self.label


@dataclass(frozen=True, slots=True)
class Masked:
    """Observed: the server holds a secret here and shows none of it. Declared: keep the one that is there."""

    def __str__(self) -> str:
        return SECRET_MASK


@dataclass(frozen=True, slots=True)
class Later:
    """A whole field that can be verified and settled only once something else is done.

    Args:
        on: What has to be done before.
        value: As it is shown until then.
    """

    on: Key
    value: Any


@cache
def is_leaf(kind: type) -> bool:
    """Whether what is of this type is no mapping, list or tuple.

    Asked once for each type: whether one is a Mapping, an abstract class, takes longer to find out than all else
    that is done with most values.
    """
    return not issubclass(kind, (dict, list, tuple, Mapping))


def walk(value: Any, path: Path = (), *, whole_lists: bool = False) -> Iterator[tuple[Path, Any]]:
    """Every leaf inside *value* with the path to it: whatever is no mapping, list or tuple, or an empty one.

    The items of a list are "0", "1" and so on; with *whole_lists* a list is a leaf.
    """
    if isinstance(value, (dict, Mapping)) and value:
        named = cast("Mapping[str, Any]", value).items()
    elif isinstance(value, (list, tuple)) and value and not whole_lists:
        named = ((str(index), inner) for index, inner in enumerate(cast("list[Any]", value)))
    else:
        yield path, value
        return
    for key, inner in named:
        if is_leaf(inner.__class__):
            yield (*path, key), inner
        else:
            yield from walk(inner, (*path, key), whole_lists=whole_lists)


def leaves(value: Any) -> Iterator[Any]:
    """Every leaf inside *value*, without its path."""
    if not (inside := _inside(value)):
        yield value
    for inner in inside:
        if is_leaf(inner.__class__):
            yield inner
        else:
            yield from leaves(inner)


def _inside(value: Any) -> Collection[Any]:
    """What a mapping, list or tuple holds, nothing of a leaf."""
    if is_leaf(value.__class__):
        return ()
    return cast("Mapping[Any, Any]", value).values() if isinstance(value, (dict, Mapping)) else value


def mapped(value: Any, function: Callable[[Any], Any], *, key: Callable[[Any], Any] = lambda key: key) -> Any:
    """*value* with what *function* makes of each leaf in its place, and *key* of each key; tuples become lists."""
    if is_leaf(value.__class__):
        return function(value)
    if isinstance(value, (dict, Mapping)):
        fields = cast("Mapping[Any, Any]", value)
        return {key(name): mapped(inner, function, key=key) for name, inner in fields.items()}
    return [mapped(inner, function, key=key) for inner in value]


def mapped_at(value: Any, function: Callable[[Path, Any], Any], path: Path = ()) -> Any:
    """As `mapped`, with the path to each leaf, as `walk` has it."""
    if is_leaf(value.__class__):
        return function(path, value)
    if isinstance(value, (dict, Mapping)):
        fields = cast("Mapping[str, Any]", value)
        return {name: mapped_at(inner, function, (*path, name)) for name, inner in fields.items()}
    return [mapped_at(inner, function, (*path, str(number))) for number, inner in enumerate(value)]


def replaced(value: Any, by: Mapping[Path, Any], path: Path = ()) -> Any:
    """*value* with what *by* has for a path in place of whatever stands there; ABSENT takes it out of its map."""
    if path in by:
        return by[path]
    if not by:
        return value
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        found = {key: replaced(inner, by, (*path, key)) for key, inner in fields.items()}
        return {key: inner for key, inner in found.items() if inner is not ABSENT}
    if isinstance(value, (list, tuple)):
        rows = enumerate(cast("list[Any]", value))
        return [replaced(inner, by, (*path, str(index))) for index, inner in rows]
    return value


def at(value: Any, path: Path) -> Any:
    """What stands at *path* inside *value*, ABSENT where nothing does."""
    for step in path:
        if isinstance(value, Mapping) and step in value:
            value = cast("Mapping[str, Any]", value)[step]
        elif isinstance(value, (list, tuple)) and step.isdecimal() and int(step) < len(cast("list[Any]", value)):
            value = cast("list[Any]", value)[int(step)]
        else:
            return ABSENT
    return value


def equal(before: Any, after: Any) -> bool:
    """Whether JSON that is observed and that is declared say the same: true is no 1, null is as good as nothing."""
    if before is ABSENT or before is None:
        return after is ABSENT or after is None
    if isinstance(before, bool) or isinstance(after, bool):
        return before is after
    if is_leaf(after.__class__):
        return bool(before == after)
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        old, new = cast("Mapping[str, Any]", before), cast("Mapping[str, Any]", after)
        return all(equal(old.get(key, ABSENT), new.get(key, ABSENT)) for key in {**old, **new})
    if isinstance(before, list) and isinstance(after, list):
        pairs = cast("list[Any]", before), cast("list[Any]", after)
        return len(pairs[0]) == len(pairs[1]) and all(map(equal, *pairs))
    return bool(before == after)


def overlap(one: Path, other: Path) -> bool:
    """Whether one of them leads through the other."""
    return one[: len(other)] == other or other[: len(one)] == one


def references(value: Any) -> Iterator[Key]:
    """Every declared reference inside *value*, those of a Later included."""
    for leaf in leaves(value):
        if isinstance(leaf, Key):
            yield leaf
        elif isinstance(leaf, Later):
            yield leaf.on
            yield from references(leaf.value)


def pointers(value: Any) -> Iterator[Ref]:
    """Every observed reference inside *value*."""
    return (leaf for leaf in leaves(value) if isinstance(leaf, Ref))


def is_sendable(text: str) -> bool:
    """Whether UTF-8 has it: a lone surrogate, half of a character of two, it has not."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def unsendable(value: Any) -> Iterator[tuple[Path, str]]:
    """Where in *value* something stands that no request can carry, and what; the value itself is not said."""
    sound: set[object] = set()  # keys that were looked at: each stands in the paths of all that lies below it
    for path, leaf in walk(value):
        if not sound.issuperset(path):
            odd = list(_unsendable_keys(path))
            yield from odd
            sound.update(() if odd else path)
        if (trouble := unsendable_leaf(leaf)) is not None:
            yield printable_path(path), trouble


def _unsendable_keys(path: Path) -> Iterator[tuple[Path, str]]:
    for depth, key in enumerate(cast("tuple[object, ...]", path)):
        if not isinstance(key, str):
            yield printable_path(path[:depth]), f"has a key that is not text but {type(key).__name__}"
        elif not is_sendable(key):
            yield printable_path(path[:depth]), f"has a key with half a character in it: {key!a}"


def unsendable_leaf(leaf: Any) -> str | None:
    """Why no request can carry *leaf*, None where one can."""
    if isinstance(leaf, str):
        return (
            None
            if is_sendable(leaf)
            else "has half a character in it (a lone surrogate), which no request can carry"
        )
    if isinstance(leaf, float):
        return None if math.isfinite(leaf) else "is no number that JSON has (NaN or infinite)"
    if isinstance(leaf, int) and not -(2**63) <= leaf < 2**64:
        return "is a whole number of more than 64 bits, which no request can carry"
    return None


def printable_path(path: Path) -> Path:
    """*path* with each key as text that UTF-8 has, whatever it is."""
    return tuple(str(key).encode("utf-8", "backslashreplace").decode() for key in path)


def nests_too_deep(value: Any, levels: int = DEEPEST) -> bool:
    """Whether *value* has more than so many *levels*, as one that contains itself has."""
    inside = _inside(value)
    if not inside or not levels:
        return bool(inside)
    return any(nests_too_deep(inner, levels - 1) for inner in inside if not is_leaf(inner.__class__))
