"""The work that is measured: N pairs of a source and a connection, all of them in sync already."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import airbyte_local
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteInstance,
    AirbyteManagedElementReconciler,
    AirbyteSource,
    AirbyteSyncMode,
)

DESTINATION = {"destination_path": "/local/out"}
STREAMS = ("users", "products", "purchases")


@contextmanager
def in_sync(pairs: int) -> Generator[airbyte_local.LocalAirbyte]:
    """A server that has *pairs* pairs, as `reconciler` declares them."""
    with airbyte_local.server() as server:
        server.seed(
            sources=[{"name": "source-{n}", "type": "Sample Data", "configuration": {"count": 10}, "count": pairs}],
            destinations=[{"name": "files", "type": "Local JSON", "configuration": DESTINATION}],
            connections=[{"name": "sync-{n}", "source": "source-{n}", "destination": "files", "count": pairs}],
        )
        server.forget_requests()
        yield server


def reconciler(url: str, pairs: int) -> AirbyteManagedElementReconciler:
    modes = dict.fromkeys(STREAMS, AirbyteSyncMode.FULL_REFRESH_OVERWRITE)
    files = AirbyteDestination("files", "Local JSON", DESTINATION)
    connections = [
        AirbyteConnection(f"sync-{n}", AirbyteSource(f"source-{n}", "Sample Data", {"count": 10}), files, modes)
        for n in range(pairs)
    ]
    return AirbyteManagedElementReconciler(AirbyteInstance(url=url), connections)
