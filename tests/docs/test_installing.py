"""What the README says of installing: `make dist` builds three wheels, and its lines install these, no others."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from email.message import Message
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
LINES = re.findall(r"^\$ (pip install .*)$", README, re.MULTILINE)
SETUP = [f"--assume-old=.venv/{name}.stamp" for name in ("demo", "test", "lint")]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheels that `make dist` builds, by the names of their distributions; no index is asked."""
    folder = tmp_path_factory.mktemp("dist")
    make = ["make", *SETUP, "dist", f"DIST={folder}"]
    done = subprocess.run(make, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return {of(wheel)["Name"]: wheel for wheel in folder.iterdir()}


def of(wheel: Path) -> Message:
    with ZipFile(wheel) as file:
        (name,) = (each for each in file.namelist() if each.endswith(".dist-info/METADATA"))
        return Parser().parsestr(file.read(name).decode())


def test_three_wheels_are_built_and_each_holds_its_whole_package(wheels):
    assert set(wheels) == {"dagster-managed-elements", "dagster-airbyte", "airbyte-local"}
    for name, wheel in wheels.items():
        source = REPOSITORY / "packages" / name / "src"
        files = {str(file.relative_to(source)) for file in source.rglob("*") if file.is_file()}
        wanted = {file for file in files if "__pycache__" not in file and ".egg-info" not in file}
        with ZipFile(wheel) as built:
            assert wanted == {file for file in built.namelist() if ".dist-info/" not in file}


def test_what_the_wheels_want_of_each_other_is_the_very_version_that_is_built(wheels):
    versions = {name: of(wheel)["Version"] for name, wheel in wheels.items()}
    wanted = [
        (found[1], found[2])
        for wheel in wheels.values()
        for each in of(wheel).get_all("Requires-Dist", [])
        if (found := re.match(r"([\w-]+)(?:\[\w+\])?==([\d.]+)", each)) is not None
    ]
    assert sorted(wanted) == sorted(
        (name, versions[name]) for name in ("dagster-managed-elements", "airbyte-local")
    )


def test_what_builds_the_documentation_leaves_the_versions_of_the_tests_as_they_are():
    tests, docs = (pinned(REPOSITORY / "requirements" / name) for name in ("test.txt", "docs.txt"))
    assert {name: docs[name] for name in tests if name in docs} == {
        name: tests[name] for name in tests if name in docs
    }


def pinned(requirements: Path) -> dict[str, set[str]]:
    """The versions of each package: several, where it is another for another Python."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)\S*==([^\s;]+)", requirements.read_text(), re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


@pytest.mark.slow
def test_each_line_of_the_readme_installs_a_wheel_that_was_built(wheels, tmp_path):
    assert len(LINES) == 2
    for number, line in enumerate(LINES):
        *_, dist, requirement = words = shlex.split(line)
        assert words[:3] == ["pip", "install", "--find-links"]
        assert dist == "dist"
        name, extras, version = re.fullmatch(r"([\w-]+)(?:\[(.+)\])?==([\d.]+)", requirement).groups()
        assert of(wheels[name])["Version"] == version
        assert set((extras or "").split(",")) - {""} <= set(of(wheels[name]).get_all("Provides-Extra", []))
        target = tmp_path / str(number)
        offline = ["--no-index", "--no-deps", "--no-warn-conflicts", "--quiet", "--target", str(target)]
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", *offline]
        subprocess.run([*pip, "--find-links", str(wheels[name].parent), requirement], check=True)
        code = f"import {name.replace('-', '_')} as it; print(it.__file__)"
        environment = {**os.environ, "PYTHONPATH": str(target)}
        run = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
        )
        assert Path(run.stdout.strip()).is_relative_to(target)


def test_no_page_installs_by_a_name_that_the_public_index_has_for_something_else():
    pages = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *REPOSITORY.glob("docs/*.md")]
    pages += [*REPOSITORY.glob("packages/*/README.md"), *REPOSITORY.glob("examples/*/README.md")]
    said = [line for page in pages for line in page.read_text(encoding="utf-8").splitlines()]
    upstreams = re.compile(r"pip install ['\"]?dagster-(managed-elements|airbyte)(\[[^]]*\])?['\"]?(\s|$|`)")
    assert [line for line in said if upstreams.search(line)] == []
