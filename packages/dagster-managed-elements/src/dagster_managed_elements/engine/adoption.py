"""What is at a place, taken for declared: an element for each thing there, its secrets as environment variables."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, cast, runtime_checkable

from dagster_managed_elements.engine.elements import Element
from dagster_managed_elements.engine.findings import Notice
from dagster_managed_elements.engine.secrets import AsType, Secret
from dagster_managed_elements.engine.values import Key, Masked, Named, Path, Ref, mapped

LONGEST_SLUG: Final = 40


@dataclass(frozen=True, slots=True)
class Spelled:
    """How a value is written in Python.

    Args:
        name: What is written, which may have dots.
        arguments: Those of the call of it, where it is called.
    """

    name: str
    arguments: tuple[Any, ...] | None = None


@runtime_checkable
class Spelling(Protocol):
    """A value that is not written as the call of its class with its fields."""

    def spelled(self) -> Spelled: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """An element for what is there.

    Args:
        element: What declares it.
        group: Those of one belong together where there are many; what has none goes with the first thing it refers
            to that has one.
    """

    element: Element
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """The environment variable of the secret of *key* at *path*, which *as_type* makes of its text."""

    name: str
    key: Key
    path: Path
    as_type: AsType = str


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """All that is at a place as elements, referred-to first and by name; what of it is not, and why."""

    adopted: Sequence[Adopted]
    variables: Sequence[Variable] = ()
    notices: Sequence[Notice] = ()


@dataclass(slots=True, kw_only=True)
class AdoptContext:
    """What a kind may know while it adopts.

    Args:
        elements: Those of the kinds before it, by what they are on the server, or references to them; a kind adds
            its own.
        variables: The environment variables named so far, by name.
    """

    elements: dict[Ref, Element | Key] = field(default_factory=dict[Ref, Element | Key])
    variables: dict[str, Variable] = field(default_factory=dict[str, Variable])

    def secret(self, key: Key, path: Path, as_type: AsType = str) -> Secret:
        """A secret in an environment variable that is named for where it stands: the same name on every run.

        Args:
            key: Whose secret it is.
            path: Where it stands in the element's fields.
            as_type: What makes a value of the variable's text.
        """
        own, kind, below = slug(key.name, of=key), slug(key.kind, of=key), [slug(step, of=key) for step in path]
        tries = [[own, *below], [own, kind, *below], [kind, own, *below], [kind, own, *below, digest(key, path)]]
        for words in (words for words in tries if not words[0][:1].isdecimal()):
            name = "_".join(words).upper()
            known = self.variables.get(name)
            if known is None or (known.key, known.path) == (key, path):
                self.variables[name] = Variable(name=name, key=key, path=path, as_type=as_type)
                return Secret.env(name, as_type)
        raise ValueError(key)  # two that one digest does not tell apart

    def plain(self, kind: type[Element], key: Key, fields: Mapping[str, Any]) -> Element:
        """An element whose attributes are called as its fields are.

        Args:
            kind: The class of it.
            key: What it is called.
            fields: What is there. What *kind* has no attribute for, and what is None, is left out.

        Raises:
            KeyError: For a reference to what was not adopted.
        """
        known = {own.name: own.default for own in dataclasses.fields(kind)}
        given = {
            name: self._declared(key, (name,), value)
            for name, value in fields.items()
            if name in known and value is not None
        }
        in_type: dict[str, Any] = {
            name: tuple(value) if isinstance(known[name], tuple) else value for name, value in given.items()
        }
        return kind(key.name, **in_type)

    def _declared(self, key: Key, path: Path, value: Any) -> Any:
        if isinstance(value, Mapping):
            named = cast("Mapping[str, Any]", value)
            return {name: self._declared(key, (*path, name), inner) for name, inner in named.items()}
        match value:
            case Ref():
                return self.elements[value]
            case Masked() | Secret():
                return self.secret(key, path)
            case Named():
                return value.label
            case list() | tuple():
                return mapped(value, lambda leaf: self._declared(key, path, leaf))
            case _:
                return value


def slug(text: str, *, of: Key) -> str:
    """*text* in a to z, digits and underscores, not too long. What that leaves nothing of, or cuts, has a digest of
    *text* in its place or behind it; that of a kind has none.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_").lower()
    if 0 < len(words) <= LONGEST_SLUG:
        return words
    mark = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:6]
    return f"{words[:LONGEST_SLUG].rstrip('_') or re.sub(r'[^a-z0-9]+', '_', of.kind)}_{mark}"


def digest(key: Key, path: Path = ()) -> str:
    """A few characters that tell *key* from others whose names are much alike."""
    told = "\0".join((key.kind, key.name, *path))
    return hashlib.sha256(told.encode("utf-8", "backslashreplace")).hexdigest()[:6]


def not_adopted(key: Key, why: str) -> Notice:
    """That nothing declares what is there."""
    return Notice(key, (), "left-out", f"this {key.kind} is left out: {why}")


def left_alone(key: Key, label: str, why: str) -> Notice:
    """That what is declared says nothing of one field, which stays as it is."""
    return Notice(key, (label,), "left-alone", f"is left as it is: {why}")
