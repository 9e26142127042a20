"""Who made a run: the commit where there is one, and no fuss where there is none."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from dagster_managed_elements.state.authors import author


def git(folder: Path, *words: str) -> None:
    known = ["-c", "user.email=ana@shop", "-c", "user.name=ana", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *known, *words], cwd=folder, check=True, capture_output=True)


def test_the_commit_of_the_folder_is_told_and_that_files_were_changed_since(tmp_path: Path) -> None:
    assert (author(tmp_path, {}).commit, author(tmp_path, {}).is_dirty) == ("", False)
    git(tmp_path, "init", "-q")
    assert author(tmp_path, {}).commit == ""  # there is none yet
    (tmp_path / "mine.py").write_text("a = 1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "one")
    git(tmp_path, "tag", "v1")
    clean = author(tmp_path, {})
    assert (len(clean.commit), clean.is_dirty) == (40, False)
    (tmp_path / "state.json").write_text("{}")  # git does not know it
    assert author(tmp_path, {}) == clean
    (tmp_path / "mine.py").write_text("a = 2")
    assert (author(tmp_path, {}).commit, author(tmp_path, {}).is_dirty) == (clean.commit, True)


def test_without_git_nothing_is_told_of_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert author(tmp_path / "nowhere", {}).commit == ""
    assert author(tmp_path, {}).user


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, ""),
        (
            {"GITHUB_RUN_ID": "7", "GITHUB_REPOSITORY": "shop/airbyte", "GITHUB_ACTOR": "ana"},
            "https://github.com/shop/airbyte/actions/runs/7 (ana)",
        ),
        ({"CI_JOB_URL": "https://gitlab/jobs/3"}, "https://gitlab/jobs/3"),
        ({"BUILD_URL": "x" * 1000}, "x" * 300),
    ],
)
def test_the_run_of_a_pipeline_is_told(tmp_path: Path, environment: dict[str, str], said: str) -> None:
    assert author(tmp_path, environment).pipeline == said
