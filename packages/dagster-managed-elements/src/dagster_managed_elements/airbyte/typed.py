"""The base of the classes that `dagster-me types` writes: a connector's configuration, with its settings as fields.

A configuration is checked as it is made, by the same annotations that an editor checks. Everything that is wrong is
told at once; no value is.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from functools import lru_cache
from types import NoneType, UnionType
from typing import (
    Any,
    ClassVar,
    Final,
    Literal,
    TypeAlias,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from dagster_managed_elements.airbyte.specs.connectors import Connectors
from dagster_managed_elements.airbyte.specs.phrases import options
from dagster_managed_elements.airbyte.specs.schemas import same
from dagster_managed_elements.airbyte.structures import WIRE_NAME, as_mapping
from dagster_managed_elements.airbyte.wire import Definition, Side
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.secrets import Secret, secret_of
from dagster_managed_elements.engine.values import UNSET, Masked, Unset

__all__ = ["UNSET", "Secret", "TypedConfiguration", "Unset"]

_T = TypeVar("_T")
_Problem: TypeAlias = tuple[str, str]
"""The path of a setting, and what is wrong with it."""

_Fitted: TypeAlias = tuple[Any, Sequence[_Problem]]
"""A value as a field holds it, and why it cannot."""


class _Checked(type):
    """Makes instances of what fits the annotations. Python itself would tell of one thing at a time, and of few."""

    def __call__(cls: type[_T], /, *positional: Any, **given: Any) -> _T:
        if positional:
            raise DeclarationError(f"{cls.__qualname__} takes its settings by keyword.")
        return cast("_T", _made(cast("type[TypedConfiguration]", cls), given))


@dataclass(frozen=True, kw_only=True, repr=False)
class TypedConfiguration(metaclass=_Checked):
    """A configuration, or a choice within one, with its settings as fields; accepted wherever a mapping is.

    A field whose default is a value holds a constant by which a choice is told from the others. A secret that is
    given as text becomes a `Secret`, which is what an editor asks for. Raises DeclarationError where what is
    required is missing, or what is given is unknown or does not fit.
    """

    # What the class of a connector says of it; a choice says nothing.
    _side: ClassVar[Side | Literal[""]] = ""
    _name: ClassVar[str] = ""
    _image: ClassVar[str] = ""

    @classmethod
    def of(cls: type[_T], configuration: Mapping[str, Any]) -> _T:  # noqa: PYI019 - Python 3.10 has no Self
        """The same of a mapping, say from a YAML file. Nothing is filled in.

        Args:
            configuration: The settings as the connector spells them, with mappings for choices.

        Raises:
            DeclarationError: As the class itself.
        """
        made = cast("type[TypedConfiguration]", cls)
        if not isinstance(cast("object", configuration), Mapping):
            raise DeclarationError(f"{cls.__qualname__}: must be a mapping.")
        return cast("_T", _made(made, _by_attribute(made, configuration)))

    def another_than(self, side: str, connector: object) -> str | None:
        """Which connector it configures, where that is none of *side*, or another than the one called *connector*,
        its name, image or id; None where it may be, or where it does not say.

        Args:
            side: "source" or "destination".
            connector: As an element has it. What a text does not call is not compared: it may be a fork.
        """
        told = f"the {self._side} {self._name}{f' ({self._image})' if self._image else ''}"
        if not self._side or not isinstance(connector, str) or _is_id(connector):
            return told if self._side not in {"", side} else None
        own = Definition(id="", name=self._name, docker_repository=self._image)
        is_meant = self._side == side and isinstance(Connectors(self._side, [own]).find(connector), Definition)
        return None if is_meant else told

    def __repr__(self) -> str:
        """What was given; a secret prints as the mask."""
        given = ((field.name, getattr(self, field.name)) for field in fields(self))
        listed = ", ".join(f"{name}={value!r}" for name, value in given if value is not UNSET)
        return f"{type(self).__qualname__}({listed})"


def _is_id(text: str) -> bool:
    """Which connector has it only a server knows."""
    return re.fullmatch(r"\s*[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\s*", text) is not None


def _made(cls: type[TypedConfiguration], given: Mapping[str, Any]) -> TypedConfiguration:
    made, problems = _of_class(given, cls)
    if problems:
        told = [f"{cls.__qualname__}.{path}: {text}" for path, text in problems]
        raise DeclarationError("\n".join(line if line.endswith("?") else f"{line}." for line in told))
    return made


def _of_class(given: Mapping[str, Any], cls: type[TypedConfiguration]) -> _Fitted:
    """An instance whose fields are *given*, as they hold it."""
    known = _annotated(cls)
    settled: dict[str, Any] = {}
    problems: list[_Problem] = []
    for name, (field, hint) in known.items():
        value = given.get(name, field.default)
        if value is MISSING or (value is UNSET and Unset not in _arms(hint)):
            problems.append((_wire_name(field), "is required"))
        else:
            settled[name], told = _fitted(value, hint)
            problems += _below(_wire_name(field), told)
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            problems.append((name, f"is not a setting of it{f'; did you mean {near[0]!r}?' if near else ''}"))
    return (None, problems) if problems else (type.__call__(cls, **settled), ())


def _by_attribute(cls: type[TypedConfiguration], configuration: Mapping[str, Any]) -> dict[str, Any]:
    """*configuration* by the names of the fields; a constant that it does not repeat is not given. A key that is no
    text, as a YAML file may have, counts as its text, as it does in a mapping.
    """
    configuration = {
        key if isinstance(key, str) else str(key): configuration[key] for key in cast("Any", configuration)
    }
    names = {_wire_name(field): name for name, (field, _) in _annotated(cls).items()}
    absent = {name: UNSET for wire_name, name in names.items() if wire_name not in configuration}
    return {**absent, **{names.get(key, key): value for key, value in configuration.items()}}


@lru_cache(maxsize=1024)
def _annotated(cls: type[TypedConfiguration]) -> Mapping[str, tuple[Field[Any], Any]]:
    hints = get_type_hints(cls)
    return {field.name: (field, hints[field.name]) for field in fields(cls)}


def _wire_name(field: Field[Any]) -> str:
    return field.metadata.get(WIRE_NAME, field.name)


def _arms(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)


def _fitted(value: Any, hint: Any) -> _Fitted:
    """*value*, or what it has to become, to be what *hint* says."""
    arms = _arms(hint)
    if (value is UNSET and Unset in arms) or (value is None and NoneType in arms):
        return value, ()
    plain = [arm for arm in arms if arm not in {Unset, NoneType, Secret}]
    if isinstance(secret := secret_of(value), (Secret, Masked)):
        if Secret in arms or Any in arms:
            return secret, ()
        return value, [("", f"cannot be a secret as a whole; it must be {_described(plain)}")]
    if not plain and value is not None:
        return Secret.literal(value), ()
    if not isinstance(value, (TypedConfiguration, Mapping, list, tuple)):
        value = cast("object", as_mapping(value))
    tried = {arm: _of_arm(value, arm) for arm in plain}
    if (fitting := next((fitted for fitted, problems in tried.values() if not problems), tried)) is not tried:
        return fitting, ()
    meant = _meant(value, plain)
    return None, tried[meant][1] if meant else [("", f"must be {_described(plain or [Secret])}")]


def _of_arm(value: Any, arm: Any) -> _Fitted:
    origin = get_origin(arm)
    if arm is Any:
        return value, ()
    if origin is Literal:
        fits = any(same(value, allowed) for allowed in get_args(arm))
    elif origin is Sequence and isinstance(value, (list, tuple)):
        items = enumerate(cast("Sequence[Any]", value))
        fitted, problems = _of_items({str(index): item for index, item in items}, get_args(arm)[0])
        return list(fitted.values()), problems
    elif origin is Mapping and isinstance(value, Mapping):
        return _of_items(cast("Mapping[str, Any]", value), get_args(arm)[1])
    elif _is_class(arm) and isinstance(value, Mapping):
        return _of_class(_by_attribute(arm, cast("Mapping[str, Any]", value)), arm)
    else:
        fits = origin is None and isinstance(value, (int, float) if arm is float else arm)
        fits = fits and (arm is bool or not isinstance(value, bool))
    return value, () if fits else [("", f"must be {_described([arm])}")]


def _of_items(items: Mapping[str, Any], hint: Any) -> tuple[dict[str, Any], Sequence[_Problem]]:
    fitted = {key: _fitted(value, hint) for key, value in items.items()}
    problems = [problem for key, (_, told) in fitted.items() for problem in _below(str(key), told)]
    return {key: value for key, (value, _) in fitted.items()}, problems


def _below(name: str, problems: Sequence[_Problem]) -> list[_Problem]:
    return [(f"{name}.{path}" if path else name, text) for path, text in problems]


def _meant(value: Any, arms: Sequence[Any]) -> Any:
    """That of *arms* which *value* was meant to be, where it can be told."""
    if isinstance(value, Mapping):
        choices = [arm for arm in arms if _is_class(arm)]
        named = [arm for arm in choices if _is_named(arm, cast("Mapping[str, Any]", value))]
        fitting = named or (choices if len(choices) == 1 else [arm for arm in arms if get_origin(arm) is Mapping])
    else:
        fitting = [arm for arm in arms if get_origin(arm) is Sequence and isinstance(value, (list, tuple))]
    return next(iter(fitting), None)


def _is_class(arm: Any) -> bool:
    return isinstance(arm, type) and issubclass(arm, TypedConfiguration)


def _is_named(choice: type[TypedConfiguration], value: Mapping[str, Any]) -> bool:
    """Whether *value* repeats the constants of *choice*."""
    constants = {_wire_name(field): field.default for field, _ in _annotated(choice).values()}
    told = [same(value[name], only) for name, only in constants.items() if name in value and _is_constant(only)]
    return bool(told) and all(told)


def _is_constant(default: Any) -> bool:
    return default is not MISSING and default is not UNSET


def _described(arms: Sequence[Any]) -> str:
    return " or ".join(dict.fromkeys(map(_word, arms)))


def _word(arm: Any) -> str:
    origin = get_origin(arm)
    if origin is Literal:
        return options(get_args(arm))
    return _WORDS.get(origin or arm, getattr(arm, "__qualname__", str(arm)))


_WORDS: Final[Mapping[Any, str]] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    Sequence: "a list",
    Mapping: "a mapping",
    Secret: "a secret",
}
