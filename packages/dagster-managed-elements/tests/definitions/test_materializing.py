"""Assets materialised in process against the local Airbyte, by both of its APIs."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import dagster as dg
import httpx
import pytest
from airbyte_local import Fault, LocalAirbyte, server
from dagster_managed_elements import Secret
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteInstance,
    AirbyteManagedElementReconciler,
    AirbyteResource,
    AirbyteSource,
    AirbyteSyncMode,
    build_connection_assets,
)

FULL = AirbyteSyncMode.FULL_REFRESH_OVERWRITE
MINUTE = 60_000
ROWS = 7
FILES = AirbyteDestination("files", "Local JSON", {"destination_path": "/local/out"})


def feed(*names: str, milliseconds: int = 0) -> dict[str, Any]:
    schema = json.dumps({"type": "object", "properties": {"id": {"type": "integer"}}})
    mock = {"type": "SINGLE_STREAM", "stream_name": names[0], "stream_schema": schema}
    return {
        "type": "CONTINUOUS_FEED",
        "max_messages": ROWS,
        "message_interval_ms": milliseconds,
        "mock_catalog": mock,
    }


def connected(
    name: str, configuration: dict[str, Any], *streams: str, kind: str = "E2E Testing"
) -> AirbyteConnection:
    return AirbyteConnection(name, AirbyteSource(name, kind, configuration), FILES, dict.fromkeys(streams, FULL))


GOOD = connected("good", feed("users"), "users")
SLOW = connected("slow", feed("clicks", milliseconds=MINUTE), "clicks")
BAD = connected("bad", {"type": "EXCEPTION_AFTER_N", "throw_after_n_records": 3}, "data")
STEADY = connected("steady", feed("steps", milliseconds=150), "steps")
WIDE = connected("wide", {"count": 5}, "users", "products", "purchases", kind="Sample Data")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A local Airbyte that one API asks, with what is declared applied."""

    airbyte: LocalAirbyte
    instance: AirbyteInstance

    def assets(self, *connections: AirbyteConnection, **more: Any) -> list[dg.AssetsDefinition]:
        airbyte = more.pop("airbyte", self.instance)
        return build_connection_assets(airbyte, connections, **{"poll_interval": 0.02, **more})

    def materialized(self, *connections: AirbyteConnection, **more: Any) -> Ran:
        """*on* is called with each message as it is logged."""
        selection, on = more.pop("selection", None), more.pop("on", lambda _message: None)
        job = dg.Definitions(assets=self.assets(*connections, **more)).resolve_implicit_global_asset_job_def()
        keys = [dg.AssetKey(name) for name in selection] if selection else None
        with dg.DagsterInstance.ephemeral() as kept:
            run_id = str(uuid4())
            kept.add_event_listener(run_id, lambda entry: on(entry.user_message))
            try:
                success = job.execute_in_process(
                    instance=kept, run_id=run_id, asset_selection=keys, raise_on_error=False
                ).success
            finally:
                entries = kept.all_logs(run_id)
        return Ran(
            success=success,
            events=[entry.dagster_event for entry in entries if entry.dagster_event],
            logged=[entry.user_message for entry in entries if not entry.dagster_event],
        )

    def config(self, path: str, **body: Any) -> Any:
        return httpx.post(f"{self.airbyte.url}/api/v1/{path}", json=body, trust_env=False, verify=False).json()

    def id_of(self, name: str) -> str:
        listed = self.config("connections/list", workspaceId=self.airbyte.workspace_id)["connections"]
        return next(row["connectionId"] for row in listed if row["name"] == name)

    def cancel(self, name: str) -> None:
        listed = self.config("jobs/list", configTypes=["sync"], configId=self.id_of(name))["jobs"]
        self.config("jobs/cancel", id=listed[0]["job"]["id"])

    def jobs(self, name: str) -> list[str]:
        listed = self.config("jobs/list", configTypes=["sync"], configId=self.id_of(name))["jobs"]
        return [row["job"]["status"] for row in listed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    success: bool
    events: list[dg.DagsterEvent]
    logged: list[str]

    @property
    def materialized(self) -> dict[str, dict[str, Any]]:
        found = [
            event.step_materialization_data.materialization
            for event in self.events
            if event.is_step_materialization
        ]
        return {
            each.asset_key.to_user_string(): {name: value.value for name, value in each.metadata.items()}
            for each in found
        }

    @property
    def failures(self) -> list[str]:
        failed = [event.step_failure_data for event in self.events if event.is_step_failure]
        return [each.user_failure_data.description for each in failed]


@pytest.fixture(scope="module", params=["config", "public"])
def place(request, tmp_path_factory) -> Iterator[Place]:
    api, _, version = request.param.partition(" of ")
    with server(tmp_path_factory.mktemp("airbyte"), airbyte_version=version or "2.0", retry_seconds=()) as airbyte:
        instance = AirbyteInstance(url=airbyte.url, api=api)
        AirbyteManagedElementReconciler(instance, [GOOD, SLOW, BAD, STEADY, WIDE]).apply()
        yield Place(airbyte=airbyte, instance=instance)


servers = pytest.mark.parametrize("place", ["config", "public", "config of 0.50", "config of 1.5"], indirect=True)
"""Before 1.6 logs are lines of text, since then parts of a structure."""


def by_config(place: Place) -> bool:
    return place.instance.api == "config"


@pytest.mark.wide("[config]")
def test_a_code_location_is_loaded_without_a_request(place):
    place.airbyte.forget_requests()
    dg.Definitions(assets=place.assets(SLOW, BAD, STEADY, WIDE)).get_repository_def()
    assert place.airbyte.requests == []


@servers
@pytest.mark.wide("[config]")
def test_a_sync_moves_the_rows_and_says_how_many(place):
    ran = place.materialized(GOOD)
    assert ran.success
    (metadata,) = ran.materialized.values()
    assert metadata["airbyte/job_rows"] == ROWS
    assert metadata["airbyte/job_bytes"] > 0
    counted = {"airbyte/rows": ROWS, "airbyte/bytes": metadata["airbyte/job_bytes"]} if by_config(place) else {}
    assert {name: metadata.get(name) for name in counted} == counted
    assert any("was started" in line for line in ran.logged)
    assert any(f"Done: {ROWS} rows." in line for line in ran.logged) == by_config(place)


@pytest.mark.slow
def test_the_log_is_left_out_where_nobody_wants_it(place):
    ran = place.materialized(GOOD, forward_logs=False)
    assert ran.success
    assert len(ran.logged) == 1


@pytest.mark.slow
def test_a_resource_of_upstreams_kind_says_how_a_sync_is_followed(place):
    words = {"forward_logs": False, "poll_interval": 0.02}
    resource = AirbyteResource(host="127.0.0.1", port=place.airbyte.port, **words)
    ran = place.materialized(GOOD, airbyte=resource, poll_interval=None)
    assert ran.success
    assert len(ran.logged) == 1


@pytest.mark.slow
def test_a_subset_syncs_the_connection_and_tells_of_all_it_moved(place):
    ran = place.materialized(WIDE, selection=["products"])
    assert ran.success
    assert ran.materialized.keys() == {"users", "products", "purchases"}
    planned = [event for event in ran.events if event.is_asset_materialization_planned]
    assert [event.asset_key.to_user_string() for event in planned] == ["products"]


@servers
@pytest.mark.wide("[config]")
def test_a_job_that_fails_is_a_failure_in_the_connectors_words(place):
    ran = place.materialized(BAD)
    assert not ran.success
    (failure,) = ran.failures
    assert failure.startswith("The sync of the connection bad failed (job ")
    words = "The configuration asks for an exception after 3 records." if by_config(place) else "does not say why"
    assert words in failure
    assert ran.materialized == {}


@pytest.mark.slow
def test_a_retry_policy_is_heeded_by_another_job(place):
    before = len(place.jobs("bad"))
    ran = place.materialized(BAD, retry_policy=dg.RetryPolicy(max_retries=1))
    assert not ran.success
    assert place.jobs("bad")[: len(place.jobs("bad")) - before] == ["failed", "failed"]


@pytest.mark.slow
def test_a_connection_that_is_not_there_is_no_reason_to_try_again(place):
    ran = place.materialized(connected("new", feed("a"), "a"), retry_policy=dg.RetryPolicy(max_retries=3))
    assert ran.failures == [
        "The workspace Default Workspace has no connection called new; apply the declaration first."
    ]


@pytest.mark.slow
def test_a_job_that_runs_already_is_followed_and_no_other_started(place):
    place.config("connections/sync", connectionId=place.id_of("slow"))
    before = len(place.jobs("slow"))

    def stop(message: str) -> None:
        if "is under way already" in message:
            place.cancel("slow")

    ran = place.materialized(SLOW, on=stop)
    (failure,) = ran.failures
    assert re.match(r"The sync of the connection slow was cancelled \(job \d+\)\.", failure)
    assert place.jobs("slow")[0] == "cancelled"
    assert len(place.jobs("slow")) == before


@pytest.mark.wide("[config-True")
@pytest.mark.parametrize(("cancels", "status"), [(True, "cancelled"), (False, "running")])
def test_a_job_is_cancelled_with_its_run_where_that_is_wanted(place, cancels, status):
    def interrupt(message: str) -> None:
        if "was started" in message:
            os.kill(os.getpid(), signal.SIGINT)

    ran = place.materialized(SLOW, on=interrupt, cancel_on_termination=cancels)
    assert not ran.success
    assert place.jobs("slow")[0] == status
    assert any("The run is cancelled, and job" in line for line in ran.logged) == cancels
    if not cancels:
        place.cancel("slow")


@pytest.mark.slow
def test_what_a_connector_says_is_told_without_the_secrets_of_the_declaration(place):
    """The address of the file is secret here, and the connector tells which it could not read."""
    url = f"{place.airbyte.url}/_local/files/hushhush.csv"
    told = {"dataset_name": "a", "format": "csv", "url": Secret.literal(url), "provider": {"storage": "HTTPS"}}
    source = AirbyteSource("leaky", "File", told)
    leaky = AirbyteConnection("leaky", source, FILES, {"a": FULL})
    place.airbyte.files.mkdir(exist_ok=True)
    (place.airbyte.files / "hushhush.csv").write_text("id\n1\n")
    AirbyteManagedElementReconciler(place.instance, [leaky]).apply()
    (place.airbyte.files / "hushhush.csv").unlink()
    ran = place.materialized(leaky)
    said = [*ran.failures, *ran.logged]
    assert not ran.success
    assert not any("hushhush" in text for text in said)
    if by_config(place):
        assert any("**********" in text for text in ran.failures)


LOOKS = {"config": "jobs/get", "public": "^/api/public/v1/jobs/"}


@pytest.mark.slow
@pytest.mark.parametrize("status", [503, 429])
def test_a_server_that_is_away_for_a_moment_fails_no_run(place, status):
    hasty = Place(airbyte=place.airbyte, instance=replace(place.instance, max_attempts=1))
    place.airbyte.faults(Fault(match=LOOKS[place.instance.api], action="status", status=status, times=4))
    before = len(place.jobs("steady"))
    ran = hasty.materialized(STEADY)
    place.airbyte.faults()
    assert ran.success
    assert sum("cannot be read" in line for line in ran.logged) == 1
    assert len(place.jobs("steady")) == before + 1


@pytest.mark.slow
def test_a_step_that_is_tried_again_finds_the_job_it_began(place):
    """A look fails as none does that is waited for; by then the job still runs."""
    hasty = Place(airbyte=place.airbyte, instance=replace(place.instance, max_attempts=1))
    place.airbyte.faults(Fault(match=LOOKS[place.instance.api], action="status", status=404, times=1))
    before = len(place.jobs("steady"))
    ran = hasty.materialized(STEADY, retry_policy=dg.RetryPolicy(max_retries=2))
    place.airbyte.faults()
    assert ran.success
    assert any("is under way already" in line for line in ran.logged)
    assert len(place.jobs("steady")) == before + 1


@pytest.mark.slow
def test_a_start_whose_answer_is_lost_is_looked_for_and_not_repeated(place):
    starts = {"config": "connections/sync", "public": "^/api/public/v1/jobs$"}[place.instance.api]
    place.airbyte.faults(Fault(match=starts, method="POST", action="lost-after-commit", times=1))
    before = len(place.jobs("steady"))
    ran = place.materialized(STEADY)
    place.airbyte.faults()
    assert ran.success
    assert len(place.jobs("steady")) == before + 1


@pytest.mark.slow
def test_a_connection_that_is_paused_is_said_to_be(place):
    place.config("connections/update", connectionId=place.id_of("wide"), status="inactive")
    ran = place.materialized(WIDE)
    place.config("connections/update", connectionId=place.id_of("wide"), status="active")
    assert ran.failures == ["The connection wide is paused, so it cannot be synced."]
