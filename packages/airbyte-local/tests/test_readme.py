"""The README's example runs as it stands."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from airbyte_local import server
from airbyte_local.cli import main
from airbyte_local.http.faults import Action
from airbyte_local.versions.profiles import PROFILES
from click.testing import CliRunner

README = (Path(__file__).resolve().parents[1] / "README.md").read_text()


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", README, re.DOTALL))
def test_the_python_examples_run(block):
    exec(compile(block, "README.md", "exec"), {})


def test_the_table_of_versions_is_the_table_of_profiles():
    table = README.partition("| version | `none` | `basic` | `client` |")[2].partition("\n\n")[0]
    shown = {}
    for row in table.splitlines()[2:]:
        versions, *cells = row.split("|")[1:]
        for version in re.findall("`([^`]+)`", versions):
            shown[version] = tuple(
                name for name, cell in zip(("none", "basic", "client"), cells, strict=False) if cell.strip()
            )
            assert PROFILES[version].public_prefix in row
            assert ("/api/v1/" in row) is PROFILES[version].config_api
            assert ("client" not in shown[version]) or f"{PROFILES[version].token_seconds} s" in row
    assert shown == {name: profile.auths for name, profile in PROFILES.items() if name != "9.9"}


def test_every_parameter_of_server_is_explained():
    table = README.partition("| of `server(...)` | |")[2].partition("\n\n")[0]
    first = "\n".join(row.split("|")[1] for row in table.splitlines() if "|" in row)
    assert set(re.findall(r"`(\w+)`", first)) == set(inspect.signature(server).parameters)


def test_every_action_is_explained():
    table = README.partition("## Faults")[2].partition("## ")[0]
    assert set(
        re.findall(r"`([a-z-]+)`", "\n".join(row.split("|")[1] for row in table.splitlines() if "|" in row))
    ) == set(Action.__args__)


def test_the_options_named_exist():
    shown = "".join(CliRunner().invoke(main, [command, "--help"]).output for command in main.commands)
    assert all(option in shown for option in re.findall(r"`(--[a-z-]+)`", README))
