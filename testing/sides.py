"""Short settings to write down what is declared and what is observed, for tables of whole values."""

from __future__ import annotations

from typing import Any

from dagster_managed_elements.engine.changes import Declared, Observed, Pair
from dagster_managed_elements.engine.kinds import Kind
from dagster_managed_elements.engine.values import Key, Ref

from testing.memory_world import LeafKind, NodeKind, Server

KINDS: dict[str, Kind] = {"node": NodeKind(Server()), "leaf": LeafKind(Server())}


def node(name: str) -> Key:
    return Key("node", name)


def leaf(name: str) -> Key:
    return Key("leaf", name)


def at(id_: str, kind: str = "node") -> Ref:
    return Ref(kind, id_)


def want(key: Key | str, /, **fields: Any) -> Declared:
    """Declared. `protect`, `ignore`, `renamed_from` and `owner` are the declaration's own, the rest are fields."""
    own = {name: fields.pop(name) for name in ("protect", "ignore", "renamed_from", "owner") if name in fields}
    return Declared(key=key if isinstance(key, Key) else node(key), fields=fields, **own)


def have(key: Key | str, id_: str, /, **fields: Any) -> Observed:
    key = key if isinstance(key, Key) else node(key)
    return Observed(kind=key.kind, name=key.name, id=id_, fields=fields)


def both(declared: Declared, observed: Observed) -> Pair:
    return Pair(declared, observed)


def alone(observed: Observed) -> Pair:
    return Pair(None, observed)
