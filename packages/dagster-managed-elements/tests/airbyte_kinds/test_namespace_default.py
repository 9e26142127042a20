"""Where a new connection's tables go when nobody says: to the same place in both APIs, of every version."""

from __future__ import annotations

from typing import Any

import airbyte_local
import anyio
import pytest
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteDestinationNamespace,
    AirbyteInstance,
    AirbyteManagedElementReconciler,
    AirbyteSource,
    AirbyteSyncMode,
)
from dagster_managed_elements.applying import apply
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.reconciling import Options, check

PEOPLE = AirbyteSource("people", "Sample Data", {"count": 10})
FILES = AirbyteDestination("files", "Local JSON", {"destination_path": "/local/out"})
STREAMS = {"users": AirbyteSyncMode.FULL_REFRESH_OVERWRITE}


async def agree(_plan: Plan) -> Policy:
    return Policy(allow_all=True)


def run(server: airbyte_local.LocalAirbyte, api: Any, source: AirbyteSource = PEOPLE, **more: Any) -> Any:
    """Apply, and the plan of the check after it."""
    streams = STREAMS if source is PEOPLE else {"pokemon": AirbyteSyncMode.FULL_REFRESH_OVERWRITE}
    connection = AirbyteConnection("sync", source, FILES, streams, **more)
    reconciler = AirbyteManagedElementReconciler(AirbyteInstance(url=server.url, api=api), [connection])
    (result,) = anyio.run(lambda: apply([reconciler], Options(decide=agree), anyio.Event()))
    assert result.error is None, result.error
    assert result.report.ok, result.report
    (after,) = anyio.run(check, [reconciler], Options())
    return after.plan


def stored(server: airbyte_local.LocalAirbyte) -> dict[str, Any]:
    workspace = server.workspace_id
    with server.world.store.transaction() as session:
        (found,) = session.connections.of_workspaces([workspace])
    return found.details


@pytest.mark.wide("0.50", "2.0")
@pytest.mark.parametrize("api", ["config", "public"])
@pytest.mark.parametrize("version", ["0.50", "1.5", "1.8", "2.0"])
@pytest.mark.parametrize("declared", [{}, {"destination_namespace": None, "prefix": None}])
def test_a_new_connection_begins_with_the_destinations_own_namespace(version, api, declared):
    with airbyte_local.server(airbyte_version=version, auth="none") as server:
        assert run(server, api, **declared).entries == ()
        assert stored(server)["namespaceDefinition"] == "destination"


@pytest.mark.parametrize("api", ["config", "public"])
def test_what_the_ui_chose_afterwards_stays_and_goes_over_into_a_replacement(airbyte_local, api):
    run(airbyte_local, api, destination_namespace=AirbyteDestinationNamespace.SAME_AS_SOURCE)
    assert run(airbyte_local, api).entries == ()
    assert stored(airbyte_local)["namespaceDefinition"] == "source"
    run(airbyte_local, api, AirbyteSource("people", "PokeAPI", {"pokemon_name": "ditto"}))
    assert stored(airbyte_local)["namespaceDefinition"] == "source"
