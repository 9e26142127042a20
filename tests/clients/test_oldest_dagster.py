"""The tests of assets once more, with the oldest Dagster that is supported: in an environment of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from .conftest import child_environment, environment

ROOT = Path(__file__).parents[2]
OLDEST = "1.12.4"
ONE_SERVER = "not public and not 0.50 and not 1.5"
"""What servers differ in is no matter of Dagster's."""
TESTS = ROOT / "packages" / "dagster-managed-elements" / "tests" / "definitions"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_assets_are_the_same_with_the_oldest_dagster(tmp_path: Path):
    sources = os.pathsep.join(map(str, [*ROOT.glob("packages/*/src"), ROOT]))
    asked = [str(environment("dagster_oldest")), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull]
    done = subprocess.run(
        [*asked, "--rootdir", str(ROOT), "--import-mode=importlib", "-p", "conftest", "-k", ONE_SERVER, str(TESTS)],
        env=child_environment(tmp_path, PYTHONPATH=sources),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_that_is_the_oldest_the_package_asks_for():
    asked = (ROOT / "packages" / "dagster-managed-elements" / "pyproject.toml").read_text()
    pinned = (Path(__file__).parent / "dagster_oldest.in").read_text()
    assert f'dagster = ["dagster>={OLDEST}"]' in asked
    assert f"dagster=={OLDEST}\n" in pinned
