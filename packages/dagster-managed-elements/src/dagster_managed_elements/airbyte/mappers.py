"""Mappers of a stream: what Airbyte does to its rows on the way, in the order they are declared.

`AirbyteStream(..., mappers=[mappers.Hashing("email")])`. A mapper of tomorrow may be given as Airbyte writes it:
`{"type": "...", "mapperConfiguration": {...}}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Final, TypeAlias, cast

from dagster_managed_elements.engine.adoption import Spelled
from dagster_managed_elements.engine.elements import plain
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.secrets import Secret, secret_of, sounds_secret
from dagster_managed_elements.engine.values import Path, mapped_at

_HASHES: Final = ("MD2", "MD5", "SHA-1", "SHA-224", "SHA-256", "SHA-384", "SHA-512")
_MODES: Final = ("CBC", "CFB", "OFB", "CTR", "GCM", "ECB")
_PADDINGS: Final = ("NoPadding", "PKCS5Padding")


class Mapper:
    """The base of the mappers that Airbyte has.

    Attributes:
        type: Airbyte's word for it; those for the attributes are theirs in camelCase.
    """

    __slots__ = ()
    type: ClassVar[str]

    def configuration(self) -> dict[str, Any]:
        """As Airbyte's APIs write it; a secret stays one."""
        return {_camel(own.name): getattr(self, own.name) for own in fields(cast("Any", self))}


@dataclass(frozen=True, slots=True)
class Hashing(Mapper):
    """Puts a hash in the place of a column.

    Args:
        target_field: The column.
        method: MD2, MD5, SHA-1, SHA-224, SHA-256, SHA-384 or SHA-512.
        field_name_suffix: Put behind the column's name.

    Raises:
        DeclarationError: Where a value is of another type, or none that Airbyte has.
    """

    type: ClassVar[str] = "hashing"

    target_field: str
    method: str = "SHA-256"
    field_name_suffix: str = "_hashed"

    def __post_init__(self) -> None:
        _require_texts(self)
        _require_one_of(self, "method", _HASHES)


@dataclass(frozen=True, slots=True)
class FieldRenaming(Mapper):
    """Gives a column another name.

    Args:
        original_field_name: As the source calls it.
        new_field_name: As the destination gets it.

    Raises:
        DeclarationError: Where a value is of another type, or none that Airbyte has.
    """

    type: ClassVar[str] = "field-renaming"

    original_field_name: str
    new_field_name: str

    def __post_init__(self) -> None:
        _require_texts(self)
        if not self.new_field_name:
            raise DeclarationError("FieldRenaming: new_field_name is a name, not ''.")


@dataclass(frozen=True, slots=True)
class FieldFiltering(Mapper):
    """Leaves a column out.

    Args:
        target_field: The column.

    Raises:
        DeclarationError: Where a value is of another type, or none that Airbyte has.
    """

    type: ClassVar[str] = "field-filtering"

    target_field: str

    def __post_init__(self) -> None:
        _require_texts(self)


@dataclass(frozen=True, slots=True)
class AesEncryption(Mapper):
    """Encrypts a column by AES.

    Args:
        target_field: The column.
        key: 32, 48 or 64 hexadecimal digits, and a secret: best an `EnvVar` or another `Secret`. A text becomes
            one.
        mode: CBC, CFB, OFB, CTR, GCM or ECB.
        padding: NoPadding or PKCS5Padding.
        field_name_suffix: Put behind the column's name.

    Raises:
        DeclarationError: Where a value is of another type, or none that Airbyte has.
    """

    type: ClassVar[str] = "encryption"

    target_field: str
    key: str | Secret
    mode: str = "GCM"
    padding: str = "NoPadding"
    field_name_suffix: str = "_encrypted"

    def __post_init__(self) -> None:
        key = secret_of(self.key)
        if not isinstance(key, (str, Secret)):
            raise DeclarationError(f"{_named(self)} wants a text or a secret as its key, not {type(key).__name__}.")
        object.__setattr__(self, "key", Secret.literal(key))
        _require_texts(self, besides="key")
        _require_one_of(self, "mode", _MODES)
        _require_one_of(self, "padding", _PADDINGS)

    def configuration(self) -> dict[str, Any]:
        return {"algorithm": "AES", **Mapper.configuration(self)}


@dataclass(frozen=True, slots=True)
class RsaEncryption(Mapper):
    """Encrypts a column by RSA.

    Args:
        target_field: The column.
        public_key: What it is encrypted with, in hexadecimal digits (of its DER): no secret.
        field_name_suffix: Put behind the column's name.

    Raises:
        DeclarationError: Where a value is of another type, or none that Airbyte has.
    """

    type: ClassVar[str] = "encryption"

    target_field: str
    public_key: str | Secret
    field_name_suffix: str = "_encrypted"

    def __post_init__(self) -> None:
        object.__setattr__(self, "public_key", secret_of(self.public_key))
        besides = "public_key" if isinstance(self.public_key, Secret) else ""
        _require_texts(self, besides=besides)

    def configuration(self) -> dict[str, Any]:
        return {"algorithm": "RSA", **Mapper.configuration(self)}


@dataclass(frozen=True, slots=True)
class Equal:
    """Holds for a row that has a certain value in a column.

    Args:
        field_name: The column.
        comparison_value: What it has to be, as text.

    Raises:
        DeclarationError: Where a value is of another type, or none that Airbyte has.
    """

    field_name: str
    comparison_value: str

    def __post_init__(self) -> None:
        _require_texts(self)

    def condition(self) -> dict[str, Any]:
        return {"type": "EQUAL", "fieldName": self.field_name, "comparisonValue": self.comparison_value}


@dataclass(frozen=True, slots=True, init=False)
class _Several:
    """One condition made of others."""

    conditions: tuple[Condition, ...]

    def __init__(self, *conditions: Condition) -> None:
        """Raises DeclarationError where there is none, or what is none."""
        if not conditions or not all(isinstance(cast("object", one), (Equal, _Several)) for one in conditions):
            raise DeclarationError(f"{_named(self)} is made of conditions: Equal, Not, And, Or.")
        object.__setattr__(self, "conditions", conditions)

    def spelled(self) -> Spelled:
        return Spelled(type(self).__name__, self.conditions)

    def condition(self) -> dict[str, Any]:
        """In what Airbyte's APIs have: EQUAL, and NOT, which holds where none of its conditions does."""
        raise NotImplementedError


class Not(_Several):
    """Holds for a row for which none of its conditions does.

    Args:
        *conditions: `Equal`, `Not`, `And` or `Or`, one at least.
    """

    __slots__ = ()

    def condition(self) -> dict[str, Any]:
        return _none_of(one.condition() for one in self.conditions)


class Or(_Several):
    """Holds for a row for which one of its conditions does, or more of them.

    Args:
        *conditions: `Equal`, `Not`, `And` or `Or`, one at least.
    """

    __slots__ = ()

    def condition(self) -> dict[str, Any]:
        return _none_of([Not(*self.conditions).condition()])


class And(_Several):
    """Holds for a row for which all of its conditions do.

    Args:
        *conditions: `Equal`, `Not`, `And` or `Or`, one at least.
    """

    __slots__ = ()

    def condition(self) -> dict[str, Any]:
        return _none_of(Not(one).condition() for one in self.conditions)


Condition: TypeAlias = Equal | Not | And | Or


@dataclass(frozen=True, slots=True)
class RowFiltering(Mapper):
    """Keeps the rows for which a condition holds, and no other.

    Args:
        conditions: `Equal`, `Not`, `And` or `Or`.

    Raises:
        DeclarationError: Where a value is of another type, or none that Airbyte has.
    """

    type: ClassVar[str] = "row-filtering"

    conditions: Condition

    def __post_init__(self) -> None:
        if not isinstance(cast("object", self.conditions), (Equal, _Several)):
            raise DeclarationError("RowFiltering wants a condition: Equal, Not, And, Or.")

    def configuration(self) -> dict[str, Any]:
        return {"conditions": self.conditions.condition()}


def block_of(mapper: object) -> dict[str, Any]:
    """A mapper as it is shown and compared: its configuration under its type. DeclarationError where it is none."""
    if isinstance(mapper, Mapper):
        return {mapper.type: mapper.configuration()}
    match mapper:
        case {"type": str(kind), "mapperConfiguration": Mapping()}:
            own = cast("Mapping[str, Any]", cast("Any", mapper)["mapperConfiguration"])
            return {kind: with_secrets(kind, plain(own))}
        case _:
            text = (
                "mappers= wants mappers such as mappers.Hashing, or mappings with the keys type and "
                f"mapperConfiguration, not {type(mapper).__name__}."
            )
            raise DeclarationError(text)


def mapper_of(block: Mapping[str, Any]) -> Mapper | dict[str, Any]:
    """What is declared to be shown and compared as *block*: one of the mappers here, else as Airbyte writes it."""
    ((kind, configuration),) = block.items()
    for known in (Hashing, FieldRenaming, FieldFiltering, AesEncryption, RsaEncryption, RowFiltering):
        given = {own.name: configuration.get(_camel(own.name)) for own in fields(known)}
        if known is RowFiltering:
            given = {"conditions": _condition_of(configuration.get("conditions"))}
        try:
            mapper = known(**cast("dict[str, Any]", given))
        except DeclarationError:
            continue
        if block_of(mapper) == block:
            return mapper
    return {"type": kind, "mapperConfiguration": configuration}


def _condition_of(shown: Any) -> Condition | None:
    """None where it is none of those that Airbyte has; the mapper then refuses it."""
    match shown:
        case {"type": "EQUAL", "fieldName": str(name), "comparisonValue": str(value)}:
            return Equal(name, value)
        case {"type": "NOT", "conditions": [{"type": "NOT", "conditions": [_, _, *_] as several}]}:
            return _made(Or, several)
        case {"type": "NOT", "conditions": [_, _, *_] as several} if all(map(_is_not_of_one, several)):
            return _made(And, [one["conditions"][0] for one in cast("list[Any]", several)])
        case {"type": "NOT", "conditions": [*several]}:
            return _made(Not, several)
        case _:
            return None


def _is_not_of_one(shown: Any) -> bool:
    match shown:
        case {"type": "NOT", "conditions": [_]}:
            return True
        case _:
            return False


def _made(several: type[Not | And | Or], shown: Sequence[Any]) -> Condition | None:
    inner = [condition for one in shown if (condition := _condition_of(one)) is not None]
    return several(*inner) if len(inner) == len(shown) and inner else None


def is_secret(kind: str, key: str) -> bool:
    """Whether a text under *key* of a mapper of type *kind* is secret: of an unknown type, what sounds so."""
    return key == "key" if kind in TYPES else sounds_secret(key)


TYPES: Final = frozenset(
    known.type for known in (Hashing, FieldRenaming, FieldFiltering, AesEncryption, RowFiltering)
)
"""Those that Airbyte has."""


def with_secrets(kind: str, value: Any) -> Any:
    """*value*, of a mapper of type *kind*, with a Secret for each text that is one, by the name it stands under."""

    def secret(path: Path, leaf: Any) -> Any:
        name = next((step for step in reversed(path) if not step.isdecimal()), "")
        return Secret.literal(leaf) if isinstance(leaf, str) and is_secret(kind, name) else leaf

    return mapped_at(value, secret)


def _none_of(conditions: Any) -> dict[str, Any]:
    return {"type": "NOT", "conditions": list(conditions)}


def _camel(name: str) -> str:
    return re.sub("_([a-z])", lambda found: found[1].upper(), name)


def _named(value: object) -> str:
    return type(value).__name__


def _require_texts(value: Any, *, besides: str = "") -> None:
    for own in fields(value):
        given = getattr(value, own.name)
        if own.name != besides and not isinstance(given, str):
            raise DeclarationError(f"{_named(value)}: {own.name} wants a text, not {type(given).__name__}.")


def _require_one_of(value: Any, name: str, known: Sequence[str]) -> None:
    if (given := getattr(value, name)) not in known:
        raise DeclarationError(f"{_named(value)}: {name} is one of {', '.join(known)}, not {given!r}.")
