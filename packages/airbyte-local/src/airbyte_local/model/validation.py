"""Configurations against JSON Schemas, in the words the vendor's validator uses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, Protocol, cast

from jsonschema import Draft7Validator
from jsonschema.validators import validator_for

from airbyte_local.model.json_values import Json


class Violation(Protocol):
    """What is used here of a jsonschema.ValidationError, whose attributes are not typed."""

    validator: str
    validator_value: Any
    instance: Any
    message: str
    json_path: str
    schema: Any


def violations(specification: Json, configuration: Any) -> list[str]:
    """Every way in which *configuration* does not fulfil *specification*; empty when it does."""
    found = _errors(specification, configuration)
    return [text for error in found for text in _messages(error)]


def fulfils(specification: Json, configuration: Any) -> bool:
    return next(iter(_errors(specification, configuration)), None) is None


def refusal(specification: Json, found: Iterable[str]) -> str:
    """The text of a refused configuration: the vendor's ends with the whole schema."""
    return (
        "json schema validation failed when comparing the data to the json schema. \n"
        f"Errors: {', '.join(found)} \nSchema: \n{json.dumps(specification, indent=2)}"
    )


def _errors(specification: Json, configuration: Any) -> Iterable[Violation]:
    # Any: the package is typed only as far as its own stubs go.
    validator: Any = validator_for(cast(Any, specification), default=Draft7Validator)
    return validator(specification).iter_errors(configuration)


def _messages(error: Violation) -> list[str]:
    at = error.json_path
    words = WORDS.get(error.validator)
    return [f"{at}: {text}" for text in words(error)] if words else [f"{at}: {error.message}"]


def _required(error: Violation) -> list[str]:
    # One error a missing property, but each carries the whole list: the message alone says which.
    name = error.message.removesuffix(" is a required property").strip("'")
    return [f"required property '{name}' not found"]


def _additional(error: Violation) -> list[str]:
    known = error.schema.get("properties", {})
    return [
        f"property '{name}' is not defined in the schema and the schema does not allow additional properties"
        for name in error.instance
        if name not in known
    ]


def _type(error: Violation) -> list[str]:
    wanted = error.validator_value
    expected = wanted if isinstance(wanted, str) else "[" + ", ".join(wanted) + "]"
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return [f"{names.get(cast(Any, type(error.instance)), 'null')} found, {expected} expected"]


WORDS: dict[str, Callable[[Violation], list[str]]] = {
    "required": _required,
    "additionalProperties": _additional,
    "type": _type,
    "pattern": lambda e: [f"does not match the regex pattern {e.validator_value}"],
    "enum": lambda e: [f"does not have a value in the enumeration {json.dumps(e.validator_value)}"],
    "const": lambda e: [f"must be the constant value '{e.validator_value}'"],
    "minimum": lambda e: [f"must have a minimum value of {e.validator_value}"],
    "maximum": lambda e: [f"must have a maximum value of {e.validator_value}"],
    "minItems": lambda e: [f"must have at least {e.validator_value} items but found {len(e.instance)}"],
    "uniqueItems": lambda _: ["must have only unique items in the array"],
    "oneOf": lambda _: ["must be valid to one and only one schema, but 0 are valid"],
    "minLength": lambda e: [f"must be at least {e.validator_value} characters long"],
}
