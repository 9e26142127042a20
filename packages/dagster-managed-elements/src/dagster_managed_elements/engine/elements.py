"""What users declare, and the few values a field may hold besides JSON.

Markers compare by what they identify and print safely: no `repr` in here ever shows a secret.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final, TypeAlias, cast

from dagster_managed_elements.engine.fetching import from_call, from_environment, from_file

Fields: TypeAlias = Mapping[str, Any]

SECRET_MASK: Final = "**********"
_LITERAL: Final = "literal"


def is_sendable(text: str) -> bool:
    """Whether UTF-8 has it: a lone surrogate, half of a character of two, it has not."""
    return text.isascii() or not any("\ud800" <= each <= "\udfff" for each in text)


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


@dataclass(frozen=True, slots=True)
class Key:
    """Which element: its kind and its name. On the declared side, a reference to it."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.name} ({self.kind})"


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


@dataclass(frozen=True, slots=True, eq=False)
class Secret:
    """A value that may be written and is never read back, printed or logged.

    *reference* names where it comes from and is what two secrets are compared by; *read* fetches it. A *cheap*
    secret (a literal, an environment variable, a file) may be read at every check; any other is a callable that
    is called only when its value is about to be sent.
    """

    reference: str
    read: Callable[[], Any] = field(repr=False)
    cheap: bool = True
    fingerprint: str | None = None

    @classmethod
    def literal(cls, value: Any) -> Secret:
        """A secret written in the module itself, or found at a path the connector says is secret."""
        return cls(reference=_LITERAL, read=lambda: value)

    @classmethod
    def env(cls, variable: str, convert: Callable[[str], Any] = str) -> Secret:
        """The environment variable *variable*; reading it raises DeclarationError where it is not set."""
        return cls(reference=f"env:{variable}", read=lambda: from_environment(variable, convert))

    @classmethod
    def file(cls, path: str | Path) -> Secret:
        """The text of the file at *path*, without its last line break."""
        return cls(reference=f"file:{path}", read=lambda: from_file(Path(path)))

    @classmethod
    def call(cls, function: Callable[[], Any], *, reference: str) -> Secret:
        """What *function* returns, say from a vault. Never called in a check, once in an apply that sends it.

        Reading it raises DeclarationError where *function* raises, or returns what is no JSON value. A rotation
        cannot be seen without calling it: put a version into *reference*.
        """
        return cls(reference=f"call:{reference}", read=lambda: from_call(function, reference), cheap=False)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        same = self.reference == other.reference
        return same and (self.reference != _LITERAL or self.read() == other.read())

    def __hash__(self) -> int:
        return hash(self.reference)

    def __repr__(self) -> str:
        return SECRET_MASK

    __str__ = __repr__


def EnvVar(variable: str) -> Secret:  # noqa: N802 - dagster users know it by this name
    """A secret from the environment variable *variable*, read when it is needed, never printed."""
    return Secret.env(variable)


def reveal(value: Any) -> Any:
    """*value* with every secret in it read; for what is about to be sent, and nothing else."""
    if isinstance(value, Secret):
        return value.read()
    if isinstance(value, Mapping):
        return {key: reveal(inner) for key, inner in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [reveal(inner) for inner in cast("list[Any]", value)]
    return value


def plain(value: Any) -> Any:
    """*value* as the engine compares it: elements become Keys, foreign secret markers `Secret`, tuples lists.

    Dagster's EnvVar and IntEnvVar are subclasses of str and int whose *value* is the variable's name, so they
    would be sent as that name. They are recognised by class name: dagster itself is not imported for it.
    """
    if (foreign := _foreign_variable(value)) is not None:
        return foreign
    if isinstance(value, Element):
        return value.key
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in cast("list[Any]", value)]
    return value


def _foreign_variable(value: Any) -> Secret | None:
    kind = cast("type[object]", type(value))
    if not kind.__module__.startswith("dagster.") or kind.__name__ not in {"EnvVar", "IntEnvVar"}:
        return None
    return Secret.env(value.env_var_name, str if kind.__name__ == "EnvVar" else int)


@dataclass(frozen=True)
class Element:
    """The base of everything a user declares: a frozen dataclass per sort of thing, `name` first.

    *protect* refuses every plan that would delete or replace it; *ignore* lists paths whose differences are not
    changes (`"provider.user_agent"`); *renamed_from* is the name the object has today.
    """

    kind: ClassVar[str]

    name: str
    protect: bool = field(default=False, kw_only=True)
    ignore: tuple[str, ...] = field(default=(), kw_only=True)
    renamed_from: str | None = field(default=None, kw_only=True)

    @property
    def key(self) -> Key:
        return Key(self.kind, self.name)

    def fields(self) -> Fields:
        """What is compared and sent: by default every dataclass field, elements as Keys, UNSET left out."""
        own = (f.name for f in dataclasses.fields(self) if f.name not in _ENGINE_FIELDS)
        values = ((name, getattr(self, name)) for name in own)
        return {name: plain(value) for name, value in values if value is not UNSET}

    def parts(self) -> tuple[Element, ...]:
        """The elements this one refers to: declared with it, so that naming a connection is enough."""
        values = (getattr(self, f.name) for f in dataclasses.fields(self))
        return tuple(value for outer in values for value in _elements(outer))


_ENGINE_FIELDS = frozenset(f.name for f in dataclasses.fields(Element))


def _elements(value: Any) -> list[Element]:
    if isinstance(value, Element):
        return [value]
    if isinstance(value, Mapping):
        value = list(cast("Mapping[Any, Any]", value).values())
    if isinstance(value, (list, tuple)):
        return [element for inner in cast("list[Any]", value) for element in _elements(inner)]
    return []
