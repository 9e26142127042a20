"""The gateway to Airbyte's Config API (`POST /api/v1/...`) of every version; `versions` has what differs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from dagster_managed_elements.airbyte.config_api import bodies
from dagster_managed_elements.airbyte.config_api.endpoints import (
    CATALOG,
    CONNECTIONS,
    NAMES,
    OPERATIONS,
    STATE,
    TAGS,
    WORKSPACE,
)
from dagster_managed_elements.airbyte.config_api.listings import Subject, read_all
from dagster_managed_elements.airbyte.config_api.merging import merge, refuse_lost_masks
from dagster_managed_elements.airbyte.config_api.registry import ConfigRegistry
from dagster_managed_elements.airbyte.connection_fields import overlooked, read_fields
from dagster_managed_elements.airbyte.coordinates import read_versions
from dagster_managed_elements.airbyte.gateways import (
    DISCOVER_SECONDS,
    Capabilities,
    ConnectionDraft,
    Json,
    Side,
    Undiscovered,
)
from dagster_managed_elements.airbyte.sending import Outgoing, opened, refuse_mask, revealed
from dagster_managed_elements.airbyte.servers.api_roots import CONFIG_ROOT, PUBLIC_ROOT
from dagster_managed_elements.airbyte.servers.server import NIL, KnownEndpoints, Server
from dagster_managed_elements.airbyte.servers.versions import WORKSPACE_REGION, Scope
from dagster_managed_elements.airbyte.wire import (
    Actor,
    Catalog,
    Connection,
    Definition,
    Specification,
    Tag,
    Unreadable,
    Workspace,
    identity,
    object_in,
    read_actor,
    read_answered,
    read_catalog,
    read_connection,
    read_definition,
    read_job,
    read_list,
    read_operator_type,
    read_optional,
    read_row,
    read_specification,
    read_tag,
)
from dagster_managed_elements.airbyte.workspace_settings import (
    WorkspaceChange,
    WorkspaceSettings,
    config_settings,
    read_config_settings,
)
from dagster_managed_elements.api.caching import Cache
from dagster_managed_elements.api.client import Client
from dagster_managed_elements.api.redaction import redact
from dagster_managed_elements.api.requests import Effect, Request
from dagster_managed_elements.engine.errors import ApiError, DeclarationError, Missing, Partial, ServerFault
from dagster_managed_elements.engine.values import Path

if TYPE_CHECKING:
    from dagster_managed_elements.airbyte.config_api.jobs import ConfigJobs


class ConfigGateway:
    """One workspace through the Config API; made by `workspaces.open_gateway`. See `Gateway`."""

    def __init__(
        self,
        client: Client,
        workspace: Workspace,
        server: Server | None = None,
        *,
        discover_timeout: float = DISCOVER_SECONDS,
    ) -> None:
        self._client, self._workspace, self._discover_timeout = client, workspace, discover_timeout
        self._server = server or Server(base=client.address.base)
        self.capabilities = _capabilities(self._server)
        self._endpoints = KnownEndpoints(self._server)
        self._merges = self._server.profile.partial_update
        self._definitions: Cache[Side, Sequence[Definition | Unreadable]] = Cache()
        self._specifications: Cache[tuple[str, Side, str], Specification] = Cache()
        self._catalogs: Cache[tuple[str, bool], Catalog] = Cache()
        self._unsaved_catalogs: Cache[str, Catalog] = Cache()
        self._normalizations: Cache[str, bool] = Cache()
        self._sent: set[str] = set()
        self._here = {"workspaceId": workspace.workspace_id}
        self.registry = ConfigRegistry(
            client,
            workspace.workspace_id,
            self._server,
            definitions=self.definitions,
            forget=self._forget_definitions,
            patience=discover_timeout,
        )

    @property
    def jobs(self) -> ConfigJobs:
        from dagster_managed_elements.airbyte.config_api.jobs import ConfigJobs  # which no check needs

        return ConfigJobs(self._client)

    @property
    def workspace(self) -> Workspace:
        return self._workspace

    @property
    def server(self) -> Server:
        """What is known of the server, its version and what it can do."""
        return self._server

    async def workspace_settings(self) -> WorkspaceSettings:
        has_region = self._server.profile.since >= WORKSPACE_REGION
        return read_config_settings(await self._read(WORKSPACE, self._here), WORKSPACE, has_region=has_region)

    async def update_workspace(self, change: WorkspaceChange) -> None:
        """The name by a call of its own: `workspaces/update` erases the webhooks that it is not sent."""
        before = await self._read(WORKSPACE, self._here)
        if change.name != read_config_settings(before, WORKSPACE).name:
            outgoing = Outgoing(body={**self._here, "name": change.name})
            await self._update(f"{CONFIG_ROOT}/workspaces/update_name", outgoing, "workspaceId")
        said: dict[str, Any] = {} if change.email is None else {"email": change.email}
        said |= {} if change.region is None else {"dataplaneGroupId": change.region}
        sent = revealed(change.notifications)
        if sent.body:
            said["notificationSettings"] = config_settings(before, WORKSPACE, sent.body)
        if said:
            outgoing = Outgoing(body={**self._here, **said}, secrets=sent.secrets)
            await self._update(f"{CONFIG_ROOT}/workspaces/update", outgoing, "workspaceId")

    async def definitions(self, side: Side) -> Sequence[Definition | Unreadable]:
        names = NAMES[side]
        read = partial(read_row, partial(read_definition, side), names.definition_id)

        async def ask() -> Sequence[Definition | Unreadable]:
            try:
                body = await self._read(names.definitions, {"workspaceId": self._workspace.workspace_id})
            except Missing as error:
                raise self._server.lacks(names.definitions) from error
            rows = read_list(body, names.definition_rows, names.definitions)
            return [read(row, f"{names.definitions}[{number}]") for number, row in enumerate(rows)]

        return await self._definitions.get(side, ask)

    def _forget_definitions(self) -> None:
        self._definitions, self._specifications = Cache(), Cache()

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

    async def actors(self, side: Side, expected: int = 0) -> Sequence[Actor | Unreadable]:
        names = NAMES[side]
        subject = Subject(
            folder=names.actors,
            rows=names.rows,
            methods=self._server.profile.actors,
            asked=self._scopes(),
            read=partial(read_row, partial(read_actor, side), names.id),
            identity=identity,
            expected=expected,
        )
        return await read_all(self._client, self._endpoints, subject)

    async def connections(self, expected: int = 0) -> Sequence[Connection | Unreadable]:
        subject = Subject(
            folder=CONNECTIONS,
            rows="connections",
            methods=self._server.profile.connections,
            # Airbyte's description of its API requires a userId here; its server ignores it.
            asked=self._scopes({"userId": NIL}),
            read=partial(read_row, _read_connection, "connectionId"),
            identity=identity,
            expected=expected,
        )
        found = await read_all(self._client, self._endpoints, subject)
        return [connection for connection in found if connection.status != "deprecated"]

    async def tags(self) -> Sequence[Tag | Unreadable]:
        path = f"{TAGS}/list"
        try:
            body = await self._read(path, {"workspaceId": self._workspace.workspace_id})
        except Missing as error:
            text = f"The Airbyte at {self._server.base} has no tags, which came with 1.6; declare none."
            raise DeclarationError(text) from error
        rows = read_list({"tags": body}, "tags", path)
        return [read_row(read_tag, "tagId", row, f"{path}[{number}]") for number, row in enumerate(rows)]

    async def create_tag(self, name: str, color: str) -> str:
        path = f"{TAGS}/create"
        body = {"workspaceId": self._workspace.workspace_id, "name": name, "color": color}
        return read_answered(await self._write(path, Outgoing(body=body), "create"), "tagId", path)

    async def update_tag(self, tag: Tag) -> None:
        body = {"workspaceId": self._workspace.workspace_id, **msgspec.to_builtins(tag)}
        await self._update(f"{TAGS}/update", Outgoing(body=body), "tagId")

    async def delete_tag(self, tag_id: str) -> None:
        await self._delete(f"{TAGS}/delete", {"workspaceId": self._workspace.workspace_id, "tagId": tag_id})

    def _scopes(self, more: Json | None = None) -> dict[Scope, Json]:
        mine = self._workspace.workspace_id
        listed = {"workspaceIds": [mine], "includeDeleted": False, **(more or {})}
        return {"workspaces": listed, "workspace": {"workspaceId": mine}}

    async def lacking(self, settings: Collection[str], mappers: Collection[str] = ()) -> Mapping[str, str]:
        return self._server.lacking(settings, "config", mappers)

    async def stored_catalog(self, connection: Connection) -> Catalog:
        """By the web backend's read: no other tells the streams that are not selected. It refreshes nothing.

        It knows no more than the connection itself where that was made from no catalog.
        """
        asked = {"connectionId": connection.connection_id, "withRefreshedCatalog": False}
        body = await self._read(CATALOG, asked)
        if read_optional(body, "catalogId", CATALOG) is None:
            return await self.discover(connection.source_id)
        return read_catalog(read_optional(body, "syncCatalog", CATALOG), f"{CATALOG}.syncCatalog")

    async def discover(self, source_id: str, destination_id: str | None = None, *, anew: bool = False) -> Catalog:
        """Never with a connection's id: that may disable the connection."""
        del destination_id
        path = f"{NAMES['source'].actors}/discover_schema"

        async def ask() -> Catalog:
            asked = {"sourceId": source_id, "disable_cache": anew}
            body = await self._read(path, asked, lasting=self._discover_timeout)
            return _discovered(body, path, source_id, self._sent)

        return await self._catalogs.get((source_id, anew), ask)

    async def try_actor(
        self, side: Side, definition_id: str, name: str, configuration: Json, *, actor_id: str | None = None
    ) -> str | None:
        names = NAMES[side]
        if actor_id is None:
            path, asked = names.check_unsaved, self._unsaved(side, definition_id, configuration)
        else:
            path = f"{names.actors}/check_connection_for_update"
            asked = revealed({names.id: actor_id, "name": name, "connectionConfiguration": configuration})
        body = await self._try(path, asked)
        job = read_job(read_optional(body, "jobInfo", path), f"{path}.jobInfo")
        if job.succeeded and read_optional(body, "status", path) == "succeeded":
            return None
        said = job.failure if not job.succeeded else read_optional(body, "message", path)
        words = " ".join(redact(str(said or ""), asked.secrets).split())[:_LONGEST_REASON]
        return words or "the connector gave no reason; Airbyte's log of the job has more"

    async def discover_unsaved(self, definition_id: str, name: str, configuration: Json) -> Catalog:
        path = f"{CONFIG_ROOT}/scheduler/sources/discover_schema"
        asked = self._unsaved("source", definition_id, configuration)

        async def ask() -> Catalog:
            return _discovered(await self._try(path, asked), path, name, asked.secrets)

        return await self._unsaved_catalogs.get(name, ask)

    def _unsaved(self, side: Side, definition_id: str, configuration: Json) -> Outgoing:
        asked = {NAMES[side].definition_id: definition_id, "connectionConfiguration": configuration}
        return revealed({**self._here, **asked})

    async def _try(self, path: str, asked: Outgoing) -> Any:
        """A read, however often it is sent: nothing is saved."""
        request = Request(path=path, json=asked.body, secrets=asked.secrets, lasting=self._discover_timeout)
        return await self._client.send(request)

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
        return read_answered(await self._write(path, outgoing, "create"), names.id, path)

    async def update_actor(self, side: Side, actor_id: str, name: str, configuration: Json, *, whole: bool) -> None:
        names = NAMES[side]
        outgoing = revealed({names.id: actor_id, "name": name, "connectionConfiguration": configuration})
        if whole:
            await self._update(f"{names.actors}/update", outgoing, names.id)
        else:
            refuse_mask(side, name, outgoing.body["connectionConfiguration"])
            await self._merge(side, actor_id, outgoing)
        for anew in (False, True):
            self._catalogs.forget((actor_id, anew))

    async def _merge(self, side: Side, actor_id: str, outgoing: Outgoing) -> None:
        """By a partial update; by a whole one of the merged configuration where the server has none of those."""
        names = NAMES[side]
        if self._merges is not False:
            try:
                await self._update(f"{names.actors}/partial_update", outgoing, names.id)
            except Missing:
                if self._merges:
                    raise
            else:
                self._merges = True
                return
        path = f"{names.actors}/get"
        there = read_actor(side, await self._read(path, {names.id: actor_id}), path)
        merged = merge(there.configuration or {}, outgoing.body["connectionConfiguration"])
        refuse_lost_masks(side, there.name, merged)
        body = {**outgoing.body, "connectionConfiguration": merged}
        await self._update(f"{names.actors}/update", replace(outgoing, body=body), names.id)
        self._merges = False

    async def versions(self, side: Side, actor_id: str) -> Mapping[Path, str]:
        """By the other API of the same server: this one tells none."""
        if self._server.profile.secret_versions is False:
            return {}
        return await read_versions(self._client, PUBLIC_ROOT, side, actor_id)

    async def delete_actor(self, side: Side, actor_id: str) -> None:
        names = NAMES[side]
        await self._delete(f"{names.actors}/delete", {names.id: actor_id})

    async def create_connection(self, draft: ConnectionDraft) -> str:
        path = f"{CONNECTIONS}/create"
        fitting = await self._fitting(draft)
        rows, secrets = opened(fitting.streams or (), new=draft.name)
        outgoing = Outgoing(body=bodies.creation(replace(fitting, streams=rows)), secrets=secrets)
        made = read_answered(await self._write(path, outgoing, "create"), "connectionId", path)
        await self._complete(made, outgoing.body)
        return made

    async def complete_connection(self, connection_id: str, draft: ConnectionDraft) -> None:
        await self._complete(connection_id, bodies.creation(self._accepted(draft)))

    async def _complete(self, made: str, created: Json) -> None:
        if more := overlooked(created, "config"):
            try:
                body = {**more, "connectionId": made}
                await self._update(f"{CONNECTIONS}/update", Outgoing(body=body), "connectionId")
            except ApiError as error:
                raise Partial(made, f"it was created, but for {', '.join(more)}: {error}") from error

    async def update_connection(self, connection_id: str, draft: ConnectionDraft) -> None:
        """By connections/update: the web backend's twin resets streams on its own."""
        fitting = await self._fitting(draft)
        rows, secrets = opened(fitting.streams or ())
        fitting = replace(fitting, streams=None if fitting.streams is None else rows)
        outgoing = Outgoing(body={**bodies.change(fitting), "connectionId": connection_id}, secrets=secrets)
        await self._update(f"{CONNECTIONS}/update", outgoing, "connectionId")

    async def connection(self, connection_id: str) -> Connection:
        path = f"{CONNECTIONS}/get"
        return _read_connection(await self._read(path, {"connectionId": connection_id}), path)

    async def has_run(self, connection_id: str) -> bool:
        return await self.jobs.newest(connection_id) is not None

    async def sync_state(self, connection_id: str) -> Json:
        path = f"{STATE}/get"
        return object_in(await self._read(path, {"connectionId": connection_id}), path)

    async def write_sync_state(self, connection_id: str, state: Json) -> None:
        """By the way that refuses while a sync runs; early 0.50 has the other alone."""
        named = {"connectionId": connection_id}
        outgoing = Outgoing(body={**named, "connectionState": {**named, **state}})
        try:
            await self._update(f"{STATE}/create_or_update_safe", outgoing, "connectionId")
        except Missing:
            await self._update(f"{STATE}/create_or_update", outgoing, "connectionId")

    async def delete_connection(self, connection_id: str) -> None:
        await self._delete(f"{CONNECTIONS}/delete", {"connectionId": connection_id})

    async def normalizes(self, connection: Connection) -> bool:
        found = [await self._is_normalization(operation) for operation in connection.operations]
        return any(found)

    async def _is_normalization(self, operation: str) -> bool:
        path = f"{OPERATIONS}/get"

        async def ask() -> bool:
            body = await self._read(path, {"operationId": operation})
            return read_operator_type(body, path) == "normalization"

        return await self._normalizations.get(operation, ask)

    async def _fitting(self, draft: ConnectionDraft) -> ConnectionDraft:
        """*draft* as this version takes it."""
        return await self._operating(self._accepted(draft))

    def _accepted(self, draft: ConnectionDraft) -> ConnectionDraft:
        return replace(draft, settings=self._server.profile.accepted(draft.settings))

    async def _operating(self, draft: ConnectionDraft) -> ConnectionDraft:
        """*draft* with the operations that it takes to normalize, or not to, beside those that do something else.

        One whose answer was lost is left: an operation that no connection has does nothing.
        """
        if draft.normalize is None or self.capabilities.normalizes is False:
            return draft
        normalizing = [operation for operation in draft.operations if await self._is_normalization(operation)]
        kept = [operation for operation in draft.operations if operation not in normalizing]
        if draft.normalize and not normalizing:
            path = f"{OPERATIONS}/create"
            body = {"workspaceId": self._workspace.workspace_id, **bodies.NORMALIZATION}
            made = await self._write(path, Outgoing(body=body), "create")
            normalizing = [read_answered(made, "operationId", path)]
        listed = [*kept, *normalizing] if draft.normalize else kept
        return replace(draft, settings={**draft.settings, "operationIds": listed})

    async def _read(self, path: str, asked: Json, *, lasting: float | None = None) -> Any:
        return await self._client.send(Request(path=path, json=asked, lasting=lasting))

    async def _update(self, path: str, outgoing: Outgoing, identity: str) -> None:
        """It is answered with the object itself; anything else does not say that it was done."""
        read_answered(await self._write(path, outgoing, "update"), identity, path, outgoing.body[identity])

    async def _write(self, path: str, outgoing: Outgoing, effect: Effect) -> Any:
        self._sent |= outgoing.secrets
        return await self._client.send(
            Request(path=path, json=outgoing.body, effect=effect, secrets=outgoing.secrets)
        )

    async def _delete(self, path: str, body: Json) -> None:
        try:
            await self._write(path, Outgoing(body=dict(body)), "delete")
        except Missing:
            return


def _capabilities(server: Server) -> Capabilities:
    fields, normalizes = server.profile.connection_fields, server.profile.normalizes
    if normalizes is not False:
        return Capabilities(api="config", fields=fields, normalizes=normalizes)
    why = f"normalization left Airbyte in 1.0, and this one is {server.version}; leave normalize_data out"
    return Capabilities(api="config", fields=fields, no_normalization=why)


def _discovered(body: Any, path: str, source_id: str, secrets: Iterable[str]) -> Catalog:
    """Airbyte answers 200 where the connector failed, with `jobInfo.succeeded: false` and no catalog."""
    job = read_job(read_optional(body, "jobInfo", path), f"{path}.jobInfo")
    catalog = read_optional(body, "catalog", path)
    if job.succeeded and catalog is None and job.failure == "":
        raise ServerFault(f"{path}: expected a catalog, or why there is none", method="POST", url=path, status=200)
    if not job.succeeded or catalog is None:
        words = " ".join(redact(job.failure, secrets).split())[:_LONGEST_REASON]
        reason = words or "the connector gave no reason; Airbyte's log of the job has more"
        message = f"Airbyte could not discover the streams of source {source_id}: {reason}"
        raise Undiscovered(message, method="POST", url=path, status=200)
    identity = read_optional(body, "catalogId", path)
    return read_catalog(catalog, f"{path}.catalog", identity if isinstance(identity, str) else None)


_LONGEST_REASON: Final = 400


def _read_connection(row: Any, at: str) -> Connection:
    connection = read_connection(row, at, bodies.SETTINGS)
    return msgspec.structs.replace(connection, fields=read_fields(row, at, "config"))
