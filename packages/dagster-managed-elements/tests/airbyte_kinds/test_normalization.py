"""normalize_data on servers that have normalization, and what is said on those that have not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import airbyte_local
import anyio
import httpx
import pytest
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteInstance,
    AirbyteManagedElementReconciler,
    AirbyteSource,
    AirbyteSyncMode,
)
from dagster_managed_elements.applying import apply
from dagster_managed_elements.engine.changes import FieldChange
from dagster_managed_elements.engine.guarding import Policy
from dagster_managed_elements.engine.planning import Plan
from dagster_managed_elements.reconciling import Options, check

PEOPLE = AirbyteSource("people", "Sample Data", {"count": 10})
LAKE = AirbyteDestination(
    "lake", "Postgres", {"host": "h", "port": 5432, "database": "d", "schema": "public", "username": "u"}
)
FILES = AirbyteDestination("files", "Local JSON", {"destination_path": "/local/out"})
WEBHOOK = {
    "operatorType": "webhook",
    "webhook": {"webhookType": "dbtCloud", "dbtCloud": {"accountId": 1, "jobId": 2}},
}


class Old:
    """A server before 1.0, and the one connection there."""

    def __init__(self, server: airbyte_local.LocalAirbyte) -> None:
        self.server = server

    def call(self, endpoint: str, **body: Any) -> Any:
        answer = httpx.post(f"{self.server.url}/api/v1/{endpoint}", json=body, verify=False).raise_for_status()
        return answer.json() if answer.content else None

    def applied(self, normalize: bool | None, source: AirbyteSource = PEOPLE) -> list[str]:
        """Apply, and the check that follows is empty. The writes that it took."""
        reconcilers = of(self.server, normalize, source=source)
        self.server.forget_requests()
        (result,) = anyio.run(lambda: apply(reconcilers, Options(decide=agree), anyio.Event()))
        assert result.error is None, result.error
        assert result.report.ok, result.report
        written = [request.path.removeprefix("/api/v1/") for request in self.server.requests]
        assert checked(self.server, normalize, source=source).plan.entries == ()
        return [path for path in written if path.endswith(("/create", "/update", "/delete"))]

    @property
    def connection(self) -> dict[str, Any]:
        (found,) = self.call("connections/list", workspaceId=self.server.workspace_id)["connections"]
        return found

    @property
    def operations(self) -> list[dict[str, Any]]:
        return self.call("operations/list", connectionId=self.connection["connectionId"])["operations"]

    @property
    def types(self) -> list[str]:
        return [operation["operatorConfiguration"]["operatorType"] for operation in self.operations]


async def agree(_plan: Plan) -> Policy:
    return Policy(allow_all=True)


def of(server, normalize, *, api="config", source=PEOPLE, destination=LAKE):
    mode = AirbyteSyncMode.FULL_REFRESH_OVERWRITE
    streams = {"pokemon" if source.source_type == "PokeAPI" else "users": mode}
    connection = AirbyteConnection("sync", source, destination, streams, normalize_data=normalize)
    return [AirbyteManagedElementReconciler(AirbyteInstance(url=server.url, api=api), [connection])]


def checked(server, normalize, **more):
    (result,) = anyio.run(check, of(server, normalize, **more), Options())
    return result


@pytest.fixture
def old() -> Iterator[Old]:
    with airbyte_local.server(airbyte_version="0.50", auth="none") as server:
        yield Old(server)


def test_a_new_connection_that_is_to_be_normalized_has_the_operation_that_does_so(old):
    written = old.applied(True)
    assert written[-2:] == ["operations/create", "connections/create"]
    (operation,) = old.operations
    assert (operation["name"], old.types) == ("Normalization", ["normalization"])
    assert old.applied(True) == []


def test_what_is_declared_is_compared_and_none_is_not_managed(old):
    old.applied(None)
    plan = checked(old.server, True).plan
    assert [change for entry in plan.entries for change in entry.fields] == [
        FieldChange(("normalize data",), False, True)
    ]
    assert old.applied(False) == []
    assert old.applied(True) == ["operations/create", "connections/update"]
    assert old.applied(None) == []
    assert old.types == ["normalization"]
    assert old.applied(False) == ["connections/update"]
    assert old.types == []


@pytest.mark.slow
def test_other_operations_stay(old):
    old.applied(None)
    made = old.call(
        "operations/create", workspaceId=old.server.workspace_id, name="dbt", operatorConfiguration=WEBHOOK
    )
    old.call("connections/update", connectionId=old.connection["connectionId"], operationIds=[made["operationId"]])
    old.applied(True)
    assert old.types == ["webhook", "normalization"]
    old.applied(False)
    assert old.types == ["webhook"]


@pytest.mark.parametrize("normalize", [True, None])
def test_a_replacement_takes_the_operation_over_and_makes_no_second_one(old, normalize):
    old.applied(True)
    (before,) = old.operations
    written = old.applied(normalize, AirbyteSource("people", "PokeAPI", {"pokemon_name": "ditto"}))
    assert "operations/create" not in written
    assert old.operations == [before]


def test_a_replacement_leaves_it_where_none_is_declared_any_more(old):
    old.applied(True)
    old.applied(False, AirbyteSource("people", "PokeAPI", {"pokemon_name": "ditto"}))
    assert old.types == []


def test_a_check_asks_for_operations_only_where_something_is_declared_of_them(old):
    old.applied(True)
    for normalize, asked in [(None, 0), (True, 1)]:
        old.server.forget_requests()
        checked(old.server, normalize)
        assert sum("operations/" in request.path for request in old.server.requests) == asked


def test_a_destination_that_is_not_normalized_is_said_before_any_write(old):
    said = str(checked(old.server, True, destination=FILES).error)
    unable = "this Airbyte does not normalize what files (destination) is written; leave normalize_data out"
    assert said == f"sync.normalize data: {unable}"


def test_a_server_that_does_not_say_its_version_is_believed_where_the_destination_says_so():
    with airbyte_local.server(airbyte_version="0.50", auth="none", absent=["instance_configuration"]) as server:
        Old(server).applied(True)
        assert Old(server).types == ["normalization"]


@pytest.mark.parametrize("version", ["1.5", "1.6", "1.8", "2.0", "9.9"])
def test_after_it_left_the_refusal_says_the_servers_version(version):
    with airbyte_local.server(airbyte_version=version, auth="none") as server:
        said = str(checked(server, True).error)
        left = f"normalization left Airbyte in 1.0, and this one is {server.version}; leave normalize_data out"
        assert said == f"sync.normalize data: {left}"
        Old(server).applied(False)
        assert not any("operations/" in request.path for request in server.requests)


@pytest.mark.parametrize("version", ["0.50", "2.0"])
def test_the_public_api_never_had_it(version):
    with airbyte_local.server(airbyte_version=version, auth="none") as server:
        said = str(checked(server, True, api="public").error)
        assert said == "sync.normalize data: Airbyte's Public API has no normalization; leave normalize_data out"
