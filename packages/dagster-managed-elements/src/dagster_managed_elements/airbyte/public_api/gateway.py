"""The gateway to Airbyte's Public API: Airbyte Cloud, and self-managed servers where it is asked for.

It tells no specifications but those in the manifests of low-code connectors: of all others, secrets are known from
a table of facts, and validation needs `specs=`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote, urlencode

from dagster_managed_elements.airbyte.coordinates import read_versions
from dagster_managed_elements.airbyte.gateways import (
    DISCOVER_SECONDS,
    NO_SYNC_STATES,
    NOT_TRIED,
    Capabilities,
    ConnectionDraft,
    Json,
    Side,
)
from dagster_managed_elements.airbyte.public_api import bodies
from dagster_managed_elements.airbyte.public_api.registry import PublicRegistry
from dagster_managed_elements.airbyte.sending import Outgoing, opened, refuse_mask, revealed
from dagster_managed_elements.airbyte.servers.api_roots import PUBLIC_ROOT
from dagster_managed_elements.airbyte.servers.server import Server, probe
from dagster_managed_elements.airbyte.specs import facts
from dagster_managed_elements.airbyte.specs.connectors import Connectors
from dagster_managed_elements.airbyte.specs.given import Frozen, schema_for
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
    read_answered,
    read_list,
    read_row,
    read_tag,
    read_workspace,
)
from dagster_managed_elements.airbyte.workspace_settings import (
    WorkspaceChange,
    WorkspaceSettings,
    public_notifications,
    read_public_settings,
)
from dagster_managed_elements.api.caching import Cache
from dagster_managed_elements.api.client import Client
from dagster_managed_elements.api.paging import Listing, read_pages
from dagster_managed_elements.api.requests import Request
from dagster_managed_elements.engine.errors import DeclarationError, Missing
from dagster_managed_elements.engine.values import Path

if TYPE_CHECKING:
    from dagster_managed_elements.airbyte.public_api.jobs import PublicJobs

Row = TypeVar("Row")
Listed = TypeVar("Listed", bound=Actor | Connection | Unreadable)

_LOW_CODE: Final[Mapping[Side, str]] = {"source": "declarative_sources"}
"""Where low-code connectors, such as the Builder makes, are listed; no version has destinations of that sort."""


class PublicGateway:
    """One workspace through the Public API. See `Gateway`.

    *root* is the path of the API: `/api/public/v1` on a self-managed server, `/v1` on Cloud. *specs* are the
    connectors' specifications a user gave. *discover_timeout* is in seconds, and holds for writing connections too:
    their streams are discovered first.
    """

    def __init__(
        self,
        client: Client,
        workspace: Workspace,
        *,
        root: str,
        specs: Frozen,
        discover_timeout: float = DISCOVER_SECONDS,
    ) -> None:
        self._discover_timeout = discover_timeout
        self._client, self._workspace, self._root, self._specs = client, workspace, root, specs
        self._definitions: Cache[Side, Sequence[Definition | Unreadable]] = Cache()
        self._catalogs: dict[str, Cache[tuple[str | None, bool], Catalog]] = {}  # by source
        self._written_by: dict[str, str] = {}  # the connectors of destinations
        self._server: Cache[str, Server] = Cache()
        self._low_code: Sequence[bodies.ReadLowCode] | None = None
        self.registry = PublicRegistry(
            client,
            root,
            workspace.workspace_id,
            low_code=self._listed_low_code,
            forget=self._forget_definitions,
            patience=discover_timeout,
        )

    @property
    def jobs(self) -> PublicJobs:
        from dagster_managed_elements.airbyte.public_api.jobs import PublicJobs  # which no check needs

        return PublicJobs(self._client, self._root)

    @property
    def workspace(self) -> Workspace:
        return self._workspace

    async def workspace_settings(self) -> WorkspaceSettings:
        return read_public_settings(await self._get(self._workspace_path), self._workspace_path)

    async def update_workspace(self, change: WorkspaceChange) -> None:
        """With its name, which versions before 1.6 require."""
        sent = revealed(change.notifications)
        body: dict[str, Any] = {"name": change.name}
        if sent.body:
            body["notifications"] = public_notifications(sent.body)
        path = self._workspace_path
        answer = await self._send("PATCH", path, Outgoing(body=body, secrets=sent.secrets))
        read_answered(answer, "workspaceId", path, self._workspace.workspace_id)

    @property
    def _workspace_path(self) -> str:
        return f"{self._root}/workspaces/{quote(self._workspace.workspace_id)}"

    async def definitions(self, side: Side) -> Sequence[Definition | Unreadable]:
        """From the server (since 1.6), else from the table of facts; low-code ones are in a list of their own."""

        async def ask() -> Sequence[Definition | Unreadable]:
            imaged = await self._listed(f"{side}s", partial(bodies.read_definition, side))
            if imaged is None:
                return facts.known_definitions(side)
            low_code = await self._listed(_LOW_CODE[side], bodies.read_low_code) if side in _LOW_CODE else None
            known = [low for low in low_code or () if isinstance(low, bodies.ReadLowCode)]
            found = [*imaged, *(low if isinstance(low, Unreadable) else low.definition for low in low_code or ())]
            if side in _LOW_CODE:
                self._low_code = known
            # What can be read of one that is in both lists wins over what cannot.
            found.sort(key=lambda each: not isinstance(each, Unreadable))
            return list({definition.id: definition for definition in found}.values())

        return await self._definitions.get(side, ask)

    async def _listed_low_code(self) -> Sequence[bodies.ReadLowCode] | None:
        """None where this version has no lists of connectors at all."""
        await self.definitions("source")
        return self._low_code

    def _forget_definitions(self) -> None:
        self._definitions = Cache()

    async def _listed(self, kind: str, read: Callable[[Any, str], Row]) -> list[Row | Unreadable] | None:
        """One of the lists of definitions; None where this version has no such list."""
        path = f"{self._root}/workspaces/{self._workspace.workspace_id}/definitions/{kind}"
        try:
            rows = read_list(await self._get(path), "data", path)
        except Missing:
            return None
        return [read_row(read, "id", row, f"{path}[{number}]") for number, row in enumerate(rows)]

    async def specification(self, side: Side, definition_id: str) -> Specification:
        definition = Connectors(side, await self.definitions(side)).get(definition_id)
        given = schema_for(definition, side, self._specs) if definition else None
        if given is not None:
            return Specification(connection_specification=dict(given))
        manifests = (
            {low.definition.id: low.specification for low in self._low_code or ()} if side in _LOW_CODE else {}
        )
        return manifests.get(definition_id) or facts.known_secrets(side, definition_id)

    @property
    def capabilities(self) -> Capabilities:
        return bodies.CAPABILITIES

    async def specification_of(self, side: Side, actor_id: str) -> Specification:
        """This API tells nothing of a pinned version, not even which connector it is of."""
        del side, actor_id
        return Specification(is_partial=True)

    async def actors(self, side: Side, expected: int = 0) -> Sequence[Actor | Unreadable]:
        connectors = Connectors(side, await self.definitions(side))

        def read(row: Any, at: str) -> Actor:
            return bodies.read_actor(side, row, at, connectors)

        found = await self._list(f"{side}s", partial(read_row, read, f"{side}Id"), expected)
        if side == "destination":
            self._written_by |= {actor.id: actor.definition_id for actor in found if isinstance(actor, Actor)}
        return found

    async def connections(self, expected: int = 0) -> Sequence[Connection | Unreadable]:
        read = partial(read_row, bodies.read_connection, "connectionId")
        found = await self._list("connections", read, expected)
        return [connection for connection in found if connection.status != "deprecated"]

    async def tags(self) -> Sequence[Tag | Unreadable]:
        """Not in pages."""
        path = f"{self._root}/tags"
        try:
            body = await self._get(path, {"workspaceIds": self._workspace.workspace_id})
        except Missing as error:
            base = self._client.address.base
            text = f"The Airbyte at {base} has no tags in its Public API, where they came with 1.6; declare none."
            raise DeclarationError(text) from error
        rows = enumerate(read_list(body, "data", path))
        return [read_row(read_tag, "tagId", row, f"{path}[{number}]") for number, row in rows]

    async def create_tag(self, name: str, color: str) -> str:
        path = f"{self._root}/tags"
        body = {"workspaceId": self._workspace.workspace_id, "name": name, "color": color}
        return read_answered(await self._send("POST", path, Outgoing(body=body)), "tagId", path)

    async def update_tag(self, tag: Tag) -> None:
        path, body = f"{self._root}/tags/{quote(tag.tag_id)}", {"name": tag.name, "color": tag.color}
        read_answered(await self._send("PATCH", path, Outgoing(body=body)), "tagId", path, tag.tag_id)

    async def delete_tag(self, tag_id: str) -> None:
        await self._delete(f"{self._root}/tags/{quote(tag_id)}")

    async def _list(self, kind: str, read: Callable[[Any, str], Listed], expected: int) -> list[Listed]:
        """By offset, never by the `next` address, which often names a host nobody can reach."""

        async def fetch(offset: int, size: int) -> Sequence[Listed]:
            asked = {"workspaceIds": self._workspace.workspace_id, "limit": size, "offset": offset}
            path = f"{self._root}/{kind}"
            rows = read_list(await self._get(path, asked), "data", path)
            return [read(row, f"{path}[{offset + number}]") for number, row in enumerate(rows)]

        return await read_pages(Listing(fetch=fetch, identity=identity, what=kind, expected=expected))

    async def lacking(self, settings: Collection[str], mappers: Collection[str] = ()) -> Mapping[str, str]:
        """By the version, of which this API tells nothing: a server of one's own says it beside. Cloud is as the
        newest.
        """
        if self._root != PUBLIC_ROOT:
            return Server(base=self._client.address.base).lacking(settings, "public", mappers)
        return (await self._server.get("server", partial(probe, self._client))).lacking(settings, "public", mappers)

    async def stored_catalog(self, connection: Connection) -> Catalog:
        """This API shows of a connection what is selected, and nothing else."""
        return await self.discover(connection.source_id, connection.destination_id)

    async def discover(self, source_id: str, destination_id: str | None = None, *, anew: bool = False) -> Catalog:
        """Without a destination, servers before 1.0 refuse (Invalid)."""
        path = f"{self._root}/streams"
        asked = {"sourceId": source_id, **({"destinationId": destination_id} if destination_id else {})}
        asked |= {"ignoreCache": "true"} if anew else {}

        async def ask() -> Catalog:
            body = await self._get(path, asked, lasting=self._discover_timeout)
            return bodies.read_streams(body, path)

        # Of destinations of one connector they are the same; a refusal for want of a destination is of that alone.
        written_by = self._written_by.get(destination_id, destination_id) if destination_id else None
        return await self._catalogs.setdefault(source_id, Cache()).get((written_by, anew), ask)

    async def try_actor(
        self, side: Side, definition_id: str, name: str, configuration: Json, *, actor_id: str | None = None
    ) -> str | None:
        del side, definition_id, name, configuration, actor_id
        raise DeclarationError(NOT_TRIED)

    async def discover_unsaved(self, definition_id: str, name: str, configuration: Json) -> Catalog:
        del definition_id, name, configuration
        raise DeclarationError(NOT_TRIED)

    async def create_actor(self, side: Side, definition_id: str, name: str, configuration: Json) -> str:
        path = f"{self._root}/{side}s"
        outgoing = revealed(
            {
                "name": name,
                "workspaceId": self._workspace.workspace_id,
                "definitionId": definition_id,
                "configuration": configuration,
            }
        )
        refuse_mask(side, name, outgoing.body["configuration"])
        made = read_answered(await self._send("POST", path, outgoing), f"{side}Id", path)
        if side == "destination":
            self._written_by[made] = definition_id
        return made

    async def update_actor(self, side: Side, actor_id: str, name: str, configuration: Json, *, whole: bool) -> None:
        outgoing = revealed({"name": name, "configuration": configuration})
        if not whole:
            refuse_mask(side, name, outgoing.body["configuration"])
        path = f"{self._root}/{side}s/{quote(actor_id)}"
        read_answered(await self._send("PUT" if whole else "PATCH", path, outgoing), f"{side}Id", path, actor_id)
        self._catalogs.pop(actor_id, None)

    async def versions(self, side: Side, actor_id: str) -> Mapping[Path, str]:
        return await read_versions(self._client, self._root, side, actor_id)

    async def delete_actor(self, side: Side, actor_id: str) -> None:
        await self._delete(f"{self._root}/{side}s/{quote(actor_id)}")

    async def create_connection(self, draft: ConnectionDraft) -> str:
        path = f"{self._root}/connections"
        rows, secrets = opened(draft.streams or (), new=draft.name)
        outgoing = Outgoing(body=bodies.creation(replace(draft, streams=rows)), secrets=secrets)
        return read_answered(await self._send("POST", path, outgoing), "connectionId", path)

    async def complete_connection(self, connection_id: str, draft: ConnectionDraft) -> None:
        """A create is told everything."""

    async def update_connection(self, connection_id: str, draft: ConnectionDraft) -> None:
        rows, secrets = opened(draft.streams or ())
        draft = replace(draft, streams=None if draft.streams is None else rows)
        outgoing = Outgoing(body=bodies.change(draft), secrets=secrets)
        path = f"{self._root}/connections/{quote(connection_id)}"
        read_answered(await self._send("PATCH", path, outgoing), "connectionId", path, connection_id)

    async def normalizes(self, connection: Connection) -> bool:
        del connection
        return False

    async def connection(self, connection_id: str) -> Connection:
        raise DeclarationError(f"{connection_id}: {NO_SYNC_STATES}")

    async def has_run(self, connection_id: str) -> bool:
        raise DeclarationError(f"{connection_id}: {NO_SYNC_STATES}")

    async def sync_state(self, connection_id: str) -> Json:
        raise DeclarationError(f"{connection_id}: {NO_SYNC_STATES}")

    async def write_sync_state(self, connection_id: str, state: Json) -> None:
        del state
        raise DeclarationError(f"{connection_id}: {NO_SYNC_STATES}")

    async def delete_connection(self, connection_id: str) -> None:
        await self._delete(f"{self._root}/connections/{quote(connection_id)}")

    async def _get(self, path: str, asked: Mapping[str, Any] | None = None, *, lasting: float | None = None) -> Any:
        query = f"?{urlencode(asked)}" if asked else ""
        return await self._client.send(Request(method="GET", path=f"{path}{query}", lasting=lasting))

    async def _send(self, method: str, path: str, outgoing: Outgoing) -> Any:
        return await self._client.send(
            Request(
                method=method,
                path=path,
                json=outgoing.body,
                effect="create" if method == "POST" else "update",
                lasting=self._discover_timeout if "/connections" in path else None,
                secrets=outgoing.secrets,
            )
        )

    async def _delete(self, path: str) -> None:
        try:
            await self._client.send(Request(method="DELETE", path=path, effect="delete"))
        except Missing:
            return


async def find_workspaces(
    client: Client, roots: Sequence[str], *, alone: bool = False
) -> tuple[str, Sequence[Workspace | Unreadable]]:
    """Where the API begins, which is the first of *roots* that answers, and every workspace to be seen there.
    *alone*: where there are several, that is a mistake.
    """
    first, *others = roots
    try:
        return first, await _workspaces(client, first, alone=alone)
    except Missing:
        if not others:
            raise
    return await find_workspaces(client, others, alone=alone)


async def _workspaces(client: Client, root: str, *, alone: bool) -> Sequence[Workspace | Unreadable]:
    path = f"{root}/workspaces"
    read = partial(read_row, read_workspace, "workspaceId")

    async def fetch(offset: int, size: int) -> Sequence[Workspace | Unreadable]:
        query = urlencode({"limit": size, "offset": offset})
        body = await client.send(Request(method="GET", path=f"{path}?{query}"))
        rows = read_list(body, "data", path)
        return [read(row, f"{path}[{offset + number}]") for number, row in enumerate(rows)]

    return await read_pages(Listing(fetch=fetch, identity=identity, what="workspaces", alone=alone))
