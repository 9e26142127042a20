"""The gateway to Airbyte's Config API (`POST /api/v1/...`), as of 2.0."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, Final, TypeVar

from dagster_managed_elements.airbyte import config_bodies
from dagster_managed_elements.airbyte.endpoints import CONNECTIONS, NAMES, NIL
from dagster_managed_elements.airbyte.gateways import ConnectionDraft, Json, Side
from dagster_managed_elements.airbyte.sending import Outgoing, refuse_mask, revealed
from dagster_managed_elements.airbyte.wire import (
    Actor,
    Catalog,
    Connection,
    Definition,
    Specification,
    Workspace,
    read_actor,
    read_catalog,
    read_connection,
    read_definition,
    read_job,
    read_list,
    read_optional,
    read_specification,
    read_text,
)
from dagster_managed_elements.api.client import Client
from dagster_managed_elements.api.masking import blank
from dagster_managed_elements.api.memory import Memory
from dagster_managed_elements.api.paging import Listing, read_pages
from dagster_managed_elements.api.requests import Request
from dagster_managed_elements.engine.errors import ApiError, Missing

Row = TypeVar("Row")

_DISCOVER_SECONDS: Final = 600.0
"""Discovery runs the connector, which takes seconds to minutes."""


class ConfigGateway:
    """One workspace through the Config API; made by `workspaces.open_gateway`. See `Gateway`."""

    def __init__(
        self, client: Client, workspace: Workspace, *, discover_timeout: float = _DISCOVER_SECONDS
    ) -> None:
        self._client, self._workspace, self._discover_timeout = client, workspace, discover_timeout
        self._definitions: Memory[Side, Sequence[Definition]] = Memory()
        self._specifications: Memory[tuple[str, Side, str], Specification] = Memory()
        self._catalogs: Memory[str, Catalog] = Memory()
        self._sent: set[str] = set()

    @property
    def workspace(self) -> Workspace:
        return self._workspace

    async def definitions(self, side: Side) -> Sequence[Definition]:
        names = NAMES[side]

        async def ask() -> Sequence[Definition]:
            body = await self._read(names.definitions, {"workspaceId": self._workspace.workspace_id})
            rows = read_list(body, names.definition_rows, names.definitions)
            return [read_definition(side, row, _at(names.definitions, n)) for n, row in enumerate(rows)]

        return await self._definitions.get(side, ask)

    async def specification(self, side: Side, definition_id: str) -> Specification:
        names = NAMES[side]
        asked = {names.definition_id: definition_id, "workspaceId": self._workspace.workspace_id}
        return await self._specification(names.specification, side, definition_id, asked)

    async def specification_of(self, side: Side, actor_id: str) -> Specification:
        names = NAMES[side]
        return await self._specification(names.specification_of, side, actor_id, {names.id: actor_id})

    async def _specification(self, path: str, side: Side, subject: str, asked: Json) -> Specification:
        async def ask() -> Specification:
            return read_specification(await self._read(path, asked), path)

        return await self._specifications.get((path, side, subject), ask)

    async def actors(self, side: Side, *, agree: bool = False) -> Sequence[Actor]:
        names = NAMES[side]
        path = f"{names.actors}/list_paginated"
        return await self._list(
            path, names.rows, lambda row, at: read_actor(side, row, at), lambda actor: actor.id, agree=agree
        )

    async def connections(self, *, agree: bool = False) -> Sequence[Connection]:
        # Airbyte's description of its API requires a userId here; its server ignores it.
        path, user = f"{CONNECTIONS}/list_paginated", {"userId": NIL}
        found = await self._list(
            path, "connections", _read_connection, lambda each: each.connection_id, agree=agree, more=user
        )
        return [connection for connection in found if connection.status != "deprecated"]

    async def _list(
        self,
        path: str,
        rows: str,
        read: Callable[[Any, str], Row],
        identity: Callable[[Row], Hashable],
        *,
        agree: bool,
        more: Json | None = None,
    ) -> list[Row]:
        async def fetch(offset: int, size: int) -> Sequence[Row]:
            asked = {"workspaceIds": [self._workspace.workspace_id], "includeDeleted": False, **(more or {})}
            body = await self._read(path, {**asked, "pagination": {"pageSize": size, "rowOffset": offset}})
            return [read(row, _at(path, n)) for n, row in enumerate(read_list(body, rows, path))]

        return await read_pages(Listing(fetch=fetch, identity=identity, what=rows), agree=agree)

    async def discover(self, source_id: str) -> Catalog:
        """Never with a connection's id: that may disable the connection."""
        path = f"{NAMES['source'].actors}/discover_schema"

        async def ask() -> Catalog:
            asked = {"sourceId": source_id, "disable_cache": False}
            body = await self._read(path, asked, timeout=self._discover_timeout)
            return _discovered(body, path, source_id, self._sent)

        return await self._catalogs.get(source_id, ask)

    async def create_actor(self, side: Side, definition_id: str, name: str, configuration: Json) -> str:
        names = NAMES[side]
        body = {
            names.definition_id: definition_id,
            "workspaceId": self._workspace.workspace_id,
            "name": name,
            "connectionConfiguration": configuration,
        }
        path, outgoing = f"{names.actors}/create", revealed(body)
        refuse_mask(side, name, outgoing.body["connectionConfiguration"])
        return read_text(await self._write(path, outgoing, repeatable=False), names.id, path)

    async def update_actor(self, side: Side, actor_id: str, name: str, configuration: Json, *, whole: bool) -> None:
        names = NAMES[side]
        outgoing = revealed({names.id: actor_id, "name": name, "connectionConfiguration": configuration})
        if not whole:
            refuse_mask(side, name, outgoing.body["connectionConfiguration"])
        await self._write(f"{names.actors}/{'update' if whole else 'partial_update'}", outgoing)
        self._catalogs.forget(actor_id)

    async def delete_actor(self, side: Side, actor_id: str) -> None:
        names = NAMES[side]
        await self._delete(f"{names.actors}/delete", {names.id: actor_id})

    async def create_connection(self, draft: ConnectionDraft) -> str:
        path = f"{CONNECTIONS}/create"
        outgoing = Outgoing(body=config_bodies.creation(draft))
        return read_text(await self._write(path, outgoing, repeatable=False), "connectionId", path)

    async def update_connection(self, connection_id: str, draft: ConnectionDraft) -> None:
        """By connections/update: the web backend's twin resets streams on its own."""
        body = {**config_bodies.change(draft), "connectionId": connection_id}
        await self._write(f"{CONNECTIONS}/update", Outgoing(body=body))

    async def delete_connection(self, connection_id: str) -> None:
        await self._delete(f"{CONNECTIONS}/delete", {"connectionId": connection_id})

    async def _read(self, path: str, asked: Json, *, timeout: float | None = None) -> Any:
        return await self._client.send(Request(path=path, json=asked, timeout=timeout))

    async def _write(self, path: str, outgoing: Outgoing, *, repeatable: bool = True) -> Any:
        self._sent |= outgoing.secrets
        return await self._client.send(
            Request(path=path, json=outgoing.body, repeatable=repeatable, secrets=outgoing.secrets)
        )

    async def _delete(self, path: str, body: Json) -> None:
        try:
            await self._write(path, Outgoing(body=dict(body)))
        except Missing:
            return


def _discovered(body: Any, path: str, source_id: str, secrets: Iterable[str]) -> Catalog:
    """Airbyte answers 200 where the connector failed, with `jobInfo.succeeded: false` and no catalog."""
    job = read_job(read_optional(body, "jobInfo", path), f"{path}.jobInfo")
    catalog = read_optional(body, "catalog", path)
    if not job.succeeded or catalog is None:
        words = " ".join(blank(job.failure, secrets).split())[:_LONGEST_REASON]
        reason = words or "the connector gave no reason; Airbyte's log of the job has more"
        message = f"Airbyte could not discover the streams of source {source_id}: {reason}"
        raise ApiError(message, method="POST", url=path, status=200)
    identity = read_optional(body, "catalogId", path)
    return read_catalog(catalog, f"{path}.catalog", identity if isinstance(identity, str) else None)


_LONGEST_REASON: Final = 400


def _at(path: str, number: int) -> str:
    return f"{path}[{number}]"


def _read_connection(row: Any, at: str) -> Connection:
    return read_connection(row, at, config_bodies.SETTINGS)
