"""A whole integration: shelves, and the books on them, in a store that speaks JSON over HTTP."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import dagster_managed_elements as dme
import httpx


# What users declare: a frozen dataclass for each sort of thing. `name` comes from Element.
@dataclass(frozen=True)
class Shelf(dme.Element):
    kind: ClassVar[str] = "shelf"
    room: str
    code: dme.Secret | None = None  # of its lock: the store takes it, and never shows it again


@dataclass(frozen=True)
class Book(dme.Element):
    kind: ClassVar[str] = "book"
    shelf: Shelf  # a reference: the shelf is declared along with the book, and created first
    author: str
    tags: tuple[str, ...] = ()


# How each is observed and changed: what the two have in common, then what they have not.
class RowKind(dme.Kind):
    path: ClassVar[str]

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def observe(self) -> Sequence[dme.Observed]:
        rows = await self.ask("GET", self.path)
        found = partial(dme.Observed, kind=self.name)
        return [found(name=row.pop("name"), id=row.pop("id"), fields=self.fields(row)) for row in rows]

    def fields(self, row: dict[str, Any]) -> Mapping[str, Any]:
        return row

    async def create(self, declared: dme.Declared, ids: dme.Ids) -> str:
        row = await self.ask("POST", self.path, sent({"name": declared.key.name, **declared.fields}, ids))
        return row["id"]

    async def update(self, change: dme.Update, ids: dme.Ids) -> None:
        declared = {"name": change.key.name, **change.declared.fields}
        changed = {field.path[0]: declared[field.path[0]] for field in change.fields}
        await self.ask("PATCH", f"{self.path}/{change.observed.id}", sent(changed, ids))

    async def delete(self, observed: dme.Observed) -> None:
        with suppress(dme.Missing):  # gone already is just as well
            await self.ask("DELETE", f"{self.path}/{observed.id}")

    async def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        try:
            answer = await self.http.request(method, path, json=body)
        except httpx.ConnectError as error:  # it provably never got there
            raise dme.Unreachable(method=method, url=f"{self.http.base_url}") from error
        except httpx.TransportError as error:  # it may have been carried out
            raise dme.Lost(method=method, url=path) from error
        if answer.is_error:
            error = {404: dme.Missing, 409: dme.Conflict}.get(answer.status_code, dme.ServerFault)
            raise error(method=method, url=path, status=answer.status_code, body=answer.text)
        return answer.json()


class ShelfKind(RowKind):
    name, path, element = "shelf", "/shelves", Shelf  # the last is for `dagster-me export`

    def fields(self, row: dict[str, Any]) -> Mapping[str, Any]:
        return {**row, "code": dme.Masked() if row["code"] else None}  # there is one, and nobody may see it


class BookKind(RowKind):
    name, path, element = "book", "/books", Book
    fixed = frozenset({"author"})  # the store cannot change it: by another author it is another book

    def fields(self, row: dict[str, Any]) -> Mapping[str, Any]:
        return {**row, "shelf": dme.Ref("shelf", row["shelf"])}


def sent(fields: Mapping[str, Any], ids: dme.Ids) -> dict[str, Any]:
    """References as ids, and secrets read at the last moment."""
    return {name: ids[value] if isinstance(value, dme.Key) else dme.reveal(value) for name, value in fields.items()}


# What kinds talk to: one client, opened for one run.
@dataclass(frozen=True)
class Store(dme.Instance):
    url: str

    @asynccontextmanager
    async def connect(self, settings: dme.Settings) -> AsyncGenerator[dme.Session]:
        async with httpx.AsyncClient(base_url=self.url, timeout=settings.timeout) as http:
            yield dme.Session(place=self.url, kinds=(ShelfKind(http), BookKind(http)))  # referred-to first
