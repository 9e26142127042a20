"""What users declare: frozen dataclasses, and their fields as the engine compares them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache, cached_property
from typing import Any, ClassVar, cast

from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.secrets import Secret, secret_of
from dagster_managed_elements.engine.values import UNSET, Fields, Key, is_leaf, leaves, mapped


def plain(value: Any) -> Any:
    """*value* as the engine compares it: elements become Keys, Dagster's variables `Secret`, tuples lists, and an
    optional secret that is not there None.
    """
    return mapped(value, _plain_leaf, key=str)


def _plain_leaf(leaf: Any) -> Any:
    if isinstance(leaf, Element):
        return key_of(leaf)
    secret = secret_of(leaf)
    return None if isinstance(secret, Secret) and _is_absent(secret) else secret


def _is_absent(secret: Secret) -> bool:
    """One that cannot be read stays where it is, and is a problem of its own."""
    try:
        return secret.is_absent
    except DeclarationError:
        return False


@dataclass(frozen=True)
class Element:
    """The base of everything a user declares: a frozen dataclass per sort of thing, `name` first.

    Args:
        name: What it is called at the server, where names tell the objects of a kind apart.
        protect: Whether every plan that would delete or replace it is refused. Once its line is gone nothing
            remembers that but a state: without one it goes like anything undeclared.
        ignore: Paths whose differences are not changes, such as `"provider.user_agent"`. Where it is made anew
            they are written as declared, and shown; only a connection keeps whole fields, none of its streams.
        renamed_from: The name the object has today, where it is to be renamed.
    """

    kind: ClassVar[str]

    name: str
    protect: bool = field(default=False, kw_only=True)
    ignore: tuple[str, ...] = field(default=(), kw_only=True)
    renamed_from: str | None = field(default=None, kw_only=True)

    @cached_property
    def key(self) -> Key:
        """Which element this is; a subclass may have a `key` of its own, and the engine does not ask here."""
        return key_of(self)

    def fields(self) -> Fields:
        """What is compared and sent: by default every dataclass field, elements as Keys, UNSET left out."""
        values = ((name, getattr(self, name)) for name in _names(type(self)) if name not in _ENGINE_FIELDS)
        return {name: plain(value) for name, value in values if value is not UNSET}

    def parts(self) -> tuple[Element, ...]:
        """The elements this one refers to: declared with it, so that naming a connection is enough."""
        found: list[Element] = []
        for name in _names(type(self)):
            value = getattr(self, name)
            inside = (value,) if is_leaf(value.__class__) else leaves(value)
            found += [leaf for leaf in inside if isinstance(leaf, Element)]
        return tuple(found)


@dataclass(frozen=True)
class Removed(Element):
    """A tombstone: what is to go, and why; made by `removed`. What is gone already is no difference."""

    kind: str = field(kw_only=True)  # pyright: ignore[reportIncompatibleVariableOverride] - each has its own
    reason: str = field(kw_only=True)
    on: date | None = field(default=None, kw_only=True)

    def fields(self) -> Fields:
        return {}


@dataclass(frozen=True)
class Restored(Element):
    """What is to be as it once was, of whatever kind: its fields as they are compared, and the id of the object
    that it takes the place of, where that was deleted.
    """

    kind: str = field(kw_only=True)  # pyright: ignore[reportIncompatibleVariableOverride] - each has its own
    as_it_was: Mapping[str, Any] = field(kw_only=True, repr=False)
    in_place_of: str | None = field(default=None, kw_only=True)

    def fields(self) -> Fields:
        return self.as_it_was

    def parts(self) -> tuple[Element, ...]:
        return ()


def removed(kind: type[Element] | str, name: str, *, reason: str, on: date | None = None) -> Removed:
    """Declare that something is to go, and why: a removal that is reviewed as a line of its own, and planned as a
    deletion that shows the reason; before its day it is only said.

    Args:
        kind: The class it was declared by, or the word a plan prints behind its name.
        name: Its name.
        reason: Why it is to go.
        on: The day (UTC) from which it is; at once if None.

    Raises:
        DeclarationError: Where there is no such kind, or no reason.
    """
    word = cast("object", kind if isinstance(kind, str) else getattr(kind, "kind", None))
    if not isinstance(word, str):
        raise DeclarationError(f"removed() wants the class of an element or its kind, not {kind!r}.")
    if not (isinstance(cast("object", reason), str) and reason.strip()):
        raise DeclarationError(f"removed() wants a reason for the end of {name}.")
    if not isinstance(cast("object", on), (date, type(None))) or isinstance(on, datetime):
        raise DeclarationError(f"on= wants a date, such as date(2030, 1, 31), not {on!r}.")
    return Removed(name, kind=word, reason=reason, on=on)


def key_of(element: Element) -> Key:
    """The name as text, whatever was given: what is no name is found where everything declared is checked."""
    return Key(element.kind, str(element.name))


def reachable(elements: Iterable[Element]) -> Iterator[Element]:
    """*elements* and all that they refer to as elements, each object once."""
    seen: set[int] = set()
    ahead = list(elements)
    while ahead:
        element = ahead.pop()
        if id(element) not in seen:
            seen.add(id(element))
            yield element
            ahead += element.parts()


@cache
def _names(kind: type[Element]) -> tuple[str, ...]:
    return tuple(f.name for f in dataclasses.fields(kind))


_ENGINE_FIELDS = frozenset(f.name for f in dataclasses.fields(Element))
