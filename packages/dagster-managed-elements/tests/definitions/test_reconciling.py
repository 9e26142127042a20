"""The jobs that watch and reconcile, and what starts them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from dagster import (
    AssetSpec,
    ConfigurableIOManager,
    DagsterInstance,
    DagsterRunStatus,
    Definitions,
    In,
    Nothing,
    Out,
    RetryPolicy,
    RunRequest,
    SkipReason,
    build_sensor_context,
    execute_job,
    job,
    op,
)
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster_managed_elements import DeclarationError, Policy, Reconciler
from dagster_managed_elements.definitions import reconciling
from dagster_managed_elements.definitions.drift_automation import build_drift_schedule, build_drift_sensor
from dagster_managed_elements.definitions.drift_checks import DriftUnknown, build_drift_checks
from dagster_managed_elements.definitions.ended_runs import RunWatch
from dagster_managed_elements.definitions.reconciling import build_drift_job, build_drift_op, build_reconcile_job
from dagster_managed_elements.engine.concurrency import run_blocking
from dagster_managed_elements.engine.kinds import Session, Settings
from dagster_managed_elements.engine.values import Key

from testing.memory_world import Leaf, LeafKind, MemoryInstance, Node, NodeKind, Server

ONE = Key("node", "one")


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


@pytest.mark.parametrize(
    ("own", "guard", "passes"),
    [
        (1, None, False),
        (0, 1, False),
        (1, 0.2, False),
        (1, 1, True),
        (None, 1, True),
    ],
)
def test_how_much_is_changed_at_once_the_strictest_of_the_guard_and_the_reconciler_says(own, guard, passes):
    server = Server()
    instance, names = MemoryInstance(server), [f"node {number}" for number in range(10)]
    Reconciler(instance, [Node(name, color=1) for name in names]).apply()
    server.writes.clear()
    policy = Policy(max_changes=own)
    changed = Reconciler(instance, [Node(name, color=2) for name in names], name="world", policy=policy)
    result = run(build_reconcile_job(changed, guard=guard and Policy(max_changes=guard)))
    assert (result.success, len(server.writes)) == ((True, 10) if passes else (False, 0))
    assert changed.policy == policy


def test_a_guard_that_is_no_policy_is_refused():
    with pytest.raises(DeclarationError, match="guard= wants a Policy"):
        build_reconcile_job(world("one")[1], guard="delete")


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


def test_the_op_of_the_drift_job_fails_a_job_of_ones_own_and_what_is_behind_it_does_not_run():
    (drifted, first), (_, second) = world("one"), world("two")
    second.apply()
    ran: list[str] = []

    @op(out=Out(Nothing))
    def before() -> None:
        ran.append("before")

    @op(ins={"go": In(Nothing)})
    def behind() -> None:
        ran.append("behind")

    drift = build_drift_op([first, second], name="everything")

    @job
    def own() -> None:
        behind(drift(before()))

    result = run(own)
    assert failures(result) == {"everything": "one: 1 missing: one (node)"}
    assert (metadata(result, "everything")["two: missing"], drifted.writes) == ("0", [])
    first.apply()
    assert run(own).success
    assert ran == ["before", "before", "behind"]


def test_the_op_and_the_job_stand_in_one_code_location_and_the_op_in_several_jobs():
    reconciler = world("one")[1]
    drift = build_drift_op(reconciler)

    def calls() -> None:
        drift()

    jobs = [job(name=name)(calls) for name in ("nightly", "weekly")]
    Definitions.validate_loadable(Definitions(jobs=[build_drift_job(reconciler), *jobs]))


def test_an_op_for_all_instances_has_no_pool_for_each():
    with pytest.raises(DeclarationError, match=r"all instances: its pool can be none of \{instance\}"):
        build_drift_op(world("one")[1], pool="airbyte/{instance}")


def test_one_place_that_cannot_be_looked_at_hides_no_drift_of_the_others():
    (away, first), (_, second) = world("one"), world("two")
    away.all = no_answer  # type: ignore[method-assign]

    @job
    def own() -> None:
        build_drift_op([first, second])()

    lack = "Whether there is drift is not known: one: nobody answers"
    assert failures(run(own)) == {"find_drift": f"two: 1 missing: two (node); {lack}"}
    second.apply()
    (failed,) = [event for event in run(own).all_events if event.is_step_failure]
    assert lack in failed.step_failure_data.error.cause.message


def test_a_schedule_runs_the_checks_and_nothing_else():
    _, reconciler = world("one")
    checks = build_drift_checks(reconciler)
    schedule = build_drift_schedule(checks, cron_schedule="0 5 * * *")
    defs = Definitions(asset_checks=checks, schedules=[schedule])
    layer = defs.get_repository_def().get_job("drift_checks").asset_layer
    assert schedule.cron_schedule == "0 5 * * *"
    assert {key.name for key in layer.asset_graph.asset_check_keys} == {"drift"}
    assert not layer.selected_asset_keys


class Sensed:
    """A sensor of some reconcilers that ticks beside a Dagster, and the runs that it asks for."""

    def __init__(self, instance: DagsterInstance, *reconcilers: Reconciler, **how: Any) -> None:
        self.instance = instance
        checks = build_drift_checks(reconcilers, **how)
        self.sensor = build_drift_sensor(reconcilers, checks)
        self.job = Definitions(asset_checks=checks, sensors=[self.sensor]).resolve_job_def("drift_sensor_checks")
        self.cursor: str | None = None

    def tick(self) -> RunRequest | None:
        found = self.sensor(build_sensor_context(instance=self.instance, cursor=self.cursor))
        if isinstance(found, SkipReason):
            return None
        self.cursor = found.cursor
        return found.run_requests[0] if found.run_requests else None

    def run(self, request: RunRequest) -> bool:
        done = self.job.execute_in_process(instance=self.instance, tags=request.tags, raise_on_error=False)
        return done.success

    def shows(self) -> bool:
        """Whether a tick asks for the checks, and they are shown."""
        request = self.tick()
        return request is not None and self.run(request)


def test_a_sensor_asks_for_the_checks_once_as_something_drifts_and_once_as_it_is_mended():
    server, reconciler = world("one")
    reconciler.apply()
    (row,) = server.rows.values()
    with DagsterInstance.ephemeral() as instance:
        sensed = Sensed(instance, reconciler)
        asked = []
        for color in (1, 7, 7, 8, 1, 1):
            row["color"] = color
            asked.append(sensed.shows())
    assert asked == [False, True, False, True, True, False]


def test_a_run_that_failed_to_show_the_drift_is_asked_for_again():
    server, reconciler = world("one")
    with DagsterInstance.ephemeral() as instance:
        sensed = Sensed(instance, reconciler)
        first = sensed.tick()
        listing, server.all = server.all, no_answer  # type: ignore[method-assign]
        assert not sensed.run(first)
        with pytest.raises(DriftUnknown):
            sensed.tick()
        server.all = listing  # type: ignore[method-assign]
        assert sensed.shows()
        assert [sensed.tick(), sensed.tick()] == [None, None]


def test_a_run_that_fails_since_its_checks_are_blocking_has_shown_the_drift():
    worlds = [world("one")[1], world("two")[1]]
    specs = [AssetSpec(key, metadata={"memory/connection_name": key}) for key in ("one", "two")]
    with DagsterInstance.ephemeral() as instance:
        sensed = Sensed(instance, *worlds, assets=specs, blocking=True)
        assert not sensed.run(sensed.tick())
        assert [sensed.tick(), sensed.tick()] == [None, None]


def test_a_run_that_is_under_way_is_not_asked_for_again_until_something_changes():
    server, reconciler = world("one")
    with DagsterInstance.ephemeral() as instance:
        sensed = Sensed(instance, reconciler)
        run = instance.create_run_for_job(sensed.job, tags=sensed.tick().tags)
        instance.report_run_canceling(run)
        assert sensed.tick() is None
        reconciler.apply()
        assert sensed.tick() is not None
        assert len(server.rows) == 1


def test_a_cursor_that_somebody_edited_counts_as_none():
    _, reconciler = world("one")
    with DagsterInstance.ephemeral() as instance:
        sensed = Sensed(instance, reconciler)
        for cursor in ("", "{", "[]", "7", '{"one": "abc"}', '{"shown": 1, "asked": {}, "request": ""}'):
            sensed.cursor = cursor
            assert sensed.tick() is not None, cursor


def no_answer(_kind: str) -> Any:
    raise DriftUnknown("nobody answers")


def test_a_tick_that_cannot_look_fails():
    server, reconciler = world("one")
    server.all = no_answer  # type: ignore[method-assign]
    with DagsterInstance.ephemeral() as instance, pytest.raises(DriftUnknown, match="one: nobody answers"):
        Sensed(instance, reconciler).tick()


def test_each_instance_has_a_pool_where_the_name_of_the_pool_says_so():
    reconcilers = [world(name)[1] for name in ("eu-west", "south")]
    for build, step in ((build_reconcile_job, "reconcile_place"), (build_drift_job, "watch_drift_place")):
        shared, own = (
            {node.name: node.definition.pools for node in build(reconcilers, pool=pool).graph.nodes}
            for pool in ("airbyte", "airbyte/{instance}")
        )
        assert shared == {step.removesuffix("_place") + "_places": set(), step: {"airbyte"}}
        assert own == {f"{step}_eu_west": {"airbyte/eu_west"}, f"{step}_south": {"airbyte/south"}}
    checks = build_drift_checks(reconcilers, pool="airbyte/{instance}")
    assert [each.node_def.pools for each in checks] == [{"airbyte/eu_west"}, {"airbyte/south"}]
    result = run(build_reconcile_job(reconcilers, pool="airbyte/{instance}"))
    assert metadata(result, "reconcile_place_south")["south: report"].endswith("Applied: 1 done.\n```")


class NoStorage(ConfigurableIOManager):
    def handle_output(self, context: Any, obj: Any) -> None:
        raise AssertionError(obj)

    def load_input(self, context: Any) -> Any:
        raise AssertionError(context)


@pytest.mark.parametrize("pool", [None, "{instance}"])
def test_steps_hand_nothing_on_so_that_machines_share_no_storage(pool):
    worlds = [world(name) for name in ("one", "two")]
    job = build_reconcile_job([reconciler for _, reconciler in worlds], pool=pool)
    result = run(Definitions(jobs=[job], resources={"io_manager": NoStorage()}).resolve_job_def("reconcile"))
    assert result.success
    assert [server.writes for server, _ in worlds] == [["create one"], ["create two"]]


def test_a_step_has_as_many_requests_in_flight_as_it_is_given():
    asked: list[int] = []

    class Counted(MemoryInstance):
        def connect(self, settings: Settings) -> Any:
            asked.append(settings.concurrency)
            return super().connect(settings)

    reconciler = Reconciler(Counted(Server()), [Node("one")], name="one")
    checks = build_drift_checks(reconciler, concurrency=4)
    run(build_reconcile_job(reconciler, concurrency=2))
    run(build_drift_job(reconciler, concurrency=3))
    run(Definitions(asset_checks=checks, jobs=[build_drift_schedule(checks).job]).resolve_job_def("drift_checks"))
    assert set(asked[:1] + asked[-2:]) == {2, 3, 4}


@pytest.mark.parametrize("over", ["canceling", "canceled", "failed"])
def test_a_step_that_is_delivered_when_its_run_is_over_writes_nothing(over):
    (one, first), (two, second) = world("one"), world("two")
    with DagsterInstance.ephemeral() as instance:

        def end() -> str:
            (under_way,) = instance.get_runs()
            getattr(instance, f"report_run_{over}")(under_way)
            return "ok"

        one.mishaps = end
        result = build_reconcile_job([first, second]).execute_in_process(instance=instance, raise_on_error=False)
    assert "The run is over" in failures(result)["reconcile_place[two]"]
    assert (one.writes, two.writes) == (["create one"], [])


@pytest.mark.parametrize("over", ["canceling", "canceled", "failed"])
def test_a_step_whose_run_is_over_finishes_what_is_in_flight_writes_nothing_more_and_says_so(over, monkeypatch):
    stops: list[anyio.Event] = []
    apply = reconciling.apply

    async def applied(of: Any, options: Any, stop: anyio.Event) -> Any:
        stops.append(stop)
        return await apply(of, options, stop)

    class Held(NodeKind):
        async def create(self, *what: Any) -> str:
            (under_way,) = instance.get_runs()
            assert under_way.status.value == "STARTED"
            getattr(instance, f"report_run_{over}")(under_way)
            with anyio.fail_after(60):
                await stops[0].wait()
            return await super().create(*what)

    class HeldInstance(MemoryInstance):
        @asynccontextmanager
        async def connect(self, settings: Settings) -> AsyncGenerator[Session]:
            yield Session(place=self.place, kinds=(Held(self.server), LeafKind(self.server)), host="memory")

    monkeypatch.setattr(reconciling, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(reconciling, "apply", applied)
    server = Server()
    reconciler = Reconciler(
        HeldInstance(server, "one"), [Node("one"), Node("two"), Leaf("a", root=ONE)], name="one"
    )
    with DagsterInstance.ephemeral() as instance:
        retried = build_reconcile_job(reconciler, concurrency=1, retry_policy=RetryPolicy(max_retries=3))
        result = retried.execute_in_process(instance=instance, raise_on_error=False)
    assert len(server.writes) == 1
    (said,) = failures(result).values()
    assert said.startswith("The run is over (")
    assert said.endswith("): what was in flight was finished, nothing more was begun.")
    report = metadata(result, "reconcile_place[one]")["one: report"]
    assert "Applied: 1 done, 2 skipped." in report


def test_a_database_that_is_away_for_a_moment_ends_no_run():
    answers: list[Any] = [OSError("away"), None, DagsterRunStatus.FAILURE]

    def over() -> Any:
        if isinstance(answer := answers.pop(0), OSError):
            raise answer
        return answer

    watch = RunWatch(over=over, every=0.01)

    async def stopped(stop: anyio.Event) -> str:
        await stop.wait()
        return "wound up"

    assert run_blocking(partial(watch.during, stopped)) == "wound up"
    assert (answers, watch.ended) == ([], DagsterRunStatus.FAILURE)


REPOSITORY = Path(__file__).parents[4]
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


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_pool_lets_one_step_at_a_time_to_an_instance_in_all_runs(tmp_path):
    shutil.copy(REPOSITORY / "examples" / "fleet" / "dagster.yaml", tmp_path)
    pools = ["airbyte/north", "airbyte/south"]
    told = {"DAGSTER_HOME": str(tmp_path), "FLEET_FOLDER": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "dagster", "job", "execute", "-f", str(FLEET), "-a", "defs", "-j", "pooled"]
    with DagsterInstance.from_config(str(tmp_path)) as instance, ExitStack() as stack:
        assert instance.get_runs() == []
        logs = [stack.enter_context((tmp_path / f"{number}.log").open("wb")) for number in range(2)]
        stack.callback((tmp_path / "open").touch)
        deadline = time.monotonic() + 120
        runs: list[subprocess.Popen[bytes]] = []
        # One after the other: on SQLite two that ask for a slot at the same moment may both get it. In the end one
        # step is inside, and that of the other run waits.
        for log, awaited in zip(logs, [(1, 0), (1, 1)], strict=True):
            began = subprocess.Popen(command, env={**os.environ, **told}, stdout=log, stderr=log)
            runs.append(stack.enter_context(began))
            while True:
                found = [instance.event_log_storage.get_concurrency_info(pool) for pool in pools]
                states = [(pool.active_slot_count, pool.pending_step_count) for pool in found]
                if awaited in states:
                    break
                assert time.monotonic() < deadline, states
                assert [each.poll() for each in runs] == [None] * len(runs), [log.name for log in logs]
                time.sleep(0.1)
        (tmp_path / "open").touch()
        assert [each.wait(120) for each in runs] == [0, 0]
