"""Values of fields as JSON and back: every marker in a form that no other value is taken for, of a secret no more
than where it comes from. What a value of an integration is, it spells itself, as for an export. Pure.
"""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from importlib import import_module
from typing import Any, Final, cast

from dagster_managed_elements.engine.adoption import Spelling
from dagster_managed_elements.engine.errors import DeclarationError, ManagedElementsError
from dagster_managed_elements.engine.secrets import AsType, Secret
from dagster_managed_elements.engine.values import ABSENT, Key, Later, Masked, Named, Ref

SECRET, MASKED, KEY, REF, NAMED, ABSENCE = "$secret", "$masked", "$key", "$ref", "$named", "$absent"
_SPELLED, _PLAIN, _LOST = "$value", "$map", "$lost"
_AS_TYPES: Final[Mapping[str, AsType]] = {"int": int, "float": float, "bool": bool, "json": json.loads}

Sign = Callable[[Secret], str]
"""Says where a secret comes from, as it may be kept."""


class Unkept(ManagedElementsError):
    """It was no value that can be kept, or is none that can be read again."""


def shown(value: Any, sign: Sign) -> Any:
    """*value* as a reader may see it, which is all there is to it: but for secrets, texts and numbers."""

    def leaf(of: Any) -> Any:
        return _written(of.value, leaf) if isinstance(of, Later) else _secret(of, sign) or _legible(of)

    return _written(value, leaf)


def written(value: Any, sign: Sign, keys: Mapping[Ref, Key]) -> Any:
    """*value* so that it can be read again. A pointer is kept by the name that *keys* has for it."""

    def leaf(of: Any) -> Any:  # noqa: PLR0911 - one for each sort of value
        match of:
            case Key():
                return {KEY: [of.kind, of.name]}
            case Ref():
                key = keys.get(of)
                return {KEY: [key.kind, key.name]} if key else {REF: [of.kind, of.id]}
            case Named():
                return {NAMED: of.id, "label": of.label}
            case Later():
                return _written(of.value, leaf)
            case Enum():
                return {_SPELLED: f"{type(of).__name__}.{of.name}"}
            case str() | bool() | int() | float() | None:
                return _legible(of)
            case Spelling():
                spelled = of.spelled()
                arguments = None if spelled.arguments is None else _written(list(spelled.arguments), leaf)
                return {_SPELLED: spelled.name, **({} if arguments is None else {"of": arguments})}
            case _:
                return _secret(of, sign) or {_LOST: type(of).__name__}

    return _written(value, leaf)


def _written(value: Any, leaf: Callable[[Any], Any]) -> Any:
    """Walked by hand, since a map with a key like those of markers is marked itself."""
    if isinstance(value, Mapping):
        fields = {str(key): _written(inner, leaf) for key, inner in cast("Mapping[Any, Any]", value).items()}
        return {_PLAIN: fields} if any(key.startswith("$") for key in fields) else fields
    if isinstance(value, (list, tuple)):
        return [_written(inner, leaf) for inner in cast("Sequence[Any]", value)]
    return leaf(value)


def _secret(leaf: Any, sign: Sign) -> dict[str, Any] | None:
    """None of what is neither a secret nor nothing at all."""
    if isinstance(leaf, Secret):
        made = next((name for name, as_type in _AS_TYPES.items() if as_type is leaf.as_type), "")
        return {SECRET: sign(leaf), **({"as": made} if made else {})}
    if isinstance(leaf, Masked):
        return {MASKED: True}
    return {ABSENCE: True} if leaf is ABSENT else None


def _legible(leaf: Any) -> Any:
    if isinstance(leaf, Key):
        return leaf.name
    if isinstance(leaf, Ref):
        return leaf.label or leaf.id
    is_number = isinstance(leaf, int) or (isinstance(leaf, float) and math.isfinite(leaf))
    if leaf is None or (is_number and not isinstance(leaf, Enum)):
        return leaf
    # A subclass of str may print as something else than it is.
    return str.__str__(leaf) if isinstance(leaf, str) and not isinstance(leaf, Enum) else str(leaf)


def read(value: Any, module: str = "") -> Any:
    """What *value* was. A value of an integration is made by what *module* has of its name, and by nothing else.

    Raises Unkept.
    """
    if isinstance(value, list):
        return [read(inner, module) for inner in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, Any]", value)
    if (mark := next((key for key in fields if key.startswith("$")), None)) is None:
        return {key: read(inner, module) for key, inner in fields.items()}
    if mark == _PLAIN and isinstance(fields[mark], dict):
        return {key: read(inner, module) for key, inner in cast("dict[str, Any]", fields[mark]).items()}
    return _marker(mark, fields, module)


def _marker(mark: str, fields: Mapping[str, Any], module: str) -> Any:  # noqa: PLR0911 - one for each marker
    match mark, fields[mark]:
        case "$secret", str() as reference:
            return _read_secret(reference, fields.get("as"))
        case "$masked", _:
            return Masked()
        case "$absent", _:
            return ABSENT
        case "$key", [str() as kind, str() as name]:
            return Key(kind, name)
        case "$ref", [str() as kind, str() as id_]:
            return Ref(kind, id_)
        case "$named", str() as id_:
            return Named(id_, str(fields.get("label", id_)))
        case "$value", str() as spelled:
            return _spelled(spelled, fields.get("of"), module)
        case "$lost", str() as name:
            raise Unkept(f"it holds a value that could not be kept ({name})")
        case _:
            raise Unkept("it holds what this dagster-me does not know")


def _read_secret(reference: str, as_type: Any) -> Secret:
    """A variable can be read again; of any other it is only known where it came from."""
    source, _, name = reference.partition(":")
    if source == "env" and name:
        return Secret.env(name, _AS_TYPES.get(str(as_type), str))

    def lacking() -> Any:
        raise DeclarationError(f"it came from {source or 'somewhere'}, and has to be declared")

    return Secret(reference=reference, read=lacking, cheap=False)


def _spelled(spelled: str, arguments: Any, module: str) -> Any:
    """Only a class that spells its values, or an enumeration, is ever called, and only to make one of itself."""
    home, _, rest = spelled.partition(".")
    made_by = _class(home, module)
    is_plain = not rest or (rest.isidentifier() and not rest.startswith("_"))
    if made_by is not None and is_plain and (issubclass(made_by, Enum) or hasattr(made_by, "spelled")):
        made: Any = getattr(made_by, rest, None) if rest else made_by
        try:
            if arguments is not None and not isinstance(made, made_by):
                made = made(*_tuples(read(arguments, module)))
        except Exception:  # noqa: BLE001 - a class of an integration may raise anything for what it does not take
            raise Unkept(f"there is no {home} like the one that it held any more") from None
        if isinstance(made, made_by):
            return made
    raise Unkept(f"there is no {home or 'value'} like the one that it held any more")


def _class(name: str, module: str) -> type[Any] | None:
    """The class that *module* has by this name, or a value of."""
    public: dict[str, Any] = vars(import_module(module)) if module else {}
    kinds = [cast("type[Any]", type(value)) for value in public.values()]
    found: Any = public.get(name) or next((kind for kind in kinds if kind.__name__ == name), None)
    return found if inspect.isclass(found) else None


def _tuples(value: Any) -> Any:
    """Arguments as they were given: JSON has lists alone, and a value holds none."""
    return tuple(_tuples(inner) for inner in cast("list[Any]", value)) if isinstance(value, list) else value
