"""A server in memory with two kinds that refer to themselves and to each other, for tests of the engine.

It is as unkind as a real one: names are unique, a reference to what is gone is refused, deleting an object deletes
what refers to it, any write may fail, and the answer of a create may be lost, before or after it is carried out.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, ClassVar

from dagster_managed_elements.engine.changes import Declared, Observed, Update
from dagster_managed_elements.engine.elements import Element
from dagster_managed_elements.engine.errors import Conflict, Invalid, Lost, ServerFault
from dagster_managed_elements.engine.kinds import Instance, Kind, Session, Settings
from dagster_managed_elements.engine.secrets import Secret, reveal
from dagster_managed_elements.engine.values import UNSET, Ids, Key, Masked, Ref, Unset


@dataclass(frozen=True)
class Node(Element):
    kind: ClassVar[str] = "node"
    color: int | Unset = UNSET
    shape: int = 0
    parent: Key | Unset | None = UNSET
    friends: tuple[Key, ...] | Unset = UNSET
    settings: Mapping[str, Any] | Unset = UNSET
    token: Secret | Unset = UNSET


@dataclass(frozen=True)
class Leaf(Element):
    kind: ClassVar[str] = "leaf"
    root: Key
    color: int | Unset = UNSET


@dataclass
class Server:
    """*mishaps* says of each write what happens to it: "ok", "fail", "lost" or "late".

    With *create_first* its kinds make a replacement before the old object goes.
    """

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    mishaps: Callable[[], str] = lambda: "ok"
    late: list[Callable[[], None]] = field(default_factory=list)
    reads: int = 0
    writes: list[str] = field(default_factory=list)
    collateral: list[str] = field(default_factory=list)
    numbers: Any = field(default_factory=lambda: count(1))
    create_first: bool = False

    def all(self, kind: str) -> dict[str, dict[str, Any]]:
        self.reads += 1
        return {id_: row for id_, row in self.rows.items() if row["kind"] == kind}

    def write(self, what: str, act: Callable[[], None], *, create: bool = False) -> None:
        self.writes.append(what)
        match self.mishaps():
            case "fail":
                raise ServerFault(f"{what} failed")
            case "lost" if create:
                act()
                raise Lost(f"{what}: the answer was lost")
            case "late" if create:
                self.late.append(act)
                raise Lost(f"{what}: the answer was lost")
            case _:
                act()

    def settle(self) -> None:
        """What was committed late is there now."""
        late, self.late = self.late, []
        for act in late:
            act()

    def put(self, id_: str, row: dict[str, Any]) -> None:
        for other, existing in self.rows.items():
            if other != id_ and (existing["kind"], existing["name"]) == (row["kind"], row["name"]):
                raise Conflict(f"the name {row['name']} is taken")
        for ref in _refs(row):
            if ref not in self.rows or ref == id_:
                raise Invalid(f"{row['name']} refers to {ref}, which does not exist")
        self.rows[id_] = row

    def remove(self, id_: str) -> None:
        self.rows.pop(id_, None)
        for other in [other for other, row in self.rows.items() if id_ in _refs(row)]:
            self.collateral.append(f"{other} fell with {id_}")
            self.remove(other)


def _refs(row: Mapping[str, Any]) -> list[str]:
    values = [value for value in row.values() for value in (value if isinstance(value, list) else [value])]
    return [value.id for value in values if isinstance(value, Ref)]


class MemoryKind(Kind):
    fixed: ClassVar[frozenset[str]] = frozenset({"shape", "root"})

    def __init__(self, server: Server) -> None:
        self.server = server

    async def observe(self) -> Sequence[Observed]:
        return [
            Observed(
                kind=self.name,
                name=row["name"],
                id=id_,
                fields={key: _shown(key, value) for key, value in row.items() if key not in {"kind", "name"}},
            )
            for id_, row in self.server.all(self.name).items()
        ]

    async def find(self, name: str) -> Sequence[Observed]:
        self.server.settle()
        return await super().find(name)

    async def create(self, declared: Declared, ids: Ids) -> str:
        id_ = f"{self.name}-{next(self.server.numbers)}"
        row = {"kind": self.name, "name": declared.key.name, **_sent(declared.fields, ids)}
        self.server.write(f"create {declared.key.name}", lambda: self.server.put(id_, row), create=True)
        return id_

    async def update(self, change: Update, ids: Ids) -> None:
        sent = {each.path[0]: None for each in change.fields if each.path != ("name",)}
        new = _sent({name: change.declared.fields[name] for name in sent}, ids)
        row = {**self.server.rows.get(change.observed.id, {}), **new, "name": change.declared.key.name}
        self.server.write(f"update {change.key.name}", lambda: self.server.put(change.observed.id, row))

    async def rename(self, id_: str, declared: Declared) -> None:
        row = {**self.server.rows.get(id_, {}), "name": declared.key.name}
        self.server.write(f"rename {declared.key.name}", lambda: self.server.put(id_, row))

    async def delete(self, observed: Observed) -> None:
        self.server.write(f"delete {observed.name}", lambda: self.server.remove(observed.id))


class NodeKind(MemoryKind):
    name: ClassVar[str] = "node"


class LeafKind(MemoryKind):
    name: ClassVar[str] = "leaf"


class FirstNodeKind(NodeKind):
    create_first: ClassVar[bool] = True


class FirstLeafKind(LeafKind):
    create_first: ClassVar[bool] = True


def _shown(field: str, value: Any) -> Any:
    return Masked() if field == "token" else value


def _sent(fields: Mapping[str, Any], ids: Ids) -> dict[str, Any]:
    def value(of: Any) -> Any:
        if isinstance(of, Key):
            return Ref(of.kind, ids[of])
        return [value(each) for each in of] if isinstance(of, (list, tuple)) else reveal(of)

    return {name: value(each) for name, each in fields.items()}


@dataclass(frozen=True, eq=False)
class MemoryInstance(Instance):
    server: Server
    place: str = "memory"

    @asynccontextmanager
    async def connect(self, settings: Settings) -> AsyncGenerator[Session]:
        del settings
        node, leaf = (FirstNodeKind, FirstLeafKind) if self.server.create_first else (NodeKind, LeafKind)
        yield Session(place=self.place, kinds=(node(self.server), leaf(self.server)), host="memory")
