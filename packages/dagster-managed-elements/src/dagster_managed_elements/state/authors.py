"""Who makes a run: the user, the machine, the commit, the run of a CI. What cannot be told is left out."""

from __future__ import annotations

import getpass
import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from dagster_managed_elements.engine.past import Author

_SECONDS: Final = 5.0
_LONGEST: Final = 300
_PIPELINES: Final = (
    "CI_JOB_URL",  # GitLab
    "BUILDKITE_BUILD_URL",
    "CIRCLE_BUILD_URL",
    "BUILD_URL",  # Jenkins
    "BITBUCKET_BUILD_NUMBER",
    "BUILD_BUILDID",  # Azure
    "DAGSTER_RUN_ID",
)


def author(folder: Path, environment: Mapping[str, str] = os.environ) -> Author:
    """Of a run of what is declared in *folder*."""
    commit, is_dirty = _commit(folder)
    return Author(
        user=user(),
        host=platform.node(),
        commit=commit,
        is_dirty=is_dirty,
        pipeline=_pipeline(environment)[:_LONGEST],
    )


def user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user may have no name
        return str(os.getuid()) if hasattr(os, "getuid") else "somebody"


def _pipeline(environment: Mapping[str, str]) -> str:
    if number := environment.get("GITHUB_RUN_ID"):
        server = environment.get("GITHUB_SERVER_URL", "https://github.com")
        repository = environment.get("GITHUB_REPOSITORY", "")
        actor = environment.get("GITHUB_ACTOR", "")
        return f"{server}/{repository}/actions/runs/{number}{f' ({actor})' if actor else ''}"
    return next((environment[name] for name in _PIPELINES if environment.get(name)), "")


def _commit(folder: Path) -> tuple[str, bool]:
    """Nothing where there is no git, no repository or no commit yet. Files that git does not know are no change."""
    words = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        told = subprocess.run(  # noqa: S603 - nothing of it is anybody else's
            words,
            env={**kept, "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=True,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return "", False
    said = told.stdout.decode("ascii", "replace").strip()
    commit = said.removesuffix("-dirty")
    is_commit = len(commit) in {40, 64} and commit.isalnum()
    return (commit, said != commit) if is_commit else ("", False)
