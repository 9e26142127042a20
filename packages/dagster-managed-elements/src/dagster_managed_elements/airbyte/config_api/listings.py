"""Lists of the Config API, read completely by whichever method the server has."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from dagster_managed_elements.airbyte.servers.server import KnownEndpoints
from dagster_managed_elements.airbyte.servers.versions import ListingMethod, Scope
from dagster_managed_elements.airbyte.wire import Json, read_list, read_optional
from dagster_managed_elements.api.chaining import Chain, Page, Whole, read_chain, read_whole
from dagster_managed_elements.api.client import Client
from dagster_managed_elements.api.paging import Listing, read_pages
from dagster_managed_elements.api.requests import Request

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject(Generic[Row]):
    """What is listed: *rows* is its name in an answer, *asked* what a request says for each scope, *expected* how
    many there most likely are, *alone* that there is one.
    """

    folder: str
    rows: str
    methods: tuple[ListingMethod, ...]
    asked: Mapping[Scope, Json]
    read: Callable[[Any, str], Row]
    identity: Callable[[Row], Hashable]
    expected: int = 0
    alone: bool = False


async def read_all(client: Client, endpoints: KnownEndpoints, subject: Subject[Row]) -> list[Row]:
    """Every row once. ApiError where that cannot be had."""

    async def go(method: ListingMethod) -> list[Row]:
        return await _Reader(client, subject, method).read()

    return await endpoints.first(subject.folder, subject.methods, go)


class _Reader(Generic[Row]):
    """One subject read by one method."""

    def __init__(self, client: Client, subject: Subject[Row], method: ListingMethod) -> None:
        self._client, self._subject, self._method = client, subject, method
        self._path = f"{subject.folder}/{method.endpoint}"
        self._asked = subject.asked[method.scope]

    async def read(self) -> list[Row]:
        identity, what = self._subject.identity, self._subject.rows
        if self._method.form == "pages":
            expected, alone = self._subject.expected, self._subject.alone
            return await read_pages(
                Listing(fetch=self._page, identity=identity, what=what, expected=expected, alone=alone)
            )
        if self._method.form == "chain":
            return await read_chain(Chain(fetch=self._link, identity=identity, what=what))
        return await read_whole(Whole(fetch=self._whole, identity=identity, what=what))

    async def _page(self, offset: int, size: int) -> Sequence[Row]:
        return self._rows(await self._ask({"pagination": {"pageSize": size, "rowOffset": offset}}))

    async def _link(self, after: Hashable | None, size: int) -> Page[Row]:
        """`num_connections` is Airbyte's word for how many rows there are, of whatever is listed."""
        body = await self._ask({"pageSize": size, **({} if after is None else {"cursor": after})})
        total = read_optional(body, "num_connections", self._path)
        return Page(rows=self._rows(body), total=total if type(total) is int else None)

    async def _whole(self) -> Sequence[Row]:
        return self._rows(await self._ask({}))

    async def _ask(self, more: Json) -> Any:
        return await self._client.send(Request(path=self._path, json={**self._asked, **more}))

    def _rows(self, body: Any) -> list[Row]:
        rows = read_list(body, self._subject.rows, self._path)
        return [self._subject.read(row, f"{self._path}[{number}]") for number, row in enumerate(rows)]
