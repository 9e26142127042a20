"""What of a configuration that is there has to be declared: not what a new one has by default. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, cast

from dagster_managed_elements.airbyte.specs import specifications
from dagster_managed_elements.airbyte.specs.schemas import (
    Schema,
    below,
    constant,
    elements,
    parts,
    properties,
    same,
)
from dagster_managed_elements.airbyte.wire import Specification
from dagster_managed_elements.engine.secrets import AsType, Secret
from dagster_managed_elements.engine.values import ABSENT, SECRET_MASK, Masked, Path, at, replaced, walk

Finding = tuple[Path, str]


def declarable(raw: Mapping[str, Any], specification: Specification) -> tuple[Mapping[str, Any], Sequence[Finding]]:
    """*raw* without nulls, defaults and what Airbyte injects, its secrets as markers; and what the specification
    has against it, as it is there.
    """
    schema = specification.connection_specification
    seen = specifications.mask(raw, schema)
    if specification.is_unknown:
        seen = specifications.mask_by_name(seen)
    seen = replaced(seen, {path: Masked() for path, leaf in walk(seen) if leaf == SECRET_MASK})
    # What Airbyte injects nobody declares; that of a constant beside it says which choice the rest belongs to.
    whole = specifications.trim(seen, seen, schema)
    short = specifications.trim(seen, _choices(seen, [schema]), schema)
    for declared in (short, _completed(short, whole, schema), whole):
        if _holds(declared, seen, schema):
            return _in_order(declared, () if specification.is_partial else [schema]), ()
    return whole, specifications.validate(whole, schema)


def _in_order(value: Any, schemas: Sequence[Schema]) -> Any:
    """*value* with its settings in the order of the specification, and then by name: a server may answer in any."""
    here = [part for schema in schemas for part in parts(schema)]
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        known = {
            name: place for place, name in enumerate(dict.fromkeys(n for part in here for n in properties(part)))
        }
        names = sorted(fields, key=lambda name: (known.get(name, len(known)), name))
        return {name: _in_order(fields[name], below(here, name)) for name in names}
    if isinstance(value, list):
        return [_in_order(row, elements(here)) for row in cast("list[Any]", value)]
    return value


def _holds(declared: Mapping[str, Any], seen: Mapping[str, Any], schema: Schema) -> bool:
    """Whether *declared* is valid, and nothing of what is there differs from it."""
    if specifications.validate(declared, schema):
        return False
    return same(_shown(specifications.trim(seen, declared, schema)), _shown(declared))


def _shown(value: Any) -> Any:
    marks = {path: SECRET_MASK for path, leaf in walk(value) if isinstance(leaf, (Masked, Secret))}
    return replaced(value, marks)


def _completed(short: Mapping[str, Any], whole: Mapping[str, Any], schema: Schema) -> Mapping[str, Any]:
    """*short* with what is missing in it by its specification, as *whole* has it."""
    for _ in range(_ROUNDS):
        missing = {path for path, _ in specifications.validate(short, schema) if at(short, path) is ABSENT}
        if not missing:
            return short
        for path in sorted(missing):
            short = _with(short, path, whole)
    return short


_ROUNDS: Final = 5


def _with(short: Mapping[str, Any], path: Path, whole: Mapping[str, Any]) -> dict[str, Any]:
    name, *rest = path
    if (value := at(whole, (name,))) is ABSENT:
        return dict(short)
    inner = short.get(name)
    if rest and isinstance(inner, Mapping) and isinstance(value, Mapping):
        value = _with(cast("Mapping[str, Any]", inner), tuple(rest), cast("Mapping[str, Any]", value))
    in_order = {**{key: short.get(key, ABSENT) for key in whole}, name: value}
    return {key: held for key, held in in_order.items() if held is not ABSENT}


def _choices(seen: Mapping[str, Any], schemas: Sequence[Schema]) -> dict[str, Any]:
    """The constants in *seen* that say which form is meant, at every level of it."""
    here = [part for schema in schemas for part in parts(schema)]
    found: dict[str, Any] = {}
    for key, value in seen.items():
        said = below(here, key)
        if isinstance(value, Mapping):
            found[key] = _choices(cast("Mapping[str, Any]", value), said)
        elif any((only := constant(inner)) and same(only[0], value) for inner in said):
            found[key] = value
    return found


def secrets_of(configuration: Mapping[str, Any], schema: Schema) -> Iterator[tuple[Path, AsType]]:
    """Where secrets are, and what makes their values of texts."""
    for path, leaf in walk(configuration):
        if isinstance(leaf, (Masked, Secret)):
            yield path, _as_type(path, configuration, schema)


_MADE: Final[Mapping[str, Callable[[str], Any]]] = {
    "integer": int,
    "number": float,
    "boolean": bool,
    "object": json.loads,
    "array": json.loads,
}


def _as_type(path: Path, configuration: Any, schema: Schema) -> AsType:
    said: list[Schema] = [schema]
    value = configuration
    for key in path:
        here = [part for inner in said for part in parts(inner)]
        said = elements(here) if isinstance(value, list) else below(here, key)
        value = at(value, (key,))
    types = [kind for inner in said for part in parts(inner) for kind in _types(part.get("type"))]
    return str if not types or "string" in types else _MADE.get(types[0], str)


def _types(told: Any) -> list[str]:
    listed = cast("list[Any]", told) if isinstance(told, list) else [told]
    return [kind for kind in listed if isinstance(kind, str) and kind != "null"]
