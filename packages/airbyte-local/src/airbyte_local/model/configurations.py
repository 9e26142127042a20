"""What happens to a connector's configuration on its way in and out: secrets split off, masked, kept, put back.

Pure functions over a specification and a configuration. Where a secret's value goes is the caller's business.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airbyte_local.model.json_values import Json, is_list, is_object, mapped, merged
from airbyte_local.model.validation import fulfils

MASK = "**********"
REFERENCE = "_secret"
COORDINATE = "secret_coordinate::"
"""What comes before the place of a secret, where a place is shown or sent in the place of the secret."""
PLACEHOLDER = "secret_placeholder"
COMBINATIONS = ("oneOf", "anyOf", "allOf")
Write = Callable[[Any, str | None], str]


def mask(specification: Json, configuration: Json) -> Json:
    """As an answer shows it: every value at a secret path is the mask, whatever branch or type it has."""
    return _at_secrets(specification, configuration, lambda _new, _old: MASK)


def show_coordinates(specification: Json, configuration: Json) -> Json:
    """As `mask`, with the place of each secret in the place of the mask: it tells one version from the next."""

    def coordinate(value: Any, _old: Any) -> Any:
        return f"{COORDINATE}{value[REFERENCE]}" if is_reference(value) else MASK

    return _at_secrets(specification, configuration, coordinate)


def split(specification: Json, configuration: Json, old: Json | None, write: Write) -> Json:
    """As the store keeps it. *write* takes a raw value and the coordinate it had, and returns the new one."""

    def reference(value: Any, before: Any) -> Any:
        if is_reference(value):
            return value
        if isinstance(value, str) and value.startswith(COORDINATE):
            return {REFERENCE: value.removeprefix(COORDINATE)}
        return {REFERENCE: write(value, before[REFERENCE] if is_reference(before) else None)}

    return _at_secrets(specification, configuration, reference, old)


def hydrate(value: Any, read: Callable[[str], Any]) -> Any:
    """As a connector gets it: *read* turns a coordinate into the value."""
    return mapped(value, lambda leaf: read(leaf[REFERENCE]) if is_reference(leaf) else leaf, is_leaf=is_reference)


def keep_masked(specification: Json, old: Any, new: Any) -> Any:
    """A full update: where the mask was sent at a secret path, what was stored stays; arrays are passed over."""
    if not (is_maskable(specification) and is_object(old) and is_object(new)):
        return new
    for combination in COMBINATIONS[:2]:
        if is_list(specification.get(combination)):
            for branch in specification[combination]:
                if fulfils(branch, new):
                    new = keep_masked(branch, old, new)
            return new
    kept = dict(new)
    for key, schema in specification.get("properties", {}).items():
        if key not in old or key not in new:
            continue
        if "airbyte_secret" in schema and new[key] == MASK:
            kept[key] = old[key]
        else:
            kept[key] = keep_masked(schema, old[key], new[key])
    return kept


def for_validation(stored: Json, provided: Json) -> Json:
    """What an update is validated as: stored secrets are PLACEHOLDER, a mask that was sent stays a mask."""
    return merged(hydrate(stored, lambda _: PLACEHOLDER), provided)


def is_reference(value: object) -> bool:
    return is_object(value) and set(value) == {REFERENCE}


def is_maskable(specification: Json) -> bool:
    """The vendor masks nothing in a schema that has neither properties nor oneOf."""
    return is_object(specification.get("properties")) or any(
        is_list(specification.get(key)) for key in COMBINATIONS
    )


Change = Callable[[Any, Any], Any]


def _at_secrets(specification: Json, configuration: Json, change: Change, old: Any = None) -> Json:
    return _walk(specification, configuration, change, old) if is_maskable(specification) else configuration


def _walk(schema: Json, value: Any, change: Change, old: Any) -> Any:
    """*value* with *change* made at every secret path of *schema*; every branch counts, chosen or not."""
    if "airbyte_secret" in schema:
        return value if value is None else change(value, old)
    if is_reference(value):
        return value
    for combination in COMBINATIONS:
        for branch in schema.get(combination, ()):
            value = _walk(branch, value, change, old)
    if is_object(value):
        properties = schema.get("properties", {})
        before = old if is_object(old) else {}
        return {
            key: _walk(properties[key], inner, change, before.get(key)) if key in properties else inner
            for key, inner in value.items()
        }
    if is_list(value) and is_object(schema.get("items")):
        olds: list[Any] = old if is_list(old) else []
        return [
            _walk(schema["items"], inner, change, olds[place] if place < len(olds) else None)
            for place, inner in enumerate(value)
        ]
    return value
