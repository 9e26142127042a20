"""How to find one's way in a connector's JSON Schema: which parts of it speak of which part of a configuration.

Airbyte looks into `properties`, `items` and the branches of oneOf, anyOf and allOf, and follows no $ref; so does
this. Nothing here raises, however broken the schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import wraps
from typing import Any, TypeAlias, TypeVar, cast

from dagster_managed_elements.engine.values import Path, is_leaf

Schema: TypeAlias = Mapping[str, Any]

_CHOICES = ("oneOf", "anyOf")

_REMEMBERED = 16384
"""How many schemas are remembered with what lies in them: thousands of configurations are read by the same few
specifications, which nobody alters."""

Found = TypeVar("Found")


def remembered(find: Callable[[Any], Found]) -> Callable[[Any], Found]:
    """*find*, which looks at nothing but a schema, done once for each.

    By identity: to compare two schemas would take longer than to look. What is remembered keeps its schema alive,
    so that its id means no other.
    """
    known: dict[int, tuple[Any, Found]] = {}

    @wraps(find)
    def looked_up(schema: Any) -> Found:
        if (entry := known.get(id(schema))) is None:
            if len(known) >= _REMEMBERED:
                known.clear()
            entry = known[id(schema)] = (schema, find(schema))
        return entry[1]

    return looked_up


@remembered
def parts(schema: Any) -> tuple[Schema, ...]:
    """*schema* and all branches in it, whichever of them applies."""
    if not isinstance(schema, Mapping):
        return ()
    here = cast("Schema", schema)
    return (here, *(part for branch in (*branches(here), *_all_of(here)) for part in parts(branch)))


def applying(schema: Any, value: Any, *, certain: bool = False) -> Iterator[Schema]:
    """*schema* and those branches in it that *value* has chosen.

    Where the choice cannot be told, all of them, or none where only what is *certain* counts.
    """
    if isinstance(schema, Mapping):
        here = cast("Schema", schema)
        yield here
        if alternatives := branches(here):
            choice = chosen(alternatives, value)
            for branch in choice if len(choice) == 1 or not certain else ():
                yield from applying(branch, value, certain=certain)
        for branch in _all_of(here):
            yield from applying(branch, value, certain=certain)


@remembered
def branches(schema: Schema) -> Sequence[Schema]:
    """The alternatives of a oneOf or anyOf right here."""
    return tuple(branch for word in _CHOICES for branch in _listed(schema, word))


@remembered
def _all_of(schema: Schema) -> Sequence[Schema]:
    return tuple(_listed(schema, "allOf"))


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


@remembered
def constants(branch: Schema) -> Mapping[str, Any]:
    """The properties that may have one value only, by which a branch is told from its siblings."""
    found = {name: constant(schema) for name, schema in properties(branch).items()}
    return {name: values[0] for name, values in found.items() if values}


def constant(schema: Schema) -> list[Any]:
    """The only value *schema* allows, in a list; an empty one where there is no such value."""
    if "const" in schema:
        return [schema["const"]]
    allowed = schema.get("enum")
    return cast("list[Any]", allowed) if isinstance(allowed, list) and len(cast("list[Any]", allowed)) == 1 else []


@remembered
def properties(schema: Schema) -> Mapping[str, Schema]:
    """The settings *schema* names."""
    named = object_in(schema.get("properties"))
    return {name: cast("Schema", inner) for name, inner in named.items() if isinstance(inner, Mapping)}


def object_in(value: Any) -> Mapping[str, Any]:
    """*value* where it is an object, else an empty one: broken schemas have anything anywhere."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def below(schemas: Iterable[Schema], key: str) -> list[Schema]:
    """What *schemas* say of the property *key*: by its name, else of any that is not named."""
    found: list[Schema] = []
    for schema in schemas:
        if (named := properties(schema).get(key)) is not None:
            found.append(named)
        elif isinstance(other := schema.get("additionalProperties"), Mapping):
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
    if is_leaf(value.__class__) or not into(here):
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
    repeated = [(name, value) for name, value in constants(branch).items() if name in fields]
    return bool(repeated) and all(same(fields[name], value) for name, value in repeated)


def _contradicts(branch: Schema, fields: Mapping[str, Any]) -> bool:
    return any(name in fields and not same(fields[name], value) for name, value in constants(branch).items())


@remembered
def _required(branch: Schema) -> set[str]:
    named = branch.get("required")
    return (
        {name for name in cast("list[Any]", named) if isinstance(name, str)} if isinstance(named, list) else set()
    )


def _listed(schema: Any, word: str) -> list[Schema]:
    found = cast("Schema", schema).get(word)
    listed = cast("list[Any]", found) if isinstance(found, list) else []
    return [cast("Schema", inner) for inner in listed if isinstance(inner, Mapping)]
