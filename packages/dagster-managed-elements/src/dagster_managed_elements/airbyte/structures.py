"""What has fields, wherever a mapping may stand: dataclasses, msgspec structs, pydantic models (v1 and v2).

A model is read by its fields, under their aliases; its serializers are not run, which print a secret's mask. What
was not given counts with its default, since that is declared too; None counts as nothing, as it does in a mapping.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any, ClassVar, Final, Protocol, TypeAlias, cast
from uuid import UUID

import msgspec

from dagster_managed_elements.engine.elements import Element
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import DEEPEST, UNSET, Key, Later, Masked, Named, Ref, leaves


class DataclassLike(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Any]]


class PydanticModel(Protocol):
    def model_dump(self) -> dict[str, Any]: ...


class PydanticModelOfV1(Protocol):
    def dict(self) -> dict[str, Any]: ...


Configuration: TypeAlias = Mapping[str, Any] | DataclassLike | msgspec.Struct | PydanticModel | PydanticModelOfV1
"""What a configuration may be given as. A TypedDict is a mapping."""

WIRE_NAME: Final = "setting"
"""The key in a dataclass field's `metadata` that says what the setting is called, where Python has no such name."""

_Pairs: TypeAlias = Iterator[tuple[str, Any]]

_VALUES: Final = (Secret, Masked, Element, Key, Ref, Named, Later)
"""Dataclasses that stand for one value, or for themselves."""


def as_mapping(value: Any) -> Any:
    """*value* with a mapping in place of each thing in it that has fields; itself where there is none.

    Raises DeclarationError where such a thing contains itself.
    """
    try:
        if not any(_reader(cast("type[Any]", type(leaf))) for leaf in leaves(value)):
            return value
    except (
        RecursionError
    ):  # of plain mappings and lists: found, with its path, where everything declared is checked
        return value
    return _mapped(value, 0)


def _mapped(value: Any, depth: int) -> Any:
    """Walked by hand: a structure is opened on the way down, whatever it holds."""
    if depth > DEEPEST:
        raise DeclarationError(f"A configuration contains itself, or nests more than {DEEPEST} levels deep.")
    if isinstance(value, Mapping):
        return {key: _mapped(inner, depth + 1) for key, inner in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_mapped(inner, depth + 1) for inner in cast("list[Any]", value)]
    read = _reader(cast("type[Any]", type(value)))
    if read is None:
        return _plain(value)
    return {name: _mapped(inner, depth + 1) for name, inner in read(value) if not _is_unset(inner)}


def _reader(kind: type[Any]) -> Callable[[Any], _Pairs] | None:
    """How the fields of a *kind* of thing are read; None of what has none."""
    if kind in _SCALARS or issubclass(kind, _VALUES):
        return None
    if issubclass(kind, msgspec.Struct):
        return _of_struct
    if hasattr(kind, "__pydantic_fields__") or hasattr(kind, "model_fields"):
        return _of_pydantic
    if dataclasses.is_dataclass(kind):
        return _of_dataclass
    return _of_pydantic_v1 if hasattr(kind, "__fields__") and hasattr(kind, "__config__") else None


def _of_dataclass(value: Any) -> _Pairs:
    for field in dataclasses.fields(value):
        yield field.metadata.get(WIRE_NAME, field.name), getattr(value, field.name)


def _of_struct(value: msgspec.Struct) -> _Pairs:
    """With the tag of a tagged union; without defaults where the struct says `omit_defaults`."""
    config = value.__struct_config__
    if config.tag is not None and config.tag_field is not None:
        yield config.tag_field, config.tag
    for field in msgspec.structs.fields(type(value)):
        given = getattr(value, field.name)
        if config.omit_defaults and not field.required:
            is_made = field.default_factory is not msgspec.NODEFAULT
            if given == (field.default_factory() if is_made else field.default):
                continue
        yield field.encode_name, given


def _of_pydantic(value: Any) -> _Pairs:
    kind = cast("Any", type(value))
    fields = getattr(kind, "__pydantic_fields__", None) or kind.model_fields
    for name, field in fields.items():
        if not field.exclude:
            yield field.serialization_alias or field.alias or name, getattr(value, name)
    yield from (getattr(value, "model_extra", None) or {}).items()


def _of_pydantic_v1(value: Any) -> _Pairs:
    fields = cast("Any", type(value)).__fields__
    for name, given in cast("dict[str, Any]", vars(value)).items():
        field = fields.get(name)
        if field is None or not field.field_info.exclude:
            yield (field.alias if field else name), given


def _is_unset(value: Any) -> bool:
    return value is UNSET or value is msgspec.UNSET


def _plain(value: Any) -> Any:
    """What a model's field holds, as JSON has it: pydantic's secrets as ours, dates and the like as text."""
    if isinstance(value, (Enum, date, time, timedelta, UUID, Decimal)):
        return msgspec.to_builtins(value)
    is_of_pydantic = type(value).__module__.partition(".")[0] == "pydantic"
    if is_of_pydantic and hasattr(value, "get_secret_value"):
        secret = value.get_secret_value()
        return Secret.literal(secret.decode() if isinstance(secret, bytes) else _mapped(secret, 0))
    return str(value) if is_of_pydantic or isinstance(value, PurePath) else value  # an address, else


_SCALARS: Final = frozenset({str, int, float, bool, type(None)})
