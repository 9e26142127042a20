"""Drift checks: what differs fails where it is seen, by how grave it is, after one look at each place."""

from __future__ import annotations

import json
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner
from dagster import (
    AssetCheckSeverity,
    AssetSpec,
    AutomationCondition,
    AutomationConditionSensorDefinition,
    DagsterInstance,
    DefaultScheduleStatus,
    DefaultSensorStatus,
    Definitions,
    MetadataValue,
    ScheduleDefinition,
    asset,
    define_asset_job,
    execute_job,
)
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster_managed_elements import DeclarationError, Instance, Policy, Reconciler, Secret, Session, Unreachable
from dagster_managed_elements.cli import main
from dagster_managed_elements.definitions.drift import find_drift
from dagster_managed_elements.definitions.drift_automation import build_drift_schedule
from dagster_managed_elements.definitions.drift_checks import build_drift_checks, find_double_triggers
from dagster_managed_elements.definitions.loaded_assets import LoadedAssets
from dagster_managed_elements.engine.elements import key_of
from dagster_managed_elements.engine.values import Fields, Key
from dagster_managed_elements.loading import import_module

from testing.memory_world import Leaf, LeafKind, MemoryInstance, Node, NodeKind, Server

ROOT = Node("root", color=1, token=Secret.literal("hush-hush"))
LEAF = Leaf("leaf", root=ROOT, color=1)
OTHER = Leaf("other", root=ROOT, color=1)
SPECS = [
    AssetSpec(key, metadata={"airbyte/connection_name": of})
    for key, of in {"a": "leaf", "b": "leaf", "c": "other", "d": "nobody's"}.items()
]
WHOLE = "managed_elements/world"


@pytest.fixture
def server() -> Server:
    server = Server()
    reconciler(server).apply()
    server.reads = 0
    return server


def reconciler(server: Server, **how: Any) -> Reconciler:
    return Reconciler(MemoryInstance(server), [LEAF, OTHER], **{"name": "world", **how})


def evaluated(checks: Any, *, raises: bool = True) -> dict[str, Any]:
    """By the asset each stands at."""
    job = Definitions(asset_checks=checks).resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(raise_on_error=raises)
    return {each.asset_key.to_user_string(): each for each in result.get_asset_check_evaluations()}


def row(server: Server, name: str) -> dict[str, Any]:
    return next(row for row in server.rows.values() if row["name"] == name)


def text(evaluation: Any, name: str = "diff") -> str:
    return evaluation.metadata[name].value


def test_what_is_as_declared_passes_after_one_read(server):
    found = evaluated(build_drift_checks(reconciler(server), assets=SPECS))
    assert set(found) == {WHOLE, "a", "b", "c"}
    assert all(each.passed and "diff" not in each.metadata for each in found.values())
    assert server.reads == 2, "one listing of each of the two kinds"
    assert text(found[WHOLE], "place") == "memory"


def test_a_change_fails_where_it_is_and_for_the_reconciler(server):
    row(server, "leaf")["color"] = 7
    found = evaluated(build_drift_checks(reconciler(server), assets=SPECS))
    assert [key for key, each in found.items() if not each.passed] == [WHOLE, "a", "b"]
    assert {each.severity for each in found.values() if not each.passed} == {AssetCheckSeverity.ERROR}
    assert text(found["a"]) == "```diff\n~ leaf:\n~   color: 7 -> 1\n```"
    assert (text(found["a"], "changed"), text(found["a"], "missing")) == (1, 0)
    assert found["a"].description == "leaf: 1 changed: leaf (leaf)"


def test_what_an_element_refers_to_is_its_drift_too(server):
    row(server, "root")["color"] = 7
    found = evaluated(build_drift_checks(reconciler(server), assets=SPECS))
    assert [key for key, each in found.items() if each.passed] == []


def test_what_a_key_refers_to_is_drift_of_the_element_too_however_far_away(server):
    row(server, "root")["color"] = 7
    friend = Node("friend", parent=key_of(ROOT))
    by_keys = Reconciler(MemoryInstance(server), [Leaf("leaf", root=key_of(friend)), friend, ROOT], name="world")
    found = evaluated(build_drift_checks(by_keys, assets=SPECS))
    assert "color: 7 -> 1" in text(found["a"])


class Connection(Leaf):
    kind: ClassVar[str] = "connection"


class ConnectionKind(LeafKind):
    name: ClassVar[str] = "connection"


@dataclass(frozen=True, eq=False)
class ConnectionInstance(MemoryInstance):
    @asynccontextmanager
    async def connect(self, settings: Any) -> Any:
        yield Session(place="memory", kinds=(NodeKind(self.server), ConnectionKind(self.server)))


@pytest.mark.parametrize("order", [1, -1])
def test_of_what_is_called_the_same_the_connection_fills_the_asset(order):
    server = Server()
    elements = [Connection("leaf", root=ROOT, color=1), Node("leaf")][::order]
    world = Reconciler(ConnectionInstance(server), elements, name="world")
    world.apply()
    next(row for row in server.rows.values() if row["kind"] == "connection")["color"] = 7
    found = evaluated(build_drift_checks(world, assets=SPECS))
    assert found["a"].description == "leaf: 1 changed: leaf (connection)"


def test_no_secret_is_in_what_dagster_keeps(server):
    server.rows.clear()
    found = evaluated(build_drift_checks(reconciler(server), assets=SPECS))
    assert "+ token: **********" in text(found["a"]).replace("    ", "  ").replace("+   ", "+ ")
    assert "hush" not in json.dumps([str(each) for each in found.values()])
    assert text(found[WHOLE], "missing") == 3


UNSET_VARIABLE = Node("unset", token=Secret.env("NO_SUCH_VARIABLE"))
NOWHERE = Key("node", "nowhere")


def test_what_is_declared_invalid_fails_where_it_is_and_hides_no_other_drift(server):
    row(server, "other")["color"] = 7
    world = Reconciler(MemoryInstance(server), [Leaf("leaf", root=UNSET_VARIABLE), OTHER], name="world")
    found = evaluated(build_drift_checks(world, assets=SPECS))
    assert {key: each.description for key, each in found.items()} == {
        WHOLE: "world: 1 changed, 1 invalid: unset (node), other (leaf)",
        "a": "leaf: 1 invalid: unset (node)",
        "b": "leaf: 1 invalid: unset (node)",
        "c": "other: 1 changed: other (leaf)",
    }
    assert found["a"].severity == AssetCheckSeverity.ERROR
    assert "NO_SUCH_VARIABLE is not set" in text(found["a"], "findings")
    assert text(found[WHOLE]) == text(found["c"])


@pytest.mark.parametrize(
    ("invalid", "found"),
    [
        ([Leaf("leaf", root=UNSET_VARIABLE, color=1)], "unset (node)"),
        ([Leaf("leaf", root=key_of(UNSET_VARIABLE)), UNSET_VARIABLE], "unset (node)"),
        ([Leaf("leaf", root=NOWHERE, color=1)], "leaf (leaf)"),
        ([LEAF, Leaf("leaf", root=ROOT, color=2)], "leaf (leaf)"),
    ],
)
@pytest.mark.parametrize("deletes", [False, True])
def test_what_refers_to_what_is_invalid_is_left_out_and_not_taken_for_undeclared(server, invalid, found, deletes):
    row(server, "other")["color"] = 7
    world = Reconciler(
        MemoryInstance(server), [*invalid, OTHER], name="world", delete_unmentioned_resources=deletes
    )
    drift = find_drift({"world": world})["world"]
    assert drift.summary == f"1 changed, 1 invalid: {found}, other (leaf)"
    assert [entry.key.name for entry in drift.plan.entries] == ["other"]


def test_what_one_reconciler_declares_invalid_is_no_drift_of_another_of_its_place(server):
    wrong = reconciler(server, name="wrong")
    row(server, "leaf")["name"] = "old"
    wrong.elements = (Leaf("leaf", root=UNSET_VARIABLE, color=1, renamed_from="old"),)
    fine = Reconciler(wrong.instance, [OTHER], name="fine")
    found = find_drift({"fine": fine, "wrong": wrong})
    assert {name: drift.summary for name, drift in found.items()} == {
        "fine": "in sync",
        "wrong": "1 invalid: unset (node)",
    }


def test_what_nobody_declares_is_a_warning_of_the_reconciler_alone(server):
    server.put("node-9", {"kind": "node", "name": "stray", "shape": 0})
    found = evaluated(build_drift_checks(reconciler(server), assets=SPECS))
    assert [key for key, each in found.items() if not each.passed] == [WHOLE]
    assert found[WHOLE].severity == AssetCheckSeverity.WARN
    assert text(found[WHOLE], "findings") == "```\nstray (node) is not declared\n```"
    assert "diff" not in found[WHOLE].metadata, "an apply leaves it alone"


def test_what_nobody_declares_is_in_the_diff_where_an_apply_deletes_it(server):
    server.put("node-9", {"kind": "node", "name": "stray", "shape": 0})
    found = evaluated(build_drift_checks(reconciler(server, delete_unmentioned_resources=True), assets=SPECS))
    assert "- stray" in text(found[WHOLE])
    assert text(found[WHOLE], "consequences of an apply") == "```\nstray (node) is deleted\n```"


def test_how_grave_a_sort_of_finding_is_can_be_said(server):
    server.put("node-9", {"kind": "node", "name": "stray", "shape": 0})
    row(server, "leaf")["color"] = 7
    severities = {"undeclared": None, "changed": AssetCheckSeverity.WARN}
    found = evaluated(build_drift_checks(reconciler(server), assets=SPECS, severities=severities))
    assert found[WHOLE].severity == AssetCheckSeverity.WARN
    assert text(found[WHOLE], "undeclared") == 1
    with pytest.raises(DeclarationError, match="there are changed, missing, invalid, undeclared, double trigger"):
        build_drift_checks(reconciler(server), severities={"odd": None})


@dataclass(frozen=True)
class Nowhere(Instance):
    def connect(self, settings: Any) -> Any:
        raise Unreachable("nobody answers")


def test_a_place_that_cannot_be_reached_is_not_said_to_be_in_sync(server):
    reconcilers = {"world": reconciler(server), "nowhere": Reconciler(Nowhere(), [ROOT])}
    checks = build_drift_checks(reconcilers, assets=SPECS)
    job = Definitions(asset_checks=checks).resolve_implicit_global_asset_job_def()
    result = job.execute_in_process(raise_on_error=False)
    told = {each.asset_key.to_user_string() for each in result.get_asset_check_evaluations()}
    assert told == {WHOLE, "a", "b", "c"}
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "Whether there is drift is not known: nowhere: nobody answers" in str(
        failure.event_specific_data.error.cause
    )


def test_reconcilers_of_one_place_are_looked_at_once(server):
    instance = MemoryInstance(server)
    both = [Reconciler(instance, [LEAF], name="one"), Reconciler(instance, [OTHER], name="two")]
    (checks,) = build_drift_checks(both, assets=SPECS)
    found = evaluated([checks])
    assert server.reads == 2
    assert set(found) == {"managed_elements/one", "managed_elements/two", "a", "b", "c"}


def test_a_connection_that_several_instances_have_is_asked_for_at_each_by_itself(server):
    fleet = [Reconciler(MemoryInstance(server, name), [LEAF], name=name) for name in ("eu-west", "eu_west")]
    with pytest.raises(DeclarationError) as raised:
        build_drift_checks(fleet, assets=SPECS)
    assert str(raised.value) == (
        "eu-west and eu_west each declare 'leaf', which fills the asset a: "
        "call build_drift_checks once for each reconciler, with the assets of its own."
    )
    with pytest.raises(DeclarationError, match="call find_double_triggers once for each"):
        find_double_triggers(Definitions(assets=SPECS), fleet)
    checks = [
        *build_drift_checks(fleet[0], assets=[SPECS[0]]),
        *build_drift_checks(fleet[1], assets=[SPECS[1]]),
    ]
    row(server, "leaf")["color"] = 7
    found = evaluated(checks)
    assert (found["a"].description, found["b"].description) == ("leaf: 1 changed: leaf (leaf)",) * 2


def test_of_several_reconcilers_each_has_a_name_of_its_own(server):
    with pytest.raises(DeclarationError, match="each needs name="):
        build_drift_checks([reconciler(server, name=""), reconciler(server)])
    with pytest.raises(DeclarationError, match="called 'world'"):
        build_drift_checks([reconciler(server), reconciler(server)])


def test_whatever_assets_and_reconcilers_are_called_each_has_its_check(server):
    keys = ["Order Lines", "a/b", "größe", "type", "a-b", "a_b"]
    specs = [AssetSpec([key], metadata={"airbyte/connection_name": "leaf"}) for key in keys]
    found = evaluated(build_drift_checks(reconciler(server, name="eu west"), assets=specs))
    assert {tuple(each.asset_key.path) for each in found.values()} == {
        *((key,) for key in keys),
        ("managed_elements", "eu west"),
    }


def test_a_blocking_check_keeps_what_is_downstream_from_being_made(server):
    row(server, "leaf")["color"] = 7

    @asset(deps=["a"])
    def downstream() -> None: ...

    @asset(metadata={"airbyte/connection_name": "leaf"})
    def a() -> None: ...

    made = {}
    for blocking in (True, False):
        checks = build_drift_checks(reconciler(server), assets=[a], blocking=blocking)
        job = Definitions(assets=[a, downstream], asset_checks=checks).resolve_implicit_global_asset_job_def()
        result = job.execute_in_process(raise_on_error=False)
        made[blocking] = {event.asset_key.to_user_string() for event in result.get_asset_materialization_events()}
    assert made == {True: {"a"}, False: {"a", "downstream"}}


@pytest.mark.parametrize("wrapped", [lambda loaded: [loaded], lambda loaded: loaded])
def test_assets_may_be_several_in_one_object(server, wrapped):
    @asset(metadata={"airbyte/connection_name": "leaf"})
    def a() -> None: ...

    (checks,) = build_drift_checks(reconciler(server), assets=wrapped(LoadedAssets([a])))
    assert {key.asset_key.to_user_string() for key in checks.check_keys} == {WHOLE, "a"}


@pytest.mark.parametrize("wrong", [1, "users"])
def test_what_is_no_asset_is_refused(server, wrong):
    with pytest.raises(DeclarationError, match="takes assets and their specs, not"):
        build_drift_checks(reconciler(server), assets=[wrong])


def test_checks_wait_for_all_assets_of_the_instance_and_run_none_where_one_fails(server):
    @asset(metadata={"airbyte/connection_name": "leaf"})
    def a() -> None: ...

    @asset(metadata={"airbyte/connection_name": "other"})
    def c() -> None:
        raise ValueError

    assets = [a, c]
    checks = build_drift_checks(reconciler(server), assets=assets)
    job = Definitions(assets=assets, asset_checks=checks).resolve_implicit_global_asset_job_def()
    assert job.execute_in_process(raise_on_error=False).get_asset_check_evaluations() == []
    by_themselves = build_drift_schedule(checks).job
    resolved = Definitions(assets=assets, asset_checks=checks, jobs=[by_themselves]).resolve_job_def("drift_checks")
    assert len(resolved.execute_in_process().get_asset_check_evaluations()) == 3


class TimedKind(LeafKind):
    name: ClassVar[str] = "leaf"

    def timetable(self, fields: Fields) -> str:
        return "every hour" if fields.get("color") == 1 else ""


@dataclass(frozen=True, eq=False)
class TimedInstance(MemoryInstance):
    @asynccontextmanager
    async def connect(self, settings: Any) -> Any:
        yield Session(place="timed", kinds=(NodeKind(self.server), TimedKind(self.server)))


def twice(server: Server, *, schedule: str = "STOPPED", sensor: str | None = None) -> tuple[Definitions, Any]:
    """A job with a schedule that materialises what `leaf` fills, and conditions, in those states."""
    condition = AutomationCondition.on_cron("@daily") if sensor else None

    @asset(metadata={"airbyte/connection_name": "leaf"}, automation_condition=condition)
    def a() -> None: ...

    timed = Reconciler(TimedInstance(server), [LEAF, OTHER], name="world")
    nightly = ScheduleDefinition(
        name="nightly",
        job=define_asset_job("night", selection="a"),
        cron_schedule="0 0 * * *",
        default_status=DefaultScheduleStatus[schedule],
    )
    sensors = (
        [AutomationConditionSensorDefinition("auto", target="*", default_status=DefaultSensorStatus[sensor])]
        if sensor
        else []
    )
    checks = build_drift_checks(timed, assets=[a])
    return Definitions(assets=[a], asset_checks=checks, schedules=[nightly], sensors=sensors), timed


@pytest.mark.parametrize(
    ("how", "starter"),
    [
        ({"schedule": "RUNNING"}, "the schedule nightly"),
        ({"sensor": "RUNNING"}, "automation conditions (the sensor auto)"),
        ({"schedule": "STOPPED"}, None),
        ({"sensor": "STOPPED"}, None),
    ],
)
def test_what_its_server_starts_and_dagster_too_is_started_twice(server, how, starter):
    defs, timed = twice(server, **how)
    found = [finding.text for finding in find_double_triggers(defs, timed)]
    told = f"leaf (leaf) is started twice: by its server (every hour), and in Dagster by {starter}"
    assert found == ([told] if starter else [])


def test_what_is_paused_or_manual_at_its_server_is_started_once(server):
    row(server, "leaf")["color"] = 3
    defs, _ = twice(server, schedule="RUNNING")
    as_observed = Reconciler(TimedInstance(server), [Leaf("leaf", root=ROOT)], name="world", policy=Policy())
    assert find_double_triggers(defs, as_observed) == []


CHILDREN = Path(__file__).parent / "children"
STARTED_TWICE = ReconstructableRepository.for_file(str(CHILDREN / "started_twice.py"), "defs")


def evaluated_where_it_runs(repository: ReconstructableRepository) -> dict[str, Any]:
    with DagsterInstance.ephemeral() as instance:
        result = execute_job(repository.get_reconstructable_job("__ASSET_JOB"), instance=instance)
        return {
            event.asset_check_evaluation_data.asset_key.to_user_string(): event.asset_check_evaluation_data
            for event in result.all_events
            if event.event_type_value == "ASSET_CHECK_EVALUATION"
        }


@pytest.mark.parametrize("of", ["checked_by_itself", "checked_in_part"])
def test_the_check_of_a_reconciler_knows_what_is_started_twice_whichever_assets_have_one(of):
    found = evaluated_where_it_runs(ReconstructableRepository.for_file(str(CHILDREN / "started_twice.py"), of))
    assert text(found[WHOLE], "double trigger") == 2


def test_a_component_without_assets_takes_none_of_those_that_any_of_its_instances_may_fill(monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "started_twice", raising=False)
    child = str(CHILDREN / "started_twice.py")
    found = evaluated_where_it_runs(ReconstructableRepository.for_file(child, "checked_by_component"))
    assert {key: each.description for key, each in found.items()} == {
        "managed_elements/here": "here: in sync",
        "managed_elements/there": "there: in sync",
    }


def test_a_run_of_the_checks_knows_what_its_code_location_starts():
    found = evaluated_where_it_runs(STARTED_TWICE)
    twice = "{} (leaf) is started twice{}: by its server (every hour), and in Dagster by the schedule nightly"
    leaf, late = twice.format("leaf", ""), twice.format("late", "")
    assert {key: text(each, "findings") for key, each in found.items()} == {
        "table": f"```\n{leaf}\n```",
        "late_table": f"```\n{late}\n```",
        WHOLE: f"```\n{leaf}\n{late}\n```",
    }
    assert found["table"].severity == AssetCheckSeverity.WARN
    coming = MetadataValue.md(f"```\n{twice.format('late', ' from then on')}\n```")
    consequences = {key: each.metadata.get("consequences of an apply") for key, each in found.items()}
    assert consequences == {"table": None, "late_table": coming, WHOLE: coming}


def test_the_job_that_applies_says_what_is_started_twice_from_then_on():
    with DagsterInstance.ephemeral() as instance:
        result = execute_job(STARTED_TWICE.get_reconstructable_job("reconcile"), instance=instance)
        told = [event.event_specific_data.metadata for event in result.all_events if event.is_successful_output]
    (said,) = [each["here: consequences"].value for each in told if "here: consequences" in each]
    assert said == (
        "```\nlate (leaf) is started twice from then on: "
        "by its server (every hour), and in Dagster by the schedule nightly\n```"
    )


@pytest.mark.parametrize("broken", [False, True])
def test_dagster_me_says_what_the_definitions_beside_a_reconciler_start_too(monkeypatch, broken):
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "started_twice", raising=False)
    module = import_module("started_twice", CHILDREN)
    if broken:
        alike = asset(key="table")(lambda: None)
        monkeypatch.setattr(module, "defs", Definitions(assets=[module.table, alike]))
    result = CliRunner().invoke(main, ["check", "-m", "started_twice", "-d", str(CHILDREN)])
    said = (
        "! late (leaf) is started twice from then on: "
        "by its server (every hour), and in Dagster by the schedule nightly"
    )
    assert (said in result.stdout.splitlines()) != broken
    assert ("note: what Dagster starts is not known: " in result.stderr) == broken
    assert (result.exit_code, result.stdout.splitlines()[1]) == (0, "+ late:")
