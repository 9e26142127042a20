"""A world in memory with sources and connections, for the modules the tests write. Not a test."""

from __future__ import annotations

import os
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio.to_thread
from dagster_managed_elements import (
    Element,
    Instance,
    Invalid,
    Key,
    Kind,
    Masked,
    Observed,
    Reconciler,
    Ref,
    Secret,
    Session,
    Unreachable,
    reveal,
)

__all__ = ["Connection", "Masked", "Reconciler", "Ref", "Secret", "Source", "Toy"]


@dataclass(frozen=True)
class Source(Element):
    kind = "source"
    type: str = "File"
    config: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Connection(Element):
    kind = "connection"
    source: Source | None = None


class Things(Kind):
    fixed = frozenset({"type"})
    lifted = frozenset({"config"})
    quiet = frozenset({"type"})

    def __init__(self, name, store):
        self.name, self.store = name, store

    async def observe(self):
        found = [(kind, name, fields) for (kind, name), fields in self.store.items() if kind == self.name]
        return [Observed(kind=kind, name=name, id=f"id-{name}", fields=fields) for kind, name, fields in found]

    async def create(self, declared, ids):
        if declared.key.name.startswith("refused"):
            raise Invalid(method="POST", url="http://toy/create", status=422, body="no\nway")
        if declared.key.name.startswith("broken"):
            raise ZeroDivisionError("a fault of the integration")
        if declared.key.name.startswith("slow"):
            sys.stderr.write("begun\n")
            sys.stderr.flush()
            await anyio.to_thread.run_sync(Path(os.environ["GATE"]).read_text)
        fields = {name: _stored(value, ids) for name, value in declared.fields.items()}
        self.store[self.name, declared.key.name] = fields
        return f"id-{declared.key.name}"

    async def update(self, change, ids):
        self.store[self.name, change.key.name] = dict(change.declared.fields)

    async def delete(self, observed):
        self.store.pop((self.name, observed.name), None)


def _stored(value, ids):
    match value:
        case Key():
            return Ref(value.kind, ids[value])
        case Secret():
            reveal(value)
            return Masked()
        case dict():
            return {key: _stored(inner, ids) for key, inner in value.items()}
        case _:
            return value


@dataclass(frozen=True, eq=False)
class Toy(Instance):
    place: str = "toy"
    store: dict = field(default_factory=dict)
    reachable: bool = True

    @asynccontextmanager
    async def connect(self, settings):
        if not self.reachable:
            raise Unreachable(method="GET", url=f"http://{self.place}", body="connection refused")
        yield Session(place=self.place, kinds=[Things("source", self.store), Things("connection", self.store)])
