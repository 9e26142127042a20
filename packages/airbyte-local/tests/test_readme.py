"""The README's example runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

from airbyte_local.cli import main
from airbyte_local.faults import Action
from click.testing import CliRunner

README = (Path(__file__).resolve().parents[1] / "README.md").read_text()


def test_the_python_example_runs():
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(block, "README.md", "exec"), {})


def test_every_action_is_explained():
    table = README.partition("## Faults")[2].partition("## ")[0]
    assert set(
        re.findall(r"`([a-z-]+)`", "\n".join(row.split("|")[1] for row in table.splitlines() if "|" in row))
    ) == set(Action.__args__)


def test_the_options_named_exist():
    shown = CliRunner().invoke(main, ["serve", "--help"]).output
    assert all(option in shown for option in re.findall(r"`(--[a-z-]+)`", README))
