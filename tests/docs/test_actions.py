"""The example for GitHub Actions is a workflow, and its commands do what the page says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
STUB = """#!/bin/bash
echo "$(basename "$0") $*" >> calls
case "$*" in
  api*) echo 1234567 ;;
  "run list"*) echo 42 ;;
  "run download"*) test -f plan.json ;;
esac
"""


def workflow() -> Mapping[str, Any]:
    page = (REPOSITORY / "docs" / "plans.md").read_text()
    (text,) = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return yaml.safe_load(text)


def commands(job: str) -> str:
    steps = [step["run"] for step in workflow()["jobs"][job]["steps"] if "run" in step]
    return "set -e\n" + "\n".join(steps).replace("${{ github.event.number }}", "7")


def test_the_workflow_is_one_that_plans_on_a_pull_request_and_applies_on_a_merge():
    found = workflow()
    assert set(found[True]) == {"pull_request", "push"}  # YAML 1.1 reads `on` so; GitHub does not
    assert {name: job["if"] for name, job in found["jobs"].items()} == {
        "plan": "github.event_name == 'pull_request'",
        "apply": "github.event_name == 'push'",
    }
    assert all(step.keys() & {"uses", "run"} for job in found["jobs"].values() for step in job["steps"])


@pytest.mark.slow
def test_its_commands_comment_the_plan_and_apply_that_one_alone(folder: Any):
    for name in ("gh", "pip"):
        (folder.path / name).write_text(STUB)
        (folder.path / name).chmod(0o755)
    here = f'export PATH="{folder.path}:$PATH" MODULE=library GITHUB_REPOSITORY=o/r GITHUB_SHA=abc\n'
    planned = folder.shell(here + commands("plan"))
    assert planned.returncode == 0, planned.stderr
    assert (folder.path / "plan.md").read_text().startswith("<!-- dagster-me check -->")
    done = folder.shell(here + commands("apply"))
    assert done.returncode == 0, done.stderr
    again = folder.shell(here + commands("apply"))
    assert (again.returncode, "no longer holds, nothing was written" in again.stderr) == (3, True)
    calls = (folder.path / "calls").read_text()
    assert "gh pr comment 7 --body-file plan.md --edit-last --create-if-none\n" in calls
    assert "gh run download 42 --name plan\n" in calls
