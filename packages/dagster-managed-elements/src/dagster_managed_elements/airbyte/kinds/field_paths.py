"""Whether a path of fields, a cursor or part of a key, exists in a stream's JSON schema. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

_SHOWN: Final = 12
_CHOICES: Final = ("anyOf", "oneOf", "allOf")


def missing_field(schema: object, path: Sequence[str]) -> str | None:
    """What there is in place of the first segment of *path* that is missing; None where all of it may be there.

    A schema that names no fields says nothing of them, unless it says that there is none to have any.
    """
    at: object = schema
    for depth, segment in enumerate(path):
        known = known_fields(at)
        if known is None:
            return None
        if segment not in known:
            return _told(known, path[:depth])
        at = known[segment]
    return None


def fields_told(schema: object) -> str:
    """The fields of a stream, as the end of a sentence."""
    return names_told(known_fields(schema) or ())


def names_told(names: Iterable[str]) -> str:
    """The same of *names*."""
    return _told(names, ())


def _told(fields: Iterable[str], of: Sequence[str]) -> str:
    names = sorted(fields)
    if not names:
        return f"; {'.'.join(of)} has no fields of its own" if of else ""
    listed = f"{', '.join(names[:_SHOWN])}{', ...' if len(names) > _SHOWN else ''}"
    return f"; the fields of {'.'.join(of)} are {listed}" if of else f"; its fields are {listed}"


def known_fields(schema: object) -> Mapping[str, object] | None:
    """The fields of an object, those of all its choices together; None where that is not told."""
    if not isinstance(schema, Mapping):
        return None
    rules = cast("Mapping[str, Any]", schema)
    own = rules.get("properties")
    told = [cast("Mapping[str, object]", own)] if isinstance(own, Mapping) and own else []
    for branch in (branch for word in _CHOICES for branch in _listed(rules.get(word))):
        if (fields := known_fields(branch)) is None:
            return None
        told.append(fields)
    if not told:
        return None if _may_be_object(rules.get("type")) else {}
    if len(told) == 1:
        return told[0]
    names = dict.fromkeys(name for fields in told for name in fields)
    return {name: _either([fields[name] for fields in told if name in fields]) for name in names}


def _either(schemas: Sequence[object]) -> object:
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _may_be_object(types: object) -> bool:
    """A schema without a type may be of anything."""
    return types is None or "object" in (_listed(types) or [types])


def _listed(value: object) -> Sequence[object]:
    return cast("list[object]", value) if isinstance(value, list) else ()
