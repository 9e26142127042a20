"""The jobs that watch and reconcile, and what starts them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dagster import (
    DagsterInstance,
    Definitions,
    RunRequest,
    SkipReason,
    build_sensor_context,
    execute_job,
)
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster_managed_elements import Policy, Reconciler
from dagster_managed_elements.definitions.drift_automation import build_drift_schedule, build_drift_sensor
from dagster_managed_elements.definitions.drift_checks import DriftUnknown, build_drift_checks
from dagster_managed_elements.definitions.reconciling import build_drift_job, build_reconcile_job

from testing.memory_world import MemoryInstance, Node, Server


def world(*names: str, **how: Any) -> tuple[Server, Reconciler]:
    server = Server()
    name = names[0]
    return server, Reconciler(
        MemoryInstance(server, name), [Node(each, color=1) for each in names], name=name, **how
    )


def run(job: Any) -> Any:
    return job.execute_in_process(raise_on_error=False)


def failures(result: Any) -> dict[str, str]:
    return {
        event.step_key: event.step_failure_data.user_failure_data.description
        for event in result.all_events
        if event.is_step_failure
    }


def metadata(result: Any, step: str) -> dict[str, str]:
    """That of the output of *step*, or of its failure."""
    for event in result.all_events:
        if event.step_key == step and event.is_successful_output:
            return {name: str(value.value) for name, value in event.event_specific_data.metadata.items()}
        if event.step_key == step and event.is_step_failure:
            told = event.step_failure_data.user_failure_data.metadata
            return {name: str(value.value) for name, value in told.items()}
    raise AssertionError(step)


def test_a_fleet_is_reconciled_in_a_step_each_and_reported():
    (one, first), (two, second) = world("one"), world("two")
    result = run(build_reconcile_job([first, second]))
    assert result.success
    assert (one.writes, two.writes) == (["create one"], ["create two"])
    told = metadata(result, "reconcile_place[one]")
    assert told["one: diff"].startswith("```diff\n+ one:")
    assert told["one: report"] == "```\ndone: create one (node)\nApplied: 1 done.\n```"


def test_what_destroys_is_refused_with_nothing_written_unless_the_guard_lets_it_pass():
    allowed = Policy(allow_all=True)
    server, reconciler = world("one", delete_unmentioned_resources=True, policy=allowed)
    server.put("node-9", {"kind": "node", "name": "stray", "shape": 0})
    refused = run(build_reconcile_job(reconciler))
    assert server.writes == []
    assert failures(refused) == {
        "reconcile_place[one]": "The plan was refused, nothing was written:\n  stray (node) is deleted"
    }
    assert "- stray" in metadata(refused, "reconcile_place[one]")["one: diff"]
    passed = run(build_reconcile_job(reconciler, guard=Policy(allowed=frozenset({"delete"}))))
    assert (passed.success, sorted(server.writes)) == (True, ["create one", "delete stray"])
    assert reconciler.policy == allowed


def test_jobs_of_different_names_stand_in_one_code_location():
    (_, first), (_, second) = world("one"), world("two")
    jobs = [
        build(each, name=f"{build.__name__}_{each.name}")
        for build in (build_reconcile_job, build_drift_job)
        for each in (first, second)
    ]
    Definitions.validate_loadable(Definitions(jobs=jobs))


def test_each_instance_has_a_step_however_alike_they_are_called():
    worlds = [world(name) for name in ("eu-west", "eu_west_2", "eu_west", "eu.west")]
    result = run(build_reconcile_job([reconciler for _, reconciler in worlds]))
    assert result.success
    assert [len(server.writes) for server, _ in worlds] == [1, 1, 1, 1]


def test_one_place_that_fails_leaves_the_others_reconciled():
    (one, first), (two, second) = world("one"), world("two")
    one.mishaps = lambda: "fail"
    result = run(build_reconcile_job([first, second]))
    assert failures(result) == {"reconcile_place[one]": "Not everything was applied."}
    assert "failed: create one (node)" in metadata(result, "reconcile_place[one]")["one: report"]
    assert two.writes == ["create two"]


def test_reconcilers_of_one_instance_are_planned_together():
    server = Server()
    instance = MemoryInstance(server)
    both = [
        Reconciler(instance, [Node(name)], name=name, delete_unmentioned_resources=True) for name in ("one", "two")
    ]
    result = run(build_reconcile_job(both, guard=Policy(allow_all=True)))
    again = run(build_reconcile_job(both, guard=Policy(allow_all=True)))
    assert (result.success, again.success) == (True, True)
    assert sorted(server.writes) == ["create one", "create two"]


def test_a_step_fails_for_what_drifted_and_not_for_a_warning():
    (one, first), (two, second) = world("one"), world("two")
    second.apply()
    two.put("node-9", {"kind": "node", "name": "stray", "shape": 0})
    result = run(build_drift_job([first, second]))
    assert failures(result) == {"watch_drift_place[one]": "one: 1 missing: one (node)"}
    assert metadata(result, "watch_drift_place[two]")["two: undeclared"] == "1"
    assert (one.writes, two.writes) == ([], ["create two"])


def test_a_schedule_runs_the_checks_and_nothing_else():
    _, reconciler = world("one")
    checks = build_drift_checks(reconciler)
    schedule = build_drift_schedule(checks, cron_schedule="0 5 * * *")
    defs = Definitions(asset_checks=checks, schedules=[schedule])
    layer = defs.get_repository_def().get_job("drift_checks").asset_layer
    assert schedule.cron_schedule == "0 5 * * *"
    assert {key.name for key in layer.asset_graph.asset_check_keys} == {"drift"}
    assert not layer.selected_asset_keys


def test_a_sensor_asks_for_the_checks_once_as_something_drifts_and_once_as_it_is_mended():
    server, reconciler = world("one")
    reconciler.apply()
    sensor = build_drift_sensor(reconciler, build_drift_checks(reconciler))
    with DagsterInstance.ephemeral() as instance:
        cursor: str | None = None

        def tick() -> Any:
            nonlocal cursor
            found = sensor(build_sensor_context(instance=instance, cursor=cursor))
            if not isinstance(found, SkipReason):
                cursor = found.cursor
            return found

        assert isinstance(tick(), SkipReason)
        (row,) = server.rows.values()
        row["color"] = 7
        assert tick().run_requests == [RunRequest()]
        assert isinstance(tick(), SkipReason)
        row["color"] = 8
        assert tick().run_requests == [RunRequest()]
        row["color"] = 1
        assert tick().run_requests == [RunRequest()]
        assert isinstance(tick(), SkipReason)


def test_a_tick_that_cannot_look_fails():
    server, reconciler = world("one")
    checks = build_drift_checks(reconciler)
    server.all = lambda _kind: (_ for _ in ()).throw(DriftUnknown("nobody answers"))  # type: ignore[method-assign]
    with DagsterInstance.ephemeral() as instance, pytest.raises(DriftUnknown, match="one: nobody answers"):
        build_drift_sensor(reconciler, checks)(build_sensor_context(instance=instance))


FLEET = Path(__file__).parent / "children" / "fleet.py"


@pytest.mark.parametrize(
    "job", ["in_process", pytest.param("multiprocess", marks=[pytest.mark.slow, pytest.mark.timeout(600)])]
)
def test_every_executor_spreads_the_steps(job, tmp_path, monkeypatch):
    monkeypatch.setenv("FLEET_FOLDER", str(tmp_path))
    repository = ReconstructableRepository.for_file(str(FLEET), "defs")
    with DagsterInstance.local_temp(str(tmp_path)) as instance:
        result = execute_job(repository.get_reconstructable_job(job), instance=instance)
        assert result.success
    pids = {file.name: file.read_text() for file in tmp_path.glob("*.applied")}
    assert set(pids) == {f"{name}.applied" for name in ("north", "south", "west")}
    assert len(set(pids.values())) == (1 if job == "in_process" else 3)
