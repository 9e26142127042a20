"""Catalogs made up for a test, and a gateway that has them: what only odd sources bring."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import anyio
from dagster_managed_elements.airbyte import AirbyteConnection, AirbyteDestination, AirbyteSource, AirbyteSyncMode
from dagster_managed_elements.airbyte.config_api.bodies import SETTINGS
from dagster_managed_elements.airbyte.connection_fields import Api, read_fields
from dagster_managed_elements.airbyte.gateways import Capabilities
from dagster_managed_elements.airbyte.kinds.connections import ConnectionKind
from dagster_managed_elements.airbyte.public_api import bodies as public
from dagster_managed_elements.airbyte.wire import (
    Actor,
    Catalog,
    Connection,
    Side,
    Specification,
    read_catalog,
    read_connection,
)
from dagster_managed_elements.engine.changes import Change, Declared, Pair
from dagster_managed_elements.engine.diffing import Basis, diff
from dagster_managed_elements.engine.findings import Notice, Problem
from dagster_managed_elements.engine.kinds import ResolveContext
from msgspec.structs import replace

SOURCE, DESTINATION = AirbyteSource("shop", "Postgres"), AirbyteDestination("lake", "Postgres")
IDS = {SOURCE.key: "s", DESTINATION.key: "d"}
ID = {"type": "object", "properties": {"id": {"type": "integer"}}}


def stream(
    name: str,
    namespace: str | None = None,
    *,
    mode: AirbyteSyncMode = AirbyteSyncMode.FULL_REFRESH_OVERWRITE,
    cursor: Sequence[str] = (),
    key: Sequence[Sequence[str]] = (),
    schema: Any = ID,
    **more: Any,
) -> dict[str, Any]:
    """One of a catalog, discovered or as a connection has it."""
    modes = ["full_refresh", "incremental"]
    about = {"name": name, "namespace": namespace, "jsonSchema": schema, "supportedSyncModes": modes, **more}
    config = {"syncMode": mode.sync_mode, "destinationSyncMode": mode.destination_sync_mode, "selected": True}
    return {"stream": about, "config": {**config, "cursorField": [*cursor], "primaryKey": [*key]}}


class Offering:
    """A gateway that has one source's streams and one connection at most, in an API's words, and nothing else."""

    def __init__(
        self, offered: Sequence[Any], connection: Mapping[str, Any] | None = None, api: Api = "config"
    ) -> None:
        self._offered, self._stored, self._api = offered, connection, api
        self.capabilities = Capabilities(api="config") if api == "config" else public.CAPABILITIES

    async def connections(self, expected: int = 0) -> list[Connection]:
        if self._stored is None:
            return []
        ends = {"connectionId": "c", "name": "sync", "sourceId": "s", "destinationId": "d"}
        body = {**ends, **self._stored}
        if self._api == "public":
            return [public.read_connection(body, "at")]
        connection = read_connection(body, "at", SETTINGS)
        return [replace(connection, fields=read_fields(body, "at", "config"))]

    async def actors(self, side: Side, expected: int = 0) -> list[Actor]:
        return []

    async def lacking(self, settings: Collection[str], mappers: Collection[str] = ()) -> dict[str, str]:
        return {}

    async def stored_catalog(self, connection: Connection) -> Catalog:
        return await self.discover(connection.source_id)

    async def discover(self, source_id: str, destination_id: str | None = None, *, anew: bool = False) -> Catalog:
        if self._api == "public":
            return public.read_streams(self._offered, "at")
        return read_catalog({"streams": self._offered}, "at")


class Resolved:
    """One connection resolved: its problems, and where there are none its change."""

    def __init__(
        self,
        gateway: Any,
        streams: Mapping[Any, Any],
        *,
        specification: Specification | None = None,
        coming: Mapping[Any, Change] | None = None,
        ids: Mapping[Any, str] | None = None,
        **more: Any,
    ) -> None:
        element = AirbyteConnection("sync", SOURCE, DESTINATION, streams, **more)
        kind = ConnectionKind(gateway)
        facts = {DESTINATION.key: specification} if specification else {}
        context = ResolveContext(ids=IDS if ids is None else ids, facts=facts, coming=coming or {})

        async def resolve() -> Sequence[Any]:
            observed = next(iter(await kind.observe()), None)
            return await kind.resolve([Pair(Declared(key=element.key, fields=element.fields()), observed)], context)

        found = anyio.run(resolve)
        self.problems = [f"{'.'.join(each.path)}: {each.message}" for each in found if isinstance(each, Problem)]
        self.notices = [f"{'.'.join(each.path)}: {each.text}" for each in found if isinstance(each, Notice)]
        pairs = [each for each in found if isinstance(each, Pair)]
        self.declared = pairs[0].declared if pairs else None
        self.items = diff(pairs, Basis(kinds={kind.name: kind}, ids=IDS)).items
        self.fields = [field for item in self.items for field in item.fields]
