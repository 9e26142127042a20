"""A partial update for servers that have none: what Airbyte itself would merge, merged here. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from dagster_managed_elements.airbyte.sending import holds_mask
from dagster_managed_elements.airbyte.wire import Json, Side
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.values import walk


def merge(there: Json, changed: Json) -> dict[str, Any]:
    """*changed* laid over what is *there*: objects key by key, anything else replaced."""
    merged = dict(there)
    for name, value in changed.items():
        before = merged.get(name)
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        merged[name] = merge(cast("Json", before), cast("Json", value)) if both else value
    return merged


def refuse_lost_masks(side: Side, name: str, configuration: Any) -> None:
    """Raises DeclarationError where a whole update would store the mask: it is understood in no list."""
    if any(isinstance(leaf, list) and holds_mask(leaf) for _, leaf in walk(configuration, whole_lists=True)):
        raise DeclarationError(
            f"The {side} {name!r} cannot be changed: this Airbyte only replaces whole configurations, and would "
            "lose the secret that stands in a list in this one. Upgrade it to 0.50 or later, or change it there."
        )
