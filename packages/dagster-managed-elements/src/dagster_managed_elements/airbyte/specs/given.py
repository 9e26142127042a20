"""Connectors' specifications that a user gives, for APIs that tell none; found by any of a connector's names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias, cast

import msgspec

from dagster_managed_elements.airbyte.specs.connectors import Connectors, Unfound
from dagster_managed_elements.airbyte.wire import Definition, Side
from dagster_managed_elements.engine.errors import DeclarationError

Given: TypeAlias = Mapping[str, Mapping[str, Any] | str | Path]
Frozen: TypeAlias = tuple[tuple[str, str], ...]
"""Connector and JSON text: hashable, so that an instance stays a value."""


def freeze(given: Given | Frozen) -> Frozen:
    """*given* maps a connector to its JSON Schema, or to the file that has it, as the connector's `spec` prints it.

    Raises DeclarationError where a file cannot be read or is no JSON.
    """
    pairs = given if isinstance(given, tuple) else given.items()
    return tuple((name, _text(name, schema)) for name, schema in pairs)


def _text(name: str, schema: Mapping[str, Any] | str | Path) -> str:
    if isinstance(schema, str) and schema.lstrip().startswith("{"):
        return schema
    try:
        read = schema if isinstance(schema, Mapping) else msgspec.json.decode(Path(schema).read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise DeclarationError(f"specs: the specification of {name} in {schema} cannot be read: {error}.") from None
    if not isinstance(read, Mapping):
        raise DeclarationError(f"specs: the specification of {name} is no JSON object.")
    fields = cast("Mapping[str, Any]", read)
    whole = fields.get("spec", fields)
    return msgspec.json.encode(whole.get("connectionSpecification", whole)).decode()


def schema_for(definition: Definition, side: Side, frozen: Iterable[tuple[str, str]]) -> Mapping[str, Any] | None:
    """The schema given for *definition*, whichever of its names it was given under."""
    known = Connectors(side, [definition])
    for name, text in frozen:
        if not isinstance(known.find(name), Unfound):
            return msgspec.json.decode(text, type=dict[str, Any])
    return None
