"""A folder with a module in it, and dagster-me run on it: in this process, in another, or on a terminal."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner
from dagster_managed_elements.cli import main

WORDS = "from toyworld import *\nfrom dagster_managed_elements import *\n"


@dataclass
class Project:
    folder: Path

    def write(self, source, name="mine"):
        (self.folder / f"{name}.py").write_text(WORDS + dedent(source))

    def run(self, *arguments, **how):
        """In this process: exit code, standard output and standard error in the result."""
        return CliRunner(**how).invoke(main, arguments)

    def command(self, *arguments):
        return [sys.executable, "-m", "dagster_managed_elements.cli", *arguments]

    @property
    def environment(self):
        unwanted = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "NO_COLOR", "TERM"}
        kept = {name: value for name, value in os.environ.items() if name not in unwanted}
        return {**kept, "TERM": "xterm-256color", "GATE": str(self.folder / "gate")}

    def start(self, *arguments, **how):
        """In a process of its own; *through* is a command that runs the one it is given."""
        return subprocess.Popen(
            [*how.pop("through", ()), *self.command(*arguments)],
            cwd=self.folder,
            env=self.environment,
            text=how.pop("text", True),
            bufsize=how.pop("bufsize", -1),
            stdin=how.pop("stdin", subprocess.DEVNULL),
            stdout=how.pop("stdout", subprocess.PIPE),
            stderr=how.pop("stderr", subprocess.PIPE),
        )


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    shutil.copy(Path(__file__).with_name("toyworld.py"), tmp_path)
    known = set(sys.modules)
    yield Project(tmp_path)
    for name in set(sys.modules) - known:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]
