"""Differences a declaration says to leave alone: no changes, and kept as they are in what is sent. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, cast

from dagster_managed_elements.engine.changes import Declared, FieldChange
from dagster_managed_elements.engine.values import ABSENT, Fields, Path


def is_ignored(shown: Path, ignore: Iterable[str]) -> bool:
    """Whether a path, as the user reads it, is one of *ignore* or lies below one.

    A name may hold dots itself (`public.users`), so whole prefixes are compared and nothing is split.
    """
    above = {".".join(shown[:length]) for length in range(1, len(shown) + 1)}
    return any(ignored in above for ignored in ignore)


def left_alone(declared: Declared, ignored: Iterable[FieldChange]) -> Declared:
    """*declared* with the server's own value wherever the difference is ignored: a kind that has to send a field
    whole would write the declared one else. What is secret there cannot be known, and stays as declared.
    """
    fields = declared.fields
    for changed in ignored:
        if len(changed.path) > 1 and not changed.why:
            fields = _put(fields, changed.path, changed.before)
    return declared if fields is declared.fields else replace(declared, fields=fields)


def _put(fields: Fields, path: Path, value: Any) -> Fields:
    """*fields* with *value* at *path*, or without that path where it is ABSENT. What lies beside is shared."""
    name, *rest = path
    inner = fields.get(name)
    if rest and isinstance(inner, Mapping):
        value = _put(cast("Mapping[str, Any]", inner), tuple(rest), value)
    elif rest:
        return fields
    if value is ABSENT:
        return {key: beside for key, beside in fields.items() if key != name}
    return {**fields, name: value}
