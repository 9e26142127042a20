"""JSON as Python has it, and the few questions everybody asks of it. No rule of Airbyte lives here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, TypeGuard

Json = dict[str, Any]
Function = Callable[[Any], Any]


def is_object(value: object) -> TypeGuard[Json]:
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def bean(**properties: Any) -> Json:
    """An answer as the vendor's serialiser writes it: properties that are null are left out."""
    return {name: value for name, value in properties.items() if value is not None}


class Form(Json):
    """An object of an answer that knows what it is, so that a version can leave out what it does not know yet."""

    __slots__ = ("name",)

    def __init__(self, name: str, properties: Json) -> None:
        super().__init__(properties)
        self.name = name


def form(name: str, /, **properties: Any) -> Form:
    """As `bean`; *name* is the one that profiles know it by."""
    return Form(name, {key: value for key, value in properties.items() if value is not None})


def shape(line: str, more: Json | None = None, /, *, name: str = "") -> Form:
    """A shape of `http.bodies` from a line such as `id!: uuid, tags: [text]`; *more*: what has shapes within it."""
    kinds: Json = {}
    for said in filter(None, line.split(", ")):
        key, _, kind = said.partition(": ")
        within: Any = kind.strip("[]")
        for _ in range(kind.count("[")):
            within = [within]
        kinds[key] = within
    return Form(name, {**kinds, **(more or {})})


def leaves(value: Any) -> Iterator[Any]:
    """Whatever is neither an object nor a list, however deep it lies."""
    for inner in value.values() if is_object(value) else value if is_list(value) else ():
        yield from leaves(inner)
    if not (is_object(value) or is_list(value)):
        yield value


def mapped(value: Any, function: Function, *, key: Function = str, is_leaf: Function = lambda _: False) -> Any:
    """*value* with what *function* makes of each leaf in its place, and *key* of the name of each property."""
    if is_object(value) and not is_leaf(value):
        return {key(name): mapped(inner, function, key=key, is_leaf=is_leaf) for name, inner in value.items()}
    if is_list(value):
        return [mapped(inner, function, key=key, is_leaf=is_leaf) for inner in value]
    return function(value)


def dumps(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def merged(below: Any, above: Any) -> Any:
    """Merge objects deeply; everything else, arrays included, is replaced by *above*."""
    if not (is_object(below) and is_object(above)):
        return above
    return {**below, **{key: merged(below.get(key), value) for key, value in above.items()}}
