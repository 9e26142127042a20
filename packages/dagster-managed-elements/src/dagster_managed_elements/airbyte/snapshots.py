"""What a committed snapshot tells of connections: their streams, columns and settings, with nobody asked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, cast

from dagster_managed_elements.airbyte.config_api.endpoints import WORKSPACE
from dagster_managed_elements.airbyte.declared_syncs import Known
from dagster_managed_elements.airbyte.gateways import Gateway
from dagster_managed_elements.airbyte.instance import AirbyteInstance
from dagster_managed_elements.airbyte.reconciliation import DeferredInstance
from dagster_managed_elements.airbyte.servers.api_roots import BARE_ROOT, CONFIG_ROOT, PUBLIC_ROOT
from dagster_managed_elements.airbyte.wire import ConfiguredStream, Connection, Json
from dagster_managed_elements.engine.concurrency import run_blocking
from dagster_managed_elements.engine.errors import ApiError, DeclarationError
from dagster_managed_elements.engine.kinds import Settings
from dagster_managed_elements.engine.recording import Recording, read_recording
from dagster_managed_elements.engine.secrets import Secret


def read_snapshot(instance: AirbyteInstance | DeferredInstance, path: str | PathLike[str]) -> Mapping[str, Known]:
    """What it has, by the name of the connection. DeclarationError where it cannot be read, or is of another
    place.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DeclarationError(f"The snapshot {path} cannot be read: {error}.") from None
    settings = Settings(recording=(recording := read_recording(text)))

    async def read(_stop: object) -> Mapping[str, Known]:
        async with _pictured(instance, recording).open(settings) as (gateway, _client, _unreadable):
            seen = await gateway.connections()
            found = [connection for connection in seen if isinstance(connection, Connection)]
            return {connection.name: await _known(gateway, connection) for connection in found}

    try:
        return run_blocking(read)
    except ApiError as error:
        raise DeclarationError(f"The snapshot {path} does not tell what assets are made of: {error}") from error


def _pictured(instance: AirbyteInstance | DeferredInstance, recording: Recording) -> AirbyteInstance:
    """The instance as far as it takes one to read its picture: nobody is asked, so who asks need not be known, and
    neither where it is. That a resource may have from an environment which is not there when a code location is
    loaded; it is read where the picture alone does not tell which of several places is meant.
    """
    if isinstance(instance, AirbyteInstance):
        return instance
    answered = {asked: found["answer"] for asked, found in recording.answers.items() if "answer" in found}
    bases = {base for base, _, _ in answered}
    workspace = instance.told("workspace", "workspace_id")
    if isinstance(workspace, Secret):
        by_id = [json.loads(body)["workspaceId"] for _, request, body in answered if request == f"POST {WORKSPACE}"]
        listed = {row["workspaceId"] for row in _listed(answered)}
        workspace = by_id[0] if by_id else None if len(listed) == 1 else workspace
    if len(bases) != 1 or isinstance(workspace, Secret):
        return instance.airbyte_instance()
    (base,) = bases
    paths = [request.partition(" ")[2] for _, request, _ in answered]
    if any(path.startswith(f"{CONFIG_ROOT}/") for path in paths):
        return AirbyteInstance(url=base, workspace=workspace, api="config")
    root = next((root for root in (PUBLIC_ROOT, BARE_ROOT) if any(path.startswith(root) for path in paths)), "")
    return AirbyteInstance(url=f"{base}{root}", workspace=workspace, api="public")


def _listed(answered: Mapping[tuple[str, str, str], Any]) -> Iterator[Json]:
    """The workspaces that were to be seen, as either API lists them."""
    for (_, request, _), answer in answered.items():
        path = request.partition(" ")[2].partition("?")[0]
        if path.startswith(f"{CONFIG_ROOT}/workspaces/") or path.endswith("/workspaces"):
            told = cast("Json", answer)
            yield from told.get("workspaces") or told.get("data") or ()


async def _known(gateway: Gateway, connection: Connection) -> Known:
    return Known(entries=await _entries(gateway, connection), fields=connection.fields)


async def _entries(gateway: Gateway, connection: Connection) -> Sequence[ConfiguredStream]:
    """All that the connection chooses from, where the snapshot has it; else what it syncs."""
    try:
        return (await gateway.stored_catalog(connection)).streams
    except (ApiError, DeclarationError):
        return connection.sync_catalog.streams
