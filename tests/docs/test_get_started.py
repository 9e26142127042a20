"""The first page's commands, typed one after the other at a local Airbyte, print what the page shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "index.md"
ADDRESS = "http://127.0.0.1:8000"


def commands(of: str) -> list[tuple[str, str]]:
    """Each command of ours in the blocks of a section, and what stands below it."""
    blocks = re.findall(r"^```console\n(.*?)^```$", of, re.MULTILINE | re.DOTALL)
    typed = [part.partition("\n") for block in blocks for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    return [(line, output) for line, _, output in typed if line.startswith("dagster-me ")]


def set_count(airbyte_local, to: int) -> None:
    """As the UI does it."""
    created = next(asked for asked in airbyte_local.requests if asked.path.endswith("sources/create"))
    change = {"sourceId": created.response["sourceId"], "connectionConfiguration": {"count": to}}
    url = f"{airbyte_local.url}/api/v1/sources/partial_update"
    httpx.post(url, json=change, trust_env=False, verify=False).raise_for_status()


@pytest.fixture
def type_(airbyte_local, tmp_path):
    text = PAGE.read_text()
    (module,) = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert ADDRESS in module
    (tmp_path / "pipelines.py").write_text(module.replace(ADDRESS, airbyte_local.url))

    def run(line: str) -> str:
        command = [Path(sys.executable).parent / "dagster-me", *line.split()[1:]]
        return subprocess.run(
            command, cwd=tmp_path, env={**os.environ}, capture_output=True, text=True, check=True
        ).stdout

    return run


def test_the_first_page_shows_what_happens(type_, airbyte_local):
    _, _, rest = PAGE.read_text().partition("## Check, apply, check")
    first, _, drifted = rest.partition("## See what somebody else did")
    assert [line for line, _ in commands(first)] == [
        f"dagster-me {verb} -m pipelines" for verb in ("check", "apply", "check")
    ]
    for line, output in commands(first):
        assert type_(line) == output
    set_count(airbyte_local, 5)
    assert len(commands(drifted)) == 2
    for line, output in commands(drifted):
        assert type_(line) == output
