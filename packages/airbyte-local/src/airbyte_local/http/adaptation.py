"""Answers and bodies fitted to a version: what it does not know is left out, what it alone has is put in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airbyte_local.http.bodies import Kind, Shape
from airbyte_local.model.json_values import Form, is_list, is_object
from airbyte_local.versions.profiles import Profile

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
    if name in profile.bare:
        return _fitted(value[profile.bare[name]], profile)
    found = {key: _fitted(inner, profile) for key, inner in value.items() if key not in lacks}
    for key, more in profile.adds.get(name, {}).items():
        found[key] = _joined(found.get(key), more(found) if callable(more) else more)
    return found


def _joined(value: Any, more: Any) -> Any:
    """A list keeps what it has: a client may have sent back what was put in before."""
    if is_list(value) and is_list(more):
        return value + [each for each in more if each not in value]
    return more


def fitted_shape(shape: Shape, profile: Profile) -> Shape:
    """What a request may say to this version; anything else is not read, as everything unknown."""
    if not (profile.lacks or profile.kinds):
        return shape
    return _shape(shape, profile)


def _shape(shape: Shape, profile: Profile) -> dict[str, Kind]:
    form = shape.name if isinstance(shape, Form) else ""
    lacks, kinds = profile.lacks.get(form, NOTHING), profile.kinds.get(form, {})
    replaced = {name.rstrip("!") for name in kinds}
    left = {key: _kind(kind, profile) for key, kind in shape.items() if key.rstrip("!") not in lacks | replaced}
    return {**left, **kinds}


def _kind(kind: Kind, profile: Profile) -> Kind:
    if isinstance(kind, Mapping):
        return _shape(kind, profile)
    return [_kind(kind[0], profile)] if is_list(kind) else kind
