"""The command line as a user has it: a subprocess in a folder, beside a local Airbyte."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from airbyte_local import LocalAirbyte
from click.testing import CliRunner
from dagster_managed_elements.cli import main

REPOSITORY = Path(__file__).resolve().parents[2]
COMMAND = Path(sys.executable).parent / "dagster-me"
SLOWING = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONPATH"}


@dataclass
class CommandLine:
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if name not in SLOWING}
        return subprocess.run(
            [COMMAND, *words],
            cwd=self.folder,
            env={**kept, **self.environment, **more},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    def here(self, *words: str) -> subprocess.CompletedProcess[str]:
        """As a call, in this process: nothing is loaded that has been, and nothing of the folder stays."""
        known = set(sys.modules)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            patch.setattr(sys, "path", list(sys.path))
            patch.setattr(sys, "dont_write_bytecode", True)
            ran = CliRunner(env=self.environment).invoke(main, words)
        for name in set(sys.modules) - known:
            if (self.folder / f"{name}.py").exists():
                del sys.modules[name]
        return subprocess.CompletedProcess(words, ran.exit_code, ran.stdout, ran.stderr)

    def started(self, *words: str, **how: Any) -> subprocess.Popen[str]:
        """As a call, without waiting for the end."""
        kept = {name: value for name, value in os.environ.items() if name not in SLOWING}
        environment = {**kept, **self.environment}
        return subprocess.Popen([COMMAND, *words], cwd=self.folder, env=environment, text=True, **how)

    def module(self, name: str, text: str) -> None:
        (self.folder / f"{name}.py").write_text(text)


@pytest.fixture
def dagster_me(tmp_path: Path) -> CommandLine:
    folder = tmp_path / "project"
    folder.mkdir()
    return CommandLine(folder)


@pytest.fixture
def cereals(airbyte_local: LocalAirbyte, dagster_me: CommandLine) -> CommandLine:
    """The seed page's example in the current folder, its CSV published by the local server."""
    example = REPOSITORY / "examples" / "cereals"
    shutil.copy(example / "cereals.py", dagster_me.folder)
    airbyte_local.files.mkdir(parents=True, exist_ok=True)
    shutil.copy(example / "files" / "cereals.csv", airbyte_local.files)
    dagster_me.environment |= {
        "AIRBYTE_PORT": str(airbyte_local.port),
        "AIRBYTE_PASSWORD": "password",
        "CEREALS_URL": f"{airbyte_local.url}/_local/files/cereals.csv",
    }
    return dagster_me
