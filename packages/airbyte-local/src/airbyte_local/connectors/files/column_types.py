"""The types of columns in a catalog, as the vendor's connector reports those of pandas."""

from __future__ import annotations

from airbyte_local.connectors.schema import DRAFT
from airbyte_local.model.json_values import Json


def broadest(known: str | None, kind: str) -> str:
    """One type for a column that was *known* in the rows before and is *kind* in these."""
    if known is None or kind in {known, "date-time"}:
        return "string" if known == "string" else kind
    return "string"


def table_schema(kinds: dict[str, str]) -> Json:
    """By the name of each column `number`, `boolean`, `string` or `date-time`. Any may be null."""
    properties = {
        name: {"type": ["string", "null"], "format": kind} if kind == "date-time" else {"type": [kind, "null"]}
        for name, kind in kinds.items()
    }
    return {"$schema": DRAFT, "type": "object", "properties": properties}
