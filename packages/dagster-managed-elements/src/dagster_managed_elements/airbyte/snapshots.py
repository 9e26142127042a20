"""What a committed snapshot tells of connections: their streams, columns and settings, with nobody asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path

from dagster_managed_elements.airbyte.declared_syncs import Known
from dagster_managed_elements.airbyte.gateways import Gateway
from dagster_managed_elements.airbyte.instance import AirbyteInstance
from dagster_managed_elements.airbyte.wire import ConfiguredStream, Connection
from dagster_managed_elements.engine.concurrency import run_blocking
from dagster_managed_elements.engine.errors import ApiError, DeclarationError
from dagster_managed_elements.engine.kinds import Settings
from dagster_managed_elements.engine.recording import read_recording


def read_snapshot(instance: Callable[[], AirbyteInstance], path: str | PathLike[str]) -> Mapping[str, Known]:
    """What it has, by the name of the connection. DeclarationError where it cannot be read, or is of another
    place.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DeclarationError(f"The snapshot {path} cannot be read: {error}.") from None
    settings = Settings(recording=read_recording(text))

    async def read(_stop: object) -> Mapping[str, Known]:
        async with instance().open(settings) as (gateway, _client, _unreadable):
            seen = await gateway.connections()
            found = [connection for connection in seen if isinstance(connection, Connection)]
            return {connection.name: await _known(gateway, connection) for connection in found}

    try:
        return run_blocking(read)
    except ApiError as error:
        raise DeclarationError(f"The snapshot {path} does not tell what assets are made of: {error}") from error


async def _known(gateway: Gateway, connection: Connection) -> Known:
    return Known(entries=await _entries(gateway, connection), fields=connection.fields)


async def _entries(gateway: Gateway, connection: Connection) -> Sequence[ConfiguredStream]:
    """All that the connection chooses from, where the snapshot has it; else what it syncs."""
    try:
        return (await gateway.stored_catalog(connection)).streams
    except (ApiError, DeclarationError):
        return connection.sync_catalog.streams
