"""A fleet on dagster-k8s, as far as there is no cluster: what it would ask Kubernetes for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import CHILDREN, Client

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def asked_for(fleets: Client, project: Path) -> dict[str, Any]:
    urls = {f"AIRBYTE_URL_{name}": "http://127.0.0.1:1" for name in ("STAGING", "NORTH", "SOUTH")}
    done = fleets.run(str(CHILDREN / "pods.py"), str(project), **urls)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_each_step_is_a_pod_with_its_limits_and_the_credentials(fleets, project):
    found = asked_for(fleets, project)
    assert found["executors"] == {"reconcile": "k8s", "watch_drift": "k8s"}
    assert found["max_concurrent"] == 25
    assert found["job"] == {"deadline": 900, "kept": 600}
    assert found["container"]["resources"]["limits"] == {"memory": "512Mi"}
    assert found["container"]["resources"]["requests"] == {"cpu": "250m", "memory": "256Mi"}
    assert {"secret_ref": {"name": "airbyte-fleet", "optional": None}} in [
        {"secret_ref": each["secret_ref"]} for each in found["container"]["env_from"]
    ]


def test_a_word_that_dagster_k8s_does_not_know_is_found(fleets, project):
    settings = project / "kubernetes.yaml"
    settings.write_text(settings.read_text().replace("max_concurrent", "max_parallel"))
    assert any("max_parallel" in error for error in asked_for(fleets, project)["errors"])
