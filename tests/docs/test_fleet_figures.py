"""What docs/fleets.md counts for a thousand workspaces follows from its figures, as `benchmarks` counts."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from benchmarks.costs import Cost
from benchmarks.fleets import AGAIN, AT_ONCE, FIRST, PAIRS, START_SECONDS, computed

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "fleets.md").read_text()


def measured(what: str) -> Cost:
    row = re.search(rf"^\| {re.escape(what)} \| (.+) \|$", PAGE, re.MULTILINE)
    assert row is not None, what
    requests, wall, cpu, memory = row[1].split(" | ")
    return Cost(requests=int(requests), wall=float(wall), cpu=float(cpu), memory=float(memory))


def test_what_is_computed_follows_from_what_was_measured():
    assert "\n".join(computed(measured(AGAIN))) in PAGE
    assert measured(FIRST).requests > measured(AGAIN).requests


def test_the_page_and_the_settings_assume_the_same():
    settings = yaml.safe_load((ROOT / "examples" / "fleet" / "kubernetes.yaml").read_text())
    assert settings["execution"]["config"]["max_concurrent"] == AT_ONCE
    assert f"{PAIRS} pairs" in PAGE
    assert f"{START_SECONDS:.0f} seconds" in PAGE


def test_the_next_run_is_let_in_when_no_step_of_the_last_can_be_at_work():
    celery, kubernetes, instance = (
        yaml.safe_load((ROOT / "examples" / "fleet" / f"{name}.yaml").read_text())
        for name in ("celery", "kubernetes", "dagster")
    )
    worker = celery["execution"]["config"]["config_source"]
    pod = kubernetes["execution"]["config"]["step_k8s_config"]["job_spec_config"]
    longest = max(worker["task_time_limit"], pod["active_deadline_seconds"])
    assert instance["run_monitoring"]["free_slots_after_run_end_seconds"] > longest
    assert worker["broker_transport_options"]["visibility_timeout"] > worker["task_time_limit"]
