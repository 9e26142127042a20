"""How to find one's way in a connector's JSON Schema: which parts of it speak of which part of a configuration.

Airbyte looks into `properties`, `items` and the branches of oneOf, anyOf and allOf, and follows no $ref; so does
this. Nothing here raises, however broken the schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias, cast

from dagster_managed_elements.engine.values import Path

Schema: TypeAlias = Mapping[str, Any]

_CHOICES = ("oneOf", "anyOf")

_REMEMBERED = 16384
"""How many schemas are remembered with what lies in them: thousands of configurations are read by the same few
specifications, which nobody alters."""


class _Same:
    """A schema as a key: equal to itself only, and kept alive, so that its identity means nothing else."""

    __slots__ = ("schema",)

    def __init__(self, schema: Any) -> None:
        self.schema: Any = schema

    def __hash__(self) -> int:
        return id(self.schema)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.schema is other.schema


def parts(schema: Any) -> tuple[Schema, ...]:
    """*schema* and all branches in it, whichever of them applies."""
    return _parts(_Same(schema))


@lru_cache(maxsize=_REMEMBERED)
def _parts(only: _Same) -> tuple[Schema, ...]:
    schema = object_in(only.schema)
    if schema is not only.schema:
        return ()
    inner = (*branches(schema), *_listed(schema, "allOf"))
    return (schema, *(part for branch in inner for part in parts(branch)))


def applying(schema: Any, value: Any, *, certain: bool = False) -> Iterator[Schema]:
    """*schema* and those branches in it that *value* has chosen.

    Where the choice cannot be told, all of them, or none where only what is *certain* counts.
    """
    if isinstance(schema, Mapping):
        yield cast("Schema", schema)
        choice = chosen(branches(cast("Schema", schema)), value)
        for branch in (*(choice if len(choice) == 1 or not certain else ()), *_listed(schema, "allOf")):
            yield from applying(branch, value, certain=certain)


def branches(schema: Schema) -> list[Schema]:
    """The alternatives of a oneOf or anyOf right here."""
    return [branch for word in _CHOICES for branch in _listed(schema, word)]


def chosen(alternatives: Sequence[Schema], value: Any) -> list[Schema]:
    """Those whose constants *value* repeats; else those all of whose demands it meets; else all of them."""
    if not isinstance(value, Mapping):
        return list(alternatives)
    fields = cast("Mapping[str, Any]", value)
    named = [branch for branch in alternatives if _is_named(branch, fields)]
    if named:
        return named
    possible = [branch for branch in alternatives if not _contradicts(branch, fields)]
    met = [branch for branch in possible if _required(branch) <= fields.keys() <= properties(branch).keys()]
    return met or possible or list(alternatives)


def constants(branch: Schema) -> dict[str, Any]:
    """The properties that may have one value only, by which a branch is told from its siblings."""
    found = {name: constant(schema) for name, schema in properties(branch).items()}
    return {name: values[0] for name, values in found.items() if values}


def constant(schema: Schema) -> list[Any]:
    """The only value *schema* allows, in a list; an empty one where there is no such value."""
    if "const" in schema:
        return [schema["const"]]
    allowed = schema.get("enum")
    return cast("list[Any]", allowed) if isinstance(allowed, list) and len(cast("list[Any]", allowed)) == 1 else []


def properties(schema: Schema) -> Mapping[str, Schema]:
    """The settings *schema* names."""
    return _properties(_Same(schema))


@lru_cache(maxsize=_REMEMBERED)
def _properties(only: _Same) -> Mapping[str, Schema]:
    schema = cast("Schema", only.schema)
    named = object_in(schema.get("properties"))
    return {name: cast("Schema", inner) for name, inner in named.items() if isinstance(inner, Mapping)}


def object_in(value: Any) -> Mapping[str, Any]:
    """*value* where it is an object, else an empty one: broken schemas have anything anywhere."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def below(schemas: Iterable[Schema], key: str) -> list[Schema]:
    """What *schemas* say of the property *key*: by its name, else of any that is not named."""
    found: list[Schema] = []
    for schema in schemas:
        other = schema.get("additionalProperties")
        if (named := properties(schema).get(key)) is not None:
            found.append(named)
        elif isinstance(other, Mapping):
            found.append(cast("Schema", other))
    return found


def elements(schemas: Iterable[Schema]) -> list[Schema]:
    """What *schemas* say of the elements of a list."""
    found: list[Schema] = []
    for schema in schemas:
        items = schema.get("items")
        if isinstance(items, Mapping):
            found.append(cast("Schema", items))
        found += _listed(schema, "items")
    return found


def walk_beside(
    value: Any,
    schemas: Iterable[Schema],
    path: Path = (),
    *,
    into: Callable[[Sequence[Schema]], bool] = lambda _: True,
) -> Iterator[tuple[Path, Any, Sequence[Schema]]]:
    """Every part of *value*, the outer before the inner, with its path and all that *schemas* say of it.

    That is what any branch says, whichever applies. *into* tells from what is said whether to look inside.
    """
    here = [part for schema in schemas for part in parts(schema)]
    yield path, value, here
    if not into(here):
        return
    if isinstance(value, Mapping):
        for key, inner in cast("Mapping[str, Any]", value).items():
            yield from walk_beside(inner, below(here, key), (*path, key), into=into)
    elif isinstance(value, (list, tuple)):
        for number, inner in enumerate(cast("list[Any]", value)):
            yield from walk_beside(inner, elements(here), (*path, str(number)), into=into)


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; True is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        left, right = cast("Mapping[str, Any]", one), cast("Mapping[str, Any]", other)
        return left.keys() == right.keys() and all(same(value, right[key]) for key, value in left.items())
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        pairs = cast("list[Any]", one), cast("list[Any]", other)
        return len(pairs[0]) == len(pairs[1]) and all(map(same, *pairs))
    return bool(one == other)


def _is_named(branch: Schema, fields: Mapping[str, Any]) -> bool:
    repeated = {name: value for name, value in constants(branch).items() if name in fields}
    return bool(repeated) and all(same(fields[name], value) for name, value in repeated.items())


def _contradicts(branch: Schema, fields: Mapping[str, Any]) -> bool:
    return any(name in fields and not same(fields[name], value) for name, value in constants(branch).items())


def _required(branch: Schema) -> set[str]:
    named = branch.get("required")
    return (
        {name for name in cast("list[Any]", named) if isinstance(name, str)} if isinstance(named, list) else set()
    )


def _listed(schema: Any, word: str) -> list[Schema]:
    found = cast("Schema", schema).get(word)
    listed = cast("list[Any]", found) if isinstance(found, list) else []
    return [cast("Schema", inner) for inner in listed if isinstance(inner, Mapping)]
