"""Facts about connectors for APIs that do not tell them: ids, names, images, where their secrets are, which of
those can be nothing else, not even the mask, and what Airbyte masks although it is no secret.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from dagster_managed_elements.airbyte.specs.specifications import SECRET_PLACEHOLDER
from dagster_managed_elements.airbyte.wire import Definition, Side, Specification
from dagster_managed_elements.engine.values import SECRET_MASK

_FILE = "connector_facts.jsonl"
_ITEMS = "*"


@cache
def _rows() -> dict[tuple[str, str], Any]:
    text = files("dagster_managed_elements.airbyte.specs").joinpath(_FILE).read_text(encoding="utf-8")
    rows = (json.loads(line) for line in text.splitlines())
    return {(row["kind"], row["id"]): row for row in rows}


def known_definitions(side: Side) -> list[Definition]:
    return [
        Definition(id=row["id"], name=row["name"], docker_repository=row["image"])
        for (kind, _), row in _rows().items()
        if kind == side
    ]


def is_known(side: Side, definition_id: str) -> bool:
    """Whether it is one of Airbyte's connectors for everybody. That of later ones nobody can say."""
    return (side, definition_id) in _rows()


def known_secrets(side: Side, definition_id: str) -> Specification:
    """A schema that says where secrets are and nothing else; marked as partial. Empty where that is not known."""
    row = _rows().get((side, definition_id))
    schema = {} if row is None else {"type": "object", **_schema(row)}
    return Specification(connection_specification=schema, is_partial=True)


def _schema(row: Mapping[str, Sequence[Sequence[str]]]) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for path in row.get("secrets", ()):
        at = _place(schema, path)
        at["airbyte_secret"] = True
        if path in row.get("strict", ()):
            at["not"] = {"enum": [SECRET_MASK, SECRET_PLACEHOLDER]}
    for path in row.get("masked", ()):
        _place(schema, path).setdefault("airbyte_secret", False)
    return schema


def _place(schema: dict[str, Any], path: Sequence[str]) -> dict[str, Any]:
    """What *schema* says of *path*, made where it says nothing yet."""
    for name in path:
        inside = schema if name == _ITEMS else schema.setdefault("properties", {})
        schema = inside.setdefault("items" if name == _ITEMS else name, {})
    return schema
