"""A few words to write JSON Schemas with, so that a specification of ours reads like a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airbyte_local.model.json_values import Json

DRAFT = "http://json-schema.org/draft-07/schema#"
DATE_PATTERN = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"


def text(**more: Any) -> Json:
    return {"type": "string", **more}


def secret(**more: Any) -> Json:
    return {"type": "string", "airbyte_secret": True, **more}


def integer(**more: Any) -> Json:
    return {"type": "integer", **more}


def boolean(**more: Any) -> Json:
    return {"type": "boolean", **more}


def items(schema: Json, **more: Any) -> Json:
    return {"type": "array", "items": schema, **more}


def start_date(**more: Any) -> Json:
    return text(format="date-time", pattern=DATE_PATTERN, **more)


def fields(required: str = "", /, **properties: Json) -> Json:
    """An object; *required* names its required properties, separated by blanks."""
    schema: Json = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required.split()
    return schema


def choice(key: str, branches: Mapping[str, Json], **more: Any) -> Json:
    """A oneOf whose branches are told apart by the constant at *key*."""
    return {"type": "object", "oneOf": [_branch(key, title, branch) for title, branch in branches.items()], **more}


def _branch(key: str, title: str, branch: Json) -> Json:
    properties = {key: {"type": "string", "const": title}, **branch.get("properties", {})}
    return {
        "title": title,
        "type": "object",
        "required": [key, *branch.get("required", [])],
        "properties": properties,
    }


def specification(title: str, schema: Json, *, closed: bool = False) -> Json:
    return {"$schema": DRAFT, "title": title, **schema, "additionalProperties": not closed}


def stream(
    name: str,
    /,
    *,
    key: str | None = None,
    cursor: str | None = None,
    source_defined: bool = True,
    namespace: str | None = None,
    **properties: str,
) -> Json:
    """A stream of a catalog. A property's type ends in `!` where never null, in `:format` where it has one."""
    found: Json = {
        "name": name,
        "jsonSchema": {
            "$schema": DRAFT,
            "type": "object",
            "properties": {field: _type(kind) for field, kind in properties.items()},
        },
        "supportedSyncModes": ["full_refresh", "incremental"] if cursor or not source_defined else ["full_refresh"],
        "sourceDefinedCursor": bool(cursor) and source_defined,
        "defaultCursorField": [cursor] if cursor and source_defined else [],
        "sourceDefinedPrimaryKey": [[key]] if key else [],
        "isResumable": bool(cursor),
        "isFileBased": False,
    }
    return found if namespace is None else {**found, "namespace": namespace}


def _type(kind: str) -> Json:
    base, _, form = kind.rstrip("!").partition(":")
    schema: Json = {"type": base if kind.endswith("!") else ["null", base]}
    return {**schema, "format": form} if form else schema
