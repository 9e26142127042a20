"""Dagster's own dagster-airbyte moves rows: its assets and ops, materialised by syncs of the local Airbyte."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from airbyte_local import LocalAirbyte, server

from .conftest import Client, way_into

MINUTE = 60_000
ROWS = 7
USERS = {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}
COLUMNS = {"id": "integer", "name": "string"}
FAILURE = "dagster._core.definitions.events.Failure: "
WORKSPACES = [
    ("2.0", "none", "self-managed"),
    ("2.0", "client", "self-managed"),
    ("2.0", "client", "cloud"),
    ("cloud", "client", "cloud"),
]
LEGACY = [("0.50", "none"), ("1.5", "none"), ("1.5", "basic")]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def feed(milliseconds: int = 0) -> dict[str, Any]:
    mock = {"type": "SINGLE_STREAM", "stream_name": "users", "stream_schema": json.dumps(USERS)}
    return {
        "type": "CONTINUOUS_FEED",
        "max_messages": ROWS,
        "message_interval_ms": milliseconds,
        "mock_catalog": mock,
    }


SOURCES = {
    "good": feed(),
    "slow": feed(MINUTE),
    "bad": {"type": "EXCEPTION_AFTER_N", "throw_after_n_records": 3},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """One Airbyte with a connection that moves rows, one that fails, and one that hardly gets anywhere."""

    airbyte: LocalAirbyte
    auth: str
    ids: dict[str, str]
    dagster: Client

    def materialized(self, kind: str, making: str, connection: str, **options: Any) -> dict[str, Any]:
        way = way_into(self.airbyte, self.auth)
        return self.dagster.ask(
            "materializing", way, kind, making, self.ids[connection], json.dumps({"poll_interval": 0.05, **options})
        )

    def legacy(self, act: str, connection: str, **options: Any) -> dict[str, Any]:
        way = way_into(self.airbyte, self.auth)
        return self.dagster.ask("legacy_syncs", way, act, self.ids[connection], json.dumps(options))

    def rows(self, table: str) -> list[Any]:
        text = (self.airbyte.local / "out" / f"_airbyte_raw_{table}.jsonl").read_text()
        return [json.loads(line)["_airbyte_data"] for line in text.splitlines()]

    def config(self, path: str, **body: Any) -> Any:
        login = ("airbyte", "password") if self.auth == "basic" else None
        return httpx.post(f"{self.airbyte.url}/api/v1/{path}", json=body, auth=login, trust_env=False).json()


@contextmanager
def moving(dagster: Client, version: str, auth: str) -> Generator[Moving]:
    with server(airbyte_version=version, auth=auth, retry_seconds=()) as airbyte:
        made = airbyte.seed(
            sources=[
                {"name": name, "type": "E2E Testing", "configuration": each} for name, each in SOURCES.items()
            ],
            destinations=[{"name": "files", "configuration": {"destination_path": "/local/out"}}],
            connections=[{"name": name, "source": name, "destination": "files"} for name in SOURCES],
        )
        ids = dict(zip(SOURCES, made["connections"], strict=True))
        yield Moving(airbyte=airbyte, auth=auth, ids=ids, dagster=dagster)


@pytest.mark.parametrize(("version", "auth", "kind"), WORKSPACES)
@pytest.mark.parametrize("making", ["decorated", "built"])
def test_an_asset_is_materialised_by_a_sync_that_moves_its_rows(dagster, version, auth, kind, making):
    with moving(dagster, version, auth) as here:
        seen = here.materialized(kind, making, "good")
        rows = here.rows("users")
        assert {request.status for request in here.airbyte.requests} == {200}
    (metadata,) = seen.pop("materialized").values()
    assert seen == {"success": True, "failures": []}
    assert metadata["dagster/column_schema"] == COLUMNS
    assert metadata["dagster-airbyte/connection_id"] == here.ids["good"]
    assert metadata["dagster-airbyte/connection_name"] == "good"
    assert len(rows) == ROWS
    assert all(set(row) == set(COLUMNS) for row in rows)


@pytest.mark.parametrize(("version", "auth", "kind"), WORKSPACES)
def test_a_sync_that_fails_makes_the_run_fail_with_what_their_client_says_of_it(dagster, version, auth, kind):
    with moving(dagster, version, auth) as here:
        seen = here.materialized(kind, "decorated", "bad")
        assert seen == {"success": False, "materialized": {}, "failures": [f"{FAILURE}Job failed: 1"]}
        assert list(here.airbyte.local.rglob("*.jsonl")) == []


def test_a_connection_that_syncs_already_is_not_synced_a_second_time(dagster):
    with moving(dagster, "2.0", "none") as here:
        here.config("connections/sync", connectionId=here.ids["slow"])
        refused = here.materialized("self-managed", "decorated", "slow")
        given_up = here.materialized(
            "self-managed", "decorated", "slow", poll_previous_running_sync=True, poll_timeout=0.2
        )
        jobs = here.config("jobs/list", configTypes=["sync"], configId=here.ids["slow"])["jobs"]
    already = f"{FAILURE}Found sync job for connection_id={here.ids['slow']} already running."
    assert refused["failures"] == [already]
    assert given_up["failures"] == [f"{FAILURE}Timeout: Airbyte job 1 is not ready after the timeout 0.2 seconds"]
    assert [job["job"]["status"] for job in jobs] == ["cancelled"]


@pytest.mark.parametrize(("version", "auth"), LEGACY)
def test_the_legacy_resource_syncs_polls_and_prints_the_log(dagster, version, auth):
    with moving(dagster, version, auth) as here:
        forwarding = here.legacy("synced", "good")
        listing = here.legacy("synced", "good", forward_logs=False)
        assert {request.status for request in here.airbyte.requests} == {200}
        assert len(here.rows("users")) == ROWS
    assert forwarding["seen"] == listing["seen"] == {"job": "succeeded", "attempts": 1, "of": "good"}
    assert f"Done: {ROWS} rows." in forwarding["log"]
    assert listing["log"] == ""


def test_where_logs_are_structured_the_legacy_resource_syncs_and_prints_none(dagster):
    with moving(dagster, "1.6", "none") as here:
        assert here.legacy("synced", "good") == {
            "seen": {"job": "succeeded", "attempts": 1, "of": "good"},
            "log": "",
        }
        assert len(here.rows("users")) == ROWS


@pytest.mark.parametrize(("version", "auth"), LEGACY)
def test_the_legacy_resource_cancels_what_it_has_no_time_for(dagster, version, auth):
    with moving(dagster, version, auth) as here:
        seen = here.legacy("cut short", "slow")["seen"]
        jobs = here.config("jobs/list", configTypes=["sync"], configId=here.ids["slow"])["jobs"]
    assert seen == {"failure": "Timeout: Airbyte job 1 is not ready after the timeout 0.3 seconds"}
    assert [job["job"]["status"] for job in jobs] == ["cancelled"]


def test_the_legacy_resource_fails_with_the_job_whose_own_words_are_in_the_log(dagster):
    """It does not know the status `failed`, tries to cancel the job, and fails with the refusal of that."""
    with moving(dagster, "1.5", "none") as here:
        told = here.legacy("synced", "bad")
        cancel = [request.status for request in here.airbyte.requests if request.path.endswith("jobs/cancel")]
    assert told["seen"] == {"failure": f"Max retries (0) exceeded with url: {here.airbyte.url}/api/v1/jobs/cancel."}
    assert cancel == [500]
    assert "ERROR The configuration asks for an exception after 3 records." in told["log"]


@pytest.mark.parametrize(("version", "auth"), LEGACY)
def test_legacy_assets_are_materialised_with_the_numbers_of_the_sync(dagster, version, auth):
    with moving(dagster, version, auth) as here:
        seen = here.legacy("materialized", "good")["seen"]
        assert len(here.rows("users")) == ROWS
    metadata = seen.pop("materialized")["lake/users"]
    assert seen == {"success": True, "failures": []}
    assert metadata.pop("bytesEmitted") == metadata.pop("bytesCommitted") > 0
    known = {"schema": COLUMNS, "recordsEmitted": ROWS, "recordsCommitted": ROWS}
    assert {name: metadata[name] for name in known} == known


def test_the_legacy_op_syncs_and_tells_of_its_tables(dagster):
    with moving(dagster, "1.5", "none") as here:
        seen = here.legacy("operated", "good")["seen"]
        assert len(here.rows("users")) == ROWS
    assert (seen["success"], list(seen["materialized"])) == (True, ["airbyte/users"])
