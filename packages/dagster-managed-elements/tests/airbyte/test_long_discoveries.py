"""A discovery that something between us and Airbyte cut off goes on there: both APIs ask for it again seldom."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest
from dagster_managed_elements.airbyte import AirbyteInstance
from dagster_managed_elements.airbyte.gateways import ConnectionDraft
from dagster_managed_elements.airbyte.workspaces import open_gateway
from dagster_managed_elements.api.client import ClientOptions, open_client
from dagster_managed_elements.engine.errors import ApiError, DeclarationError, Unclear

PATHS = {"config": "/api/v1/sources/discover_schema", "public": "/api/public/v1/streams"}
ROOTS = {"config": (), "public": ("/api/public/v1",)}


class Clock:
    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@asynccontextmanager
async def opened(server, api, clock, **options):
    chosen = ClientOptions(timeout=30, in_flight=10, base_url=server.url, trust_env=False)
    async with open_client(chosen, sleep=clock.sleep, chance=lambda: 0.0) as client:
        yield (await open_gateway(client, public_roots=ROOTS[api], **options))[0]


def asked(server, api):
    return sum(PATHS[api] in request.path for request in server.requests)


@pytest.mark.parametrize("api", PATHS)
@pytest.mark.parametrize("status", [502, 504])
async def test_a_discovery_that_was_cut_off_is_asked_for_again_after_a_while(airbyte_local, api, status):
    (source,) = airbyte_local.seed(sources=[{"name": "s"}])["sources"]
    airbyte_local.fault(f"^{PATHS[api]}", "status", status=status, times=2)
    clock = Clock()
    async with opened(airbyte_local, api, clock) as gateway:
        assert (await gateway.discover(source)).streams
    assert asked(airbyte_local, api) == 3
    assert min(clock.slept) >= 5


@pytest.mark.parametrize("api", PATHS)
@pytest.mark.parametrize("cut", [{"action": "status", "status": 504}, {"action": "lost-after-commit"}])
@pytest.mark.parametrize("seconds", [60, 600, 36_000])
async def test_it_is_never_under_way_five_times_however_often_it_is_cut_off(airbyte_local, api, cut, seconds):
    (source,) = airbyte_local.seed(sources=[{"name": "s"}])["sources"]
    airbyte_local.fault(f"^{PATHS[api]}", cut["action"], **{key: cut[key] for key in cut if key != "action"})
    clock = Clock()
    async with opened(airbyte_local, api, clock, discover_timeout=seconds) as gateway:
        for _ in range(3):
            with pytest.raises(ApiError):
                await gateway.discover(source)
    assert asked(airbyte_local, api) <= 4
    assert sum(clock.slept) <= seconds


async def test_a_change_of_a_connection_that_was_cut_off_is_sent_again_after_a_while(
    airbyte_local,
):
    ends = {"sources": [{"name": "s"}], "destinations": [{"name": "d"}]}
    connections = [{"name": "c", "source": "s", "destination": "d"}]
    (connection,) = airbyte_local.seed(**ends, connections=connections)["connections"]
    airbyte_local.fault("^/api/public/v1/connections", "status", method="PATCH", status=504, times=1)
    clock = Clock()
    async with opened(airbyte_local, "public", clock) as gateway:
        with pytest.raises(Unclear, match="the next attempt was answered"):
            await gateway.update_connection(connection, ConnectionDraft(name="renamed"))
        assert [found.name for found in await gateway.connections()] == ["renamed"]
    assert clock.slept == [pytest.approx(5, rel=0.05)]


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_time_out_that_is_none_is_refused(seconds):
    with pytest.raises(DeclarationError, match="discover_timeout= wants seconds, more than 0"):
        AirbyteInstance(url="http://a.example", discover_timeout=seconds)
