"""What a field may hold besides JSON, and the one way to walk such a value.

Markers compare by what they identify and print safely: no `repr` in here ever shows a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, cast

Fields: TypeAlias = Mapping[str, Any]
Path: TypeAlias = tuple[str, ...]

SECRET_MASK: Final = "**********"


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
    """Which element: its kind and its name. On the declared side, a reference to it."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.name} ({self.kind})"


Ids: TypeAlias = Mapping[Key, str]


@dataclass(frozen=True, slots=True)
class Ref:
    """A pointer on the observed side: a kind and the id the server gave."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Named:
    """A choice from the server's list: equal by *id*, shown by *label*."""

    id: str
    label: str = field(compare=False)

    def __str__(self) -> str:
        return self.label


@dataclass(frozen=True, slots=True)
class Masked:
    """Observed: the server holds a secret here and shows none of it. Declared: keep the one that is there."""

    version: str | None = None

    def __str__(self) -> str:
        return SECRET_MASK


@dataclass(frozen=True, slots=True)
class Later:
    """A whole field, shown as *value* now; verified and settled once the operation on *on* is done."""

    on: Key
    value: Any


def walk(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every leaf inside *value* with the path to it: whatever is no mapping, list or tuple, or an empty one.

    The items of a list are "0", "1" and so on.
    """
    if isinstance(value, Mapping) and value:
        for key, inner in cast("Mapping[str, Any]", value).items():
            yield from walk(inner, (*path, key))
    elif isinstance(value, (list, tuple)) and value:
        for index, inner in enumerate(cast("list[Any]", value)):
            yield from walk(inner, (*path, str(index)))
    else:
        yield path, value


def leaves(value: Any) -> Iterator[Any]:
    """Every leaf inside *value*, without its path."""
    if isinstance(value, Mapping) and value:
        for inner in cast("Mapping[str, Any]", value).values():
            yield from leaves(inner)
    elif isinstance(value, (list, tuple)) and value:
        for inner in cast("list[Any]", value):
            yield from leaves(inner)
    else:
        yield value


def mapped(value: Any, function: Callable[[Any], Any], *, key: Callable[[Any], Any] = lambda key: key) -> Any:
    """*value* with what *function* makes of each leaf in its place, and *key* of each key; tuples become lists."""
    if isinstance(value, Mapping):
        fields = cast("Mapping[Any, Any]", value)
        return {key(name): mapped(inner, function, key=key) for name, inner in fields.items()}
    if isinstance(value, (list, tuple)):
        return [mapped(inner, function, key=key) for inner in cast("list[Any]", value)]
    return function(value)


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
