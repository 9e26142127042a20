"""What may become of a configuration: every change that can be made to one drawn from a connector's schema.

Each is two whole configurations, what the server holds and what is declared, and what a check has to say of them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from random import Random
from typing import Any, Literal, TypeAlias

from testing.corpus import Connector
from testing.drawing import FLAG, Drawer, Schema, Undrawable, fitting, identical

Path: TypeAlias = tuple[str, ...]
What: TypeAlias = Literal["changed", "added", "removed", "chosen", "item added", "item removed", "items swapped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """*what* was done at *path*."""

    connector: Connector
    what: What
    path: Path
    before: Schema
    after: Schema

    def __str__(self) -> str:
        return f"{self.connector}: {self.what} {'.'.join(self.path)}"


def cases(connector: Connector) -> Iterator[Case]:
    """All of one connector, the same on every run."""
    seen: set[tuple[What, Path, int]] = set()
    for number, base in enumerate(bases(connector)):
        for case in _Changes(connector, base, number).all():
            branch = number if _chosen_at(connector.spec, case.path) else 0
            if (case.what, case.path, branch) not in seen:
                seen.add((case.what, case.path, branch))
                yield case


def drawer(connector: Connector, number: int, share: float = 1.0, *, again: bool = False) -> Drawer:
    """That draws the branch of this *number* of each choice, where it has so many; *again*, other values."""
    seed = zlib.crc32(f"{connector.id} {number} {share} {again}".encode())
    return Drawer(chance=Random(seed), share=share, choose=lambda of: number % of)


def bases(connector: Connector) -> Iterator[Schema]:
    """Configurations with everything in them, one for each branch of the choice that has most; last, one with as
    little as may be.
    """
    for number in range(_most_branches(connector.spec)):
        yield drawer(connector, number).configuration(connector.spec)
    yield drawer(connector, 0, 0.0).configuration(connector.spec)


def _most_branches(schema: Any) -> int:
    inner = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    own = (
        max((len(schema.get(word) or ()) for word in ("oneOf", "anyOf")), default=0)
        if isinstance(schema, dict)
        else 0
    )
    return max([1, own, *map(_most_branches, inner)])


def _chosen_at(schema: Schema, path: Path) -> bool:
    """Whether a choice lies on the way to *path*."""
    schemas = [schema]
    for key in path:
        if any(part.get("oneOf") or part.get("anyOf") for part in schemas):
            return True
        schemas = said(schemas, key)
    return any(part.get("oneOf") or part.get("anyOf") for part in schemas)


def said(schemas: Sequence[Schema], key: str) -> list[Schema]:
    """What *schemas*, and all branches in them, say of what lies at *key*."""
    below: list[Schema] = []
    for part in (part for schema in schemas for part in parts(schema)):
        if isinstance(inner := (part.get("properties") or {}).get(key), dict):
            below.append(inner)
        elif key.isdecimal() and isinstance(part.get("items"), dict):
            below.append(part["items"])
        elif isinstance(part.get("additionalProperties"), dict) and not key.isdecimal():
            below.append(part["additionalProperties"])
    return below


def parts(schema: Schema) -> Iterator[Schema]:
    yield schema
    for word in ("oneOf", "anyOf", "allOf"):
        for branch in schema.get(word) or ():
            yield from parts(branch)


def is_secret(schema: Schema, path: Path) -> bool:
    """Whether any branch calls what lies at *path*, or around it, a secret."""
    schemas = [schema]
    for key in path:
        schemas = said(schemas, key)
        if any(FLAG in part for schema in schemas for part in parts(schema)):
            return True
    return False


def found(value: Any, path: Path) -> Any:
    for key in path:
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


def put(value: Any, path: Path, new: Any) -> Any:
    """A copy of *value* with *new* at *path*."""
    copy = deepcopy(value)
    if not path:
        return new
    inner = found(copy, path[:-1])
    inner[int(path[-1]) if isinstance(inner, list) else path[-1]] = new
    return copy


def without(value: Any, path: Path) -> Any:
    copy = deepcopy(value)
    del found(copy, path[:-1])[path[-1]]
    return copy


class _Changes:
    """Those of one configuration."""

    def __init__(self, connector: Connector, base: Schema, number: int) -> None:
        self.connector, self.base = connector, base
        self.draw = drawer(connector, number + 1, again=True)
        self.fits = fitting(connector.spec)

    def all(self) -> Iterator[Case]:
        for what, path, after in self._at((), self.base, [self.connector.spec]):
            if self.fits(after) and not identical(after, self.base):
                yield Case(connector=self.connector, what=what, path=path, before=self.base, after=after)

    def _at(self, path: Path, value: Any, schemas: Sequence[Schema]) -> Iterator[tuple[What, Path, Any]]:
        applying = [part for schema in schemas for part in parts(schema)]
        if is_secret(self.connector.spec, path):
            return
        if isinstance(value, dict):
            yield from self._object(path, value, applying)
        elif isinstance(value, list):
            yield from self._list(path, value, applying)
        else:
            for schema in schemas:
                try:
                    drawn = self.draw.value(schema, unlike=[value])
                except Undrawable:
                    continue
                yield "changed", path, put(self.base, path, drawn)
                break

    def _object(self, path: Path, value: Schema, applying: Sequence[Schema]) -> Iterator[tuple[What, Path, Any]]:
        for schema in applying:
            branches = [one for word in ("oneOf", "anyOf") for one in schema.get(word) or ()]
            for branch in (branch for branch in branches if not fitting(branch)(value)):
                bare = {word: said for word, said in schema.items() if word not in {"oneOf", "anyOf"}}
                if (chosen := self._drawn({**bare, "oneOf": [branch]})) is not None:
                    yield "chosen", path, put(self.base, path, chosen)
        for key, inner in value.items():
            yield "removed", (*path, key), without(self.base, (*path, key))
            yield from self._at((*path, key), inner, said(applying, key))
        for schema in (schema for schema in applying if fitting(schema)(value)):
            for key, inner in (schema.get("properties") or {}).items():
                if key not in value and (drawn := self._drawn(inner)) is not None:
                    yield "added", (*path, key), put(self.base, (*path, key), drawn)

    def _list(self, path: Path, value: list[Any], applying: Sequence[Schema]) -> Iterator[tuple[What, Path, Any]]:
        items = [schema["items"] for schema in applying if isinstance(schema.get("items"), dict)]
        if items and (drawn := self._drawn(items[0])) is not None:
            yield "item added", path, put(self.base, path, [*value, drawn])
        if len(value) > 1:
            yield "item removed", path, put(self.base, path, value[1:])
            yield "items swapped", path, put(self.base, path, value[::-1])
        for first in value[:1]:
            yield from self._at((*path, "0"), first, items)

    def _drawn(self, schema: Schema) -> Any:
        try:
            return self.draw.value(schema)
        except Undrawable:
            return None
