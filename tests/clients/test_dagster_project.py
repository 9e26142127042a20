"""Projects as users have them: the example under `dagster dev`, one of `dg`, one with dagster-airbyte in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from airbyte_local import LocalAirbyte, server

from .conftest import Client, child_environment, way_into
from .dagster_dev import Dagster, dagster_dev

REPOSITORY = Path(__file__).parents[2]
EXAMPLE = REPOSITORY / "examples" / "dagster_project"
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
CEREALS = REPOSITORY / "examples" / "cereals" / "files" / "cereals.csv"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="session")
def project(client: Callable[..., Client]) -> Client:
    """Dagster's newest that has all of its commands, and our packages as they are here."""
    return client("dagster_project", "dagster-managed-elements", "airbyte-local")


@pytest.fixture
def airbyte() -> Iterator[LocalAirbyte]:
    with server() as local:
        local.files.mkdir(parents=True, exist_ok=True)
        shutil.copy(CEREALS, local.files)
        yield local


def config(local: LocalAirbyte, endpoint: str, **body: Any) -> Any:
    answer = httpx.post(f"{local.url}/api/v1/{endpoint}", json=body, trust_env=False)
    answer.raise_for_status()
    return answer.json()


def edit_in_the_ui(local: LocalAirbyte) -> None:
    (source,) = config(local, "sources/list", workspaceId=local.workspace_id)["sources"]
    changed = {"provider": {"user_agent": True}}
    config(local, "sources/partial_update", sourceId=source["sourceId"], connectionConfiguration=changed)
    (connection,) = config(local, "connections/list", workspaceId=local.workspace_id)["connections"]
    config(local, "connections/update", connectionId=connection["connectionId"], status="inactive")


def test_the_example_is_applied_materialised_and_its_drift_shown(project, airbyte, tmp_path):
    checks = ["cereals", "managed_elements/cereals"]
    with dagster_dev(project, EXAMPLE, "definitions.py", AIRBYTE_URL=airbyte.url) as dagster:
        status, said = dagster.run("reconcile")
        assert status == "SUCCESS", said
        assert "Applied: 3 done." in said
        status, said = dagster.run("__ASSET_JOB", assets=["cereals", "sweetest_cereals"], checks=checks)
        assert status == "SUCCESS", said
        assert [dagster.check(asset)["success"] for asset in checks] == [True, True]
        rows = (airbyte.local / "cereals_out.json" / "_airbyte_raw_cereals.jsonl").read_text().splitlines()
        assert len(rows) == len(CEREALS.read_text().splitlines()) - 1
        assert json.loads(rows[0])["_airbyte_data"]["name"] == "Amber Flakes"
        edit_in_the_ui(airbyte)
        dagster.run("__ASSET_JOB", checks=checks)
        found = dagster.check("cereals")
        pictures = Path(os.environ.get("DAGSTER_PICTURES", tmp_path))
        if shutil.which(CHROMIUM):
            photographed(dagster, pictures)
    assert (found["success"], found["severity"]) == (False, "ERROR")
    assert found["metadata"]["diff"] == (
        "```diff\n~ cereals-csv:\n~   provider:\n~     user_agent: True -> False\n"
        "~ download-cereals:\n~   status: inactive -> active\n```"
    )
    told = "download-cereals: 2 changed: cereals-csv (source), download-cereals (connection)"
    assert found["description"] == told
    assert found["metadata"]["changed"] == 2


def photographed(dagster: Dagster, folder: Path) -> None:
    """What people see of it, as the pictures in docs/drift.md show it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.set_default_timeout(120_000)
        page.goto(f"{dagster.url}/locations/__repository__@definitions.py/asset-groups/breakfast")
        page.get_by_text("sweetest_cereals").first.wait_for()
        page.get_by_text("Loading...").first.wait_for(state="hidden")
        page.screenshot(path=folder / "dagster-assets.png")
        page.goto(f"{dagster.url}/assets/cereals?view=checks&checkDetail=drift")
        page.get_by_role("row", name="diff").get_by_text("[Show Markdown]").click()
        page.get_by_text("user_agent: True -> False").wait_for()
        page.screenshot(path=folder / "dagster-drift.png", animations="disabled")
        browser.close()


def test_drift_checks_go_onto_the_assets_of_dagster_airbyte_and_leave_them_as_they_are(project):
    with server(airbyte_version="2.0") as airbyte:
        airbyte.seed(
            sources=[{"name": "numbers"}],
            destinations=[{"name": "files"}],
            connections=[
                {
                    "name": "to files",
                    "source": "numbers",
                    "destination": "files",
                    "streams": ["users"],
                    "prefix": "raw_",
                },
                {"name": "theirs", "source": "numbers", "destination": "files", "streams": ["products"]},
            ],
        )
        clean = project.ask("beside", way_into(airbyte, "none"), "raw_")
        drifted = project.ask("beside", way_into(airbyte, "none"), "lake_")
        writes = [
            request.path for request in airbyte.requests if "create" in request.path or "update" in request.path
        ]
    assert clean["assets"] == ["products", "raw_users"]
    assert clean["untouched"]
    assert clean["checks"] == {"raw_users": [True, None], "managed_elements/files": [False, None]}, (
        "theirs is undeclared"
    )
    diff = "```diff\n~ to files:\n~   prefix: raw_ -> lake_\n```"
    assert drifted["checks"] == {"raw_users": [False, diff], "managed_elements/files": [False, diff]}
    assert writes == []


PYPROJECT = """
[project]
name = "shop"
version = "0"

[tool.dg]
directory_type = "project"

[tool.dg.project]
root_module = "shop"
"""


def test_dg_lists_scaffolds_and_loads_the_component(project, airbyte, tmp_path):
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "src" / "shop" / "defs").mkdir(parents=True)
    for folder in ("shop", "shop/defs"):
        (tmp_path / "src" / folder / "__init__.py").touch()
    (tmp_path / "src" / "shop" / "definitions.py").write_text(DEFINITIONS)
    environment = {"AIRBYTE_URL": airbyte.url, "PYTHONPATH": str(tmp_path / "src")}

    def dg(*words: str) -> str:
        done = subprocess.run(
            [project.python, "-c", "from dagster_dg_cli.cli import main; main()", *words],
            cwd=tmp_path,
            env=child_environment(project.home, **environment, PATH=f"{project.python.parent}:/usr/bin:/bin"),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    component = "dagster_managed_elements.ManagedElementsComponent"
    assert component in dg("list", "components", "--json")
    dg("scaffold", "defs", component, "empty")
    scaffolded = tmp_path / "src" / "shop" / "defs" / "empty"
    assert {file.name for file in scaffolded.iterdir()} == {"defs.yaml", "empty_elements.py"}
    shutil.rmtree(scaffolded)
    dg("scaffold", "defs", component, "cereals", "--module", "cereals")
    made = tmp_path / "src" / "shop" / "defs" / "cereals"
    assert "module: cereals" in (made / "defs.yaml").read_text()
    shutil.copy(EXAMPLE / "cereals.py", made)
    shutil.copy(EXAMPLE / "defs.yaml", made)
    listed = dg("list", "defs", "--json")
    for name in ("cereals", "managed_elements/cereals", "cereals_reconcile", "cereals_drift"):
        assert f'"{name}"' in listed, listed
    dg("check", "defs")


DEFINITIONS = """
from pathlib import Path
from dagster import definitions, load_from_defs_folder

@definitions
def defs():
    return load_from_defs_folder(path_within_project=Path(__file__).parent)
"""
