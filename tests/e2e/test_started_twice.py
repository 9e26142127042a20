"""That Airbyte and Dagster both start a connection is said of the change that brings it about, and comes true."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import airbyte_local
import httpx
import pytest
from airbyte_local.jobs.scheduling import Schedules
from click.testing import CliRunner
from dagster_managed_elements.cli import main

DAY = 86_400
PROJECT = """
    from dagster import DefaultScheduleStatus, Definitions, ScheduleDefinition, define_asset_job
    from dagster_managed_elements.airbyte import (
        AirbyteConnection,
        AirbyteDestination,
        AirbyteInstance,
        AirbyteManagedElementReconciler,
        AirbyteSchedule,
        AirbyteSource,
        AirbyteSyncMode,
        build_connection_assets,
    )

    airbyte = AirbyteInstance(url="{url}", api="{api}")
    sync = AirbyteConnection(
        "sync",
        AirbyteSource("people", "Sample Data", {{"count": 3}}),
        AirbyteDestination("here", "Local JSON", {{"destination_path": "/local/here"}}),
        {{"users": AirbyteSyncMode.FULL_REFRESH_OVERWRITE}},
        {settings}
    )
    reconciler = AirbyteManagedElementReconciler(airbyte, [sync])
    assets = build_connection_assets(reconciler, poll_interval=0.02)
    noon = ScheduleDefinition(
        name="noon",
        job=define_asset_job("at_noon", selection=assets),
        cron_schedule="0 12 * * *",
        default_status=DefaultScheduleStatus.{status},
    )
    defs = Definitions(assets=assets, schedules=[noon])
"""
TWICE = (
    "! sync (connection) is started twice from then on: "
    "by its server (0 0 12 * * ? UTC), and in Dagster by the schedule noon"
)


class Project:
    """A connection and its assets; each version is a module of its own."""

    def __init__(self, folder: Path, server: Any, api: str) -> None:
        self.folder, self.server, self.api, self.versions = folder, server, api, 0

    def write(self, settings: str, status: str = "RUNNING") -> None:
        self.versions += 1
        text = PROJECT.format(url=self.server.url, api=self.api, settings=settings, status=status)
        (self.folder / f"{self.name}.py").write_text(dedent(text))

    @property
    def name(self) -> str:
        return f"at_noon_{self.api}_{self.versions}"

    def run(self, verb: str) -> list[str]:
        result = CliRunner().invoke(main, [verb, "-m", self.name, "-d", str(self.folder)])
        assert result.exit_code == 0, result.output
        return result.stdout.splitlines()

    def tick(self) -> None:
        """What Dagster's daemon does at noon."""
        from dagster import build_schedule_context

        defs = sys.modules[self.name].defs
        (noon,) = defs.schedules
        with build_schedule_context(repository_def=defs.get_repository_def()) as context:
            requests = noon.evaluate_tick(context).run_requests
        for _request in requests:
            assert defs.resolve_job_def(noon.job_name).execute_in_process().success

    def jobs(self) -> int:
        """How often it was synced."""
        body: Any = {"workspaceId": self.server.workspace_id}
        (found,) = httpx.post(f"{self.server.url}/api/v1/connections/list", json=body).json()["connections"]
        body = {"configTypes": ["sync"], "configId": found["connectionId"]}
        return len(httpx.post(f"{self.server.url}/api/v1/jobs/list", json=body).json()["jobs"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "api"), [("", "config"), ('status="inactive", schedule="0 0 12 * * ?"', "public")]
)
def test_what_airbyte_is_to_start_and_dagster_starts_already_is_synced_twice(tmp_path, monkeypatch, before, api):
    monkeypatch.setattr(sys, "path", list(sys.path))
    now = 1_767_225_600.0  # 2026-01-01 00:00 UTC
    with airbyte_local.server(clock=lambda: now) as server:
        project, schedules = Project(tmp_path, server, api), Schedules()

        def pass_a_day() -> int:
            """How many syncs there were in it."""
            nonlocal now
            already = project.jobs()
            schedules.fire(server.world)
            now += DAY
            schedules.fire(server.world)
            server.settle()
            project.tick()
            return project.jobs() - already

        project.write(before)
        assert TWICE not in project.run("apply")
        assert "inactive" in before or pass_a_day() == 1
        project.write('status="active", schedule="0 0 12 * * ?"', status="STOPPED")
        assert TWICE not in project.run("check"), "Dagster starts nothing"
        project.write('status="active", schedule="0 0 12 * * ?"')
        assert TWICE in project.run("check")
        assert TWICE in project.run("apply")
        assert pass_a_day() == 2
        assert project.run("check")[1:] == ["No diff found."]
        project.write('status="active", schedule=AirbyteSchedule.manual()')
        assert TWICE not in project.run("apply")
        assert pass_a_day() == 1
