"""The import contracts hold, and each refuses what it is there for: an import added to a copy of the sources."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = "dagster_managed_elements"
FORBIDDEN = {
    f"{LIBRARY}.tracebacks": ["httpx", "dagster"],
    f"{LIBRARY}.engine.cascading": [f"{LIBRARY}.engine.surveying"],
    f"{LIBRARY}.engine.values": [f"{LIBRARY}.engine.secrets"],
    f"{LIBRARY}.engine.errors": [f"{LIBRARY}.engine.changes"],
    f"{LIBRARY}.engine.kinds": [f"{LIBRARY}.reconciler"],
    f"{LIBRARY}.rendering.values": [f"{LIBRARY}.types"],
    f"{LIBRARY}.api.redaction": [f"{LIBRARY}.engine.elements", "click"],
    f"{LIBRARY}.loading": [f"{LIBRARY}.airbyte.elements", f"{LIBRARY}.definitions.ports"],
    f"{LIBRARY}.definitions.ports": [f"{LIBRARY}.airbyte.elements", "httpx"],
    f"{LIBRARY}.airbyte.kinds.streams": [f"{LIBRARY}.cli.screen", "httpx", "rich"],
    f"{LIBRARY}.airbyte.specs.facts": [f"{LIBRARY}.airbyte.config_api.merging"],
    f"{LIBRARY}.airbyte.public_api.bodies": [f"{LIBRARY}.airbyte.config_api.bodies"],
    f"{LIBRARY}.airbyte.kinds.tables": [f"{LIBRARY}.airbyte.config_api.gateway"],
    f"{LIBRARY}.airbyte.specs.connectors": [f"{LIBRARY}.airbyte.specs.oauth"],
    f"{LIBRARY}.airbyte.kinds.tags": [f"{LIBRARY}.airbyte.kinds.stream_patterns"],
    f"{LIBRARY}.airbyte.near_names": [f"{LIBRARY}.airbyte.kinds.tables"],
    f"{LIBRARY}.airbyte.breaking_changes": [f"{LIBRARY}.rendering.text", f"{LIBRARY}.state.locks"],
    f"{LIBRARY}.definitions.translating": [f"{LIBRARY}.state.locks", f"{LIBRARY}.api.client"],
    f"{LIBRARY}.airbyte.elements": ["dagster", f"{LIBRARY}.definitions.following", f"{LIBRARY}.loading"],
    f"{LIBRARY}.cli.screen": ["dagster", f"{LIBRARY}.cli.versions"],
    f"{LIBRARY}.reconciler": ["airbyte_local"],
    "airbyte_local.cli.serving": [LIBRARY],
    "airbyte_local.model.records": ["airbyte_local.pages.site"],
    "airbyte_local.model.errors": ["httpx", "starlette", "dagster"],
    "airbyte_local.store.states": ["starlette"],
    "airbyte_local.versions.profiles": ["jinja2"],
    "airbyte_local.connectors.specifications": ["uvicorn", "httpx"],
    "airbyte_local.handlers.jobs": ["airbyte_local.http.auth"],
}
"""What each module must not import; for types only is an import too."""


def lint(sources: Path) -> str:
    """What `lint-imports` says of the packages below *sources*, each in its folder as in the repository."""
    paths = [str(folder) for folder in sorted(sources.glob("packages/*/src"))]
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache"],
        cwd=sources,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "400", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Analyzed" in done.stdout, done.stdout + done.stderr
    return done.stdout


def copy_with(imports: Mapping[str, list[str]], to: Path, *, new: Mapping[str, str] | None = None) -> Path:
    """The sources with *imports* added to modules, behind TYPE_CHECKING, and *new* files beside them."""
    shutil.copy(ROOT / "pyproject.toml", to)
    for folder in ROOT.glob("packages/*/src"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(folder, to / folder.relative_to(ROOT), ignore=ignore)
    for module, added in imports.items():
        (file,) = to.glob(f"packages/*/src/{module.replace('.', '/')}.py")
        lines = "".join(f"    import {name}\n" for name in added)
        text = file.read_text(encoding="utf-8")
        file.write_text(f"{text}\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n{lines}", encoding="utf-8")
    for module, text in (new or {}).items():
        (package,) = to.glob(f"packages/*/src/{module.rpartition('.')[0].replace('.', '/')}")
        (package / f"{module.rpartition('.')[2]}.py").write_text(text, encoding="utf-8")
    return to


def test_the_contracts_are_kept() -> None:
    assert re.search(r"Contracts: \d+ kept, 0 broken", lint(ROOT))


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> str:
    return lint(copy_with(FORBIDDEN, tmp_path_factory.mktemp("copy")))


@pytest.mark.parametrize(
    ("module", "name"), [(module, name) for module, names in FORBIDDEN.items() for name in names]
)
def test_an_import_the_wrong_way_is_refused(refused: str, module: str, name: str) -> None:
    assert re.search(rf"{re.escape(module)} -> {re.escape(name)}\b", refused)


def test_a_new_file_is_covered_on_arrival(tmp_path: Path) -> None:
    """A module that no contract names: its place has to be said, and what it may not import it may not."""
    rooms = ("engine", "api", "airbyte")
    new = {f"{LIBRARY}.{room}.novelty": "import httpx\n" for room in rooms}
    said = lint(copy_with({}, tmp_path, new=new))
    assert f"{LIBRARY}.engine.novelty -> httpx" in said
    assert all(f"- {LIBRARY}.{room}.novelty\n" in said.partition("Broken contracts")[2] for room in rooms)


def test_a_circle_inside_a_folder_is_refused(tmp_path: Path) -> None:
    circle = {"airbyte_local.connectors.files.texts": ["airbyte_local.connectors.files.opening"]}
    broken = lint(copy_with(circle, tmp_path)).partition("Broken contracts")[2]
    assert "No cycles are allowed in airbyte_local.connectors.files." in broken
    assert ".texts -> .opening" in broken
