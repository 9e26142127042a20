"""From a connector's JSON Schema to a validator, however carelessly the schema was written.

Connectors ship patterns of other engines, repeated names and misplaced keywords; Airbyte passes over them. So
what does not compile is left out, and the rest still counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, TypeAlias, cast

import jsonschema_rs
import msgspec
from jsonschema_rs import (
    Draft4Validator,
    Draft6Validator,
    Draft7Validator,
    Draft201909Validator,
    Draft202012Validator,
)

from dagster_managed_elements.airbyte.specs.formats import FORMATS, contradiction
from dagster_managed_elements.airbyte.specs.schemas import Schema, object_in
from dagster_managed_elements.engine.values import ABSENT, at, replaced, walk

Validator: TypeAlias = (
    Draft4Validator | Draft6Validator | Draft7Validator | Draft201909Validator | Draft202012Validator
)

_DRAFTS: Final[Mapping[str, Any]] = {
    "draft-04": Draft4Validator,
    "draft-06": Draft6Validator,
    "draft-07": Draft7Validator,
    "2019-09": Draft201909Validator,
    "2020-12": Draft202012Validator,
}

_OBJECTS: Final = ("properties", "patternProperties", "definitions", "$defs")
_LISTS: Final = ("oneOf", "anyOf", "allOf")
_SINGLE: Final = ("additionalProperties", "items", "not", "if", "then", "else", "contains", "propertyNames")


def compiled(schema: Schema) -> Validator | None:
    """A validator of *schema*, None where nothing of it can be used."""
    try:
        return _compiled(msgspec.json.encode(schema))
    except (TypeError, ValueError, RecursionError):
        return None


@lru_cache(maxsize=1024)
def _compiled(encoded: bytes) -> Validator | None:
    schema: Any = msgspec.json.decode(encoded)
    if not isinstance(schema, dict):
        return None
    root = _uncontradicted(cast("dict[str, Any]", schema))
    draft = _draft(root)
    return _build(draft, root) or _build(draft, mended(root))


def _uncontradicted(schema: Schema) -> Schema:
    """*schema* without the formats that nothing else it allows could have: no value would do."""
    formats = (path for path, _ in walk(schema) if path[-1:] == ("format",))
    return replaced(schema, {path: ABSENT for path in formats if contradiction(object_in(at(schema, path[:-1])))})


def _draft(schema: Schema) -> Any:
    named = str(schema.get("$schema", ""))
    return next((draft for name, draft in _DRAFTS.items() if name in named), Draft7Validator)


def _build(draft: Any, schema: Schema) -> Validator | None:
    bare = {word: value for word, value in schema.items() if word not in {"$schema", "$id", "id"}}
    try:
        return draft(bare, formats=dict(FORMATS), validate_formats=True, retriever=_retrieve_nothing)
    except (ValueError, jsonschema_rs.ReferencingError):
        return None


def _retrieve_nothing(uri: str) -> Any:
    raise ValueError(f"a specification may not refer to {uri}")


def mended(schema: Any) -> Any:
    """*schema* without the keywords that do not compile by themselves."""
    if not isinstance(schema, Mapping):
        return schema if isinstance(schema, bool) else {}
    kept: dict[str, Any] = {}
    for word, value in cast("Schema", schema).items():
        if word in _OBJECTS:
            kept[word] = {name: mended(inner) for name, inner in object_in(value).items()}
        elif word in _LISTS and isinstance(value, list) and value:
            kept[word] = [mended(inner) for inner in cast("list[Any]", value)]
        elif word == "required" and isinstance(value, list):
            kept[word] = list(dict.fromkeys(name for name in cast("list[Any]", value) if isinstance(name, str)))
        elif word in _SINGLE and isinstance(value, (Mapping, bool)):
            kept[word] = mended(value)
        elif word not in _LISTS and _compiles(word, value):
            kept[word] = value
    return kept


def _compiles(word: str, value: Any) -> bool:
    try:
        Draft7Validator({word: value}, retriever=_retrieve_nothing)
    except (ValueError, jsonschema_rs.ReferencingError):
        return word == "$ref" and isinstance(value, str) and value.startswith("#")
    return True
