"""Answers fitted to a version: what it does not know is left out, what it alone has is put in."""

from __future__ import annotations

from typing import Any

from airbyte_local.json_values import Form, is_list, is_object
from airbyte_local.profiles import Profile

NOTHING: frozenset[str] = frozenset()


def fitted(value: Any, profile: Profile) -> Any:
    if not (profile.lacks or profile.adds):
        return value  # the latest version pays nothing for the others
    return _fitted(value, profile)


def _fitted(value: Any, profile: Profile) -> Any:
    if is_list(value):
        return [_fitted(each, profile) for each in value]
    if not is_object(value):
        return value
    name = value.name if isinstance(value, Form) else ""
    lacks = profile.lacks.get(name, NOTHING)
    found = {key: _fitted(inner, profile) for key, inner in value.items() if key not in lacks}
    return {**found, **profile.adds.get(name, {})}
