"""How many requests it takes, to the last one: what a run costs a server that others use too."""

from __future__ import annotations

import airbyte_local
import pytest
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteInstance,
    AirbyteManagedElementReconciler,
    AirbyteSource,
    AirbyteSyncMode,
)

OUT = {"destination_path": "/local/out"}


@pytest.fixture
def server():
    with airbyte_local.server(log_bodies=False) as running:
        yield running


def declared(url: str, pairs: int, count: int = 10) -> AirbyteManagedElementReconciler:
    """With *count* in the configuration of the first source, and 10 in all others."""
    modes = dict.fromkeys(("users", "products", "purchases"), AirbyteSyncMode.FULL_REFRESH_OVERWRITE)
    files = AirbyteDestination("files", "Local JSON", OUT)
    sources = [AirbyteSource(f"source-{n}", "Sample Data", {"count": 10 if n else count}) for n in range(pairs)]
    flows = [AirbyteConnection(f"sync-{n}", source, files, modes) for n, source in enumerate(sources)]
    return AirbyteManagedElementReconciler(AirbyteInstance(url=url), flows)


def asked(server: airbyte_local.LocalAirbyte) -> tuple[int, int]:
    """Requests since the last time, and how many of them write or ask a connector."""
    paths = [exchange.path for exchange in server.requests]
    server.forget_requests()
    return len(paths), sum(
        path.endswith(("/create", "/update", "/partial_update", "/discover_schema")) for path in paths
    )


def seed(server: airbyte_local.LocalAirbyte, pairs: int) -> None:
    server.seed(
        sources=[{"name": "source-{n}", "type": "Sample Data", "configuration": {"count": 10}, "count": pairs}],
        destinations=[{"name": "files", "type": "Local JSON", "configuration": OUT}],
        connections=[{"name": "sync-{n}", "source": "source-{n}", "destination": "files", "count": pairs}],
    )
    server.forget_requests()


def test_what_is_in_sync_costs_the_pages_of_its_lists_and_a_change_one_request_more(server):
    seed(server, 150)
    assert declared(server.url, 150).check().is_empty()
    assert asked(server) == (15, 0)
    assert declared(server.url, 150).apply().is_empty()
    assert asked(server) == (15, 0)
    declared(server.url, 150, count=11).apply()
    assert asked(server) == (16, 1)


def test_a_first_apply_writes_each_object_once_and_discovers_each_source_once(server):
    declared(server.url, 5).check()
    assert asked(server) == (13, 0)
    declared(server.url, 5).apply()
    assert asked(server)[1] == 5 + 1 + 5 + 5


@pytest.mark.slow
def test_a_first_apply_of_more_than_a_page_looks_once_for_what_somebody_else_made(server):
    declared(server.url, 150).apply()
    assert asked(server) == (475, 150 + 1 + 150 + 150)


@pytest.mark.slow
def test_a_check_of_a_thousand_pairs_in_sync_takes_a_request_a_page_and_ten_more(server):
    seed(server, 1000)
    assert declared(server.url, 1000).check().is_empty()
    assert asked(server) == (31, 0)
