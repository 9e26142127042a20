"""Specifications and streams of ours for the connectors of `public.json`, which has them in a shorthand.

A field is a word of `WORDS`, `{"is": word, ...}` with more of JSON Schema, `{"items": field, ...}` for a list,
`{"fields": ...}` for an object, or `{"choice": key, "of": {constant: fields}}`: a oneOf whose branches are told
apart by the constant at that key, and titled by it where `titles` has no other. A name that ends in `!` is
required; `$name` is what stands under `shared`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from airbyte_local.model.json_values import Json

DRAFT = "http://json-schema.org/draft-07/schema#"
PUBLIC = Path(__file__).with_name("public.json")
_SHORTHAND = {"is", "items", "fields", "choice", "of", "titles"}
WORDS: dict[str, Json] = {
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "secret": {"type": "string", "airbyte_secret": True},
    "long secret": {"type": "string", "airbyte_secret": True, "multiline": True},
    "port": {"type": "integer", "minimum": 0, "maximum": 65536},
    "moment": {
        "type": "string",
        "format": "date-time",
        "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
    },
}


@cache
def _document() -> Json:
    return json.loads(PUBLIC.read_text(encoding="utf-8"))


def entries() -> dict[str, Json]:
    """All that is known of each public connector, by its image."""
    return {entry["image"]: entry for entry in _document()["connectors"]}


class Specified:
    """A connector that is built in, with the specification of its *image*."""

    image: ClassVar[str]

    def spec(self) -> Json:
        return specification(self.image)


@cache
def specification(image: str) -> Json:
    entry = entries()[image]
    schema = _field({key: value for key, value in entry.items() if key in {"fields", "choice", "of"}})
    return {"$schema": DRAFT, "title": entry["title"], **schema, "additionalProperties": not entry.get("closed")}


def streams(image: str) -> list[Json]:
    """The streams of a connector that has the same ones whatever its configuration."""
    return [stream(**entry) for entry in entries()[image].get("streams", [])]


def stream(
    name: str,
    properties: Mapping[str, str | Json],
    *,
    key: str | None = None,
    cursor: str | None = None,
    source_defined: bool = True,
) -> Json:
    """A stream of a catalog, as `Connector.discover` gives it. A property is a schema, or its type in short."""
    return {
        "name": name,
        "jsonSchema": {
            "$schema": DRAFT,
            "type": "object",
            "properties": {field: _type(short) for field, short in properties.items()},
        },
        "supportedSyncModes": ["full_refresh", "incremental"] if cursor or not source_defined else ["full_refresh"],
        "sourceDefinedCursor": bool(cursor) and source_defined,
        "defaultCursorField": [cursor] if cursor and source_defined else [],
        "sourceDefinedPrimaryKey": [[key]] if key else [],
        "isResumable": bool(cursor),
        "isFileBased": False,
    }


def _type(short: str | Json) -> Json:
    """`type:format:airbyte_type`, of which the latter two may be missing; with `!` at its end never null."""
    if not isinstance(short, str):
        return short
    base, *more = short.rstrip("!").split(":")
    found: Json = {"type": base if short.endswith("!") else ["null", base]}
    return {**found, **dict(zip(("format", "airbyte_type"), more, strict=False))}


def _field(short: Any) -> Json:
    if isinstance(short, str):
        return _field(_document()["shared"][short[1:]]) if short.startswith("$") else WORDS[short]
    more = {key: value for key, value in short.items() if key not in _SHORTHAND}
    if "is" in short:
        return {**WORDS[short["is"]], **more}
    if "items" in short:
        return {"type": "array", "items": _field(short["items"]), **more}
    if "fields" in short:
        return _object(short["fields"])
    titles = short.get("titles", {})
    branches: list[Json] = []
    for constant, inner in short["of"].items():
        branch = _object(_document()["shared"][inner[1:]] if isinstance(inner, str) else inner)
        branch["required"] = [short["choice"], *branch.get("required", [])]
        branch["properties"] = {short["choice"]: {"type": "string", "const": constant}, **branch["properties"]}
        branches.append({"title": titles.get(constant, constant), **branch})
    return {"type": "object", "oneOf": branches, **more}


def _object(short: Mapping[str, Any]) -> Json:
    properties = {name.rstrip("!"): _field(inner) for name, inner in short.items()}
    required = [name[:-1] for name in short if name.endswith("!")]
    return {"type": "object", "properties": properties, **({"required": required} if required else {})}
