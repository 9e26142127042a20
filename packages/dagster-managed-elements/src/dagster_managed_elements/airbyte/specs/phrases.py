"""What a validator found, in words. Built from the schema's side of an error, never from the value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
from jsonschema_rs import ValidationError

_TYPES: Final[Mapping[str, str]] = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "True or False",
    "object": "an object",
    "array": "a list",
    "null": "None",
}

_PHRASES: Final[Mapping[str, Callable[[Any], str]]] = {
    "type": lambda types: f"must be {_either([_TYPES.get(str(name), str(name)) for name in types])}",
    "enum": lambda allowed: f"must be {options(allowed)}",
    "const": lambda only: f"must be {options([only])}",
    "pattern": lambda pattern: f"must match the pattern {pattern}",
    "format": lambda name: f"must be a {name}",
    "minimum": lambda least: f"must be at least {least}",
    "maximum": lambda most: f"must be at most {most}",
    "exclusiveMinimum": lambda bound: f"must be more than {bound}",
    "exclusiveMaximum": lambda bound: f"must be less than {bound}",
    "multipleOf": lambda step: f"must be a multiple of {step}",
    "minLength": lambda least: f"must have at least {least} characters",
    "maxLength": lambda most: f"must have at most {most} characters",
    "minItems": lambda least: f"must have at least {least} items",
    "maxItems": lambda most: f"must have at most {most} items",
    "minProperties": lambda least: f"must have at least {least} settings",
    "maxProperties": lambda most: f"must have at most {most} settings",
    "uniqueItems": lambda _: "must not hold the same item twice",
    "contains": lambda _: "lacks an item that is required in it",
}


def phrase(error: ValidationError) -> str:
    """What should be there instead."""
    return plain_phrase(error) or f"does not fit the connector's specification ({error.kind.name})"


def plain_phrase(error: ValidationError) -> str:
    """As `phrase`; nothing where there are no words for it."""
    told = _PHRASES.get(error.kind.name)
    return told(error.kind.value) if told else ""


def options(allowed: Sequence[Any]) -> str:
    """The values a schema allows, as they are written in Python where they are simple."""
    distinct = list(dict.fromkeys(_written(value) for value in allowed))
    return _either(distinct) if len(distinct) < _MANY else f"one of {', '.join(distinct)}"


_MANY: Final = 4


def _written(value: Any) -> str:
    if value is None or isinstance(value, (str, bool, int, float)):
        return repr(value)
    return msgspec.json.encode(value).decode()


def _either(words: Sequence[str]) -> str:
    return " or ".join(words)
