"""`dagster-me types` against a local Airbyte: the file it writes, what it asks for, and how it ends."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import anyio
import pytest
from airbyte_local import LocalAirbyte
from click.testing import CliRunner
from dagster_managed_elements.airbyte import AirbyteInstance, AirbyteManagedElementReconciler, AirbyteSource
from dagster_managed_elements.cli import main
from dagster_managed_elements.reconciling import Options, check

PAGE = Path(__file__).parents[2] / "docs" / "typed-configurations.md"
MODULE = """
import os
from dagster_managed_elements.airbyte import *

airbyte = AirbyteInstance(url=os.environ["AIRBYTE"])
sample = AirbyteSource("people", "Faker", {{"count": 3}})
disk = AirbyteDestination("disk", "Local JSON", {{"destination_path": "/local/disk"}})
people = AirbyteConnection("people to disk", sample, disk, {{"users": AirbyteSyncMode.FULL_REFRESH_APPEND}})
all_of_it = AirbyteManagedElementReconciler(airbyte, [{connections}])
{more}
"""

ELSEWHERE = """
there = AirbyteInstance(url=os.environ["AIRBYTE"].replace("127.0.0.1", "localhost"))
others = AirbyteManagedElementReconciler(there, [people])
"""


@pytest.fixture
def types(tmp_path, monkeypatch, airbyte_local):
    """Runs the command in this process, in a folder of its own, with a module `mine`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("AIRBYTE", airbyte_local.url)

    def run(*words, connections="people", more="", file="connectors.py"):
        (tmp_path / "mine.py").write_text(MODULE.format(connections=connections, more=more))
        for name in ("mine", "connectors"):
            sys.modules.pop(name, None)
        airbyte_local.forget_requests()
        return CliRunner().invoke(main, ["types", "-m", "mine", "-o", file, *words])

    yield run
    for name in ("mine", "connectors"):
        sys.modules.pop(name, None)


def test_the_file_has_a_class_for_each_connector_that_the_module_uses(types, tmp_path, airbyte_local: LocalAirbyte):
    result = types()
    assert (result.exit_code, result.stdout) == (0, "Wrote connectors.py.\n")
    text = (tmp_path / "connectors.py").read_text()
    first, second, _ = text.split("\n", 2)
    assert first == "# Written by `dagster-me types -m mine -o connectors.py`; run that again rather than edit it."
    assert second == "# ruff: noqa"
    assert re.findall(r"^class (\w+)", text, re.MULTILINE) == ["FakerSource", "LocalJsonDestination"]
    asked = sorted(request.path.removeprefix("/api/v1/") for request in airbyte_local.requests)
    assert asked == [
        "destination_definition_specifications/get",
        "destination_definitions/list_for_workspace",
        "instance_configuration",
        "source_definition_specifications/get",
        "source_definitions/list_for_workspace",
        "workspaces/list_by_organization_id",
        "workspaces/list_by_organization_id",
    ]


def test_a_class_of_the_file_is_the_element_that_its_mapping_is(types, airbyte_local: LocalAirbyte):
    types("File")
    from connectors import FileSource  # pyright: ignore[reportMissingImports]

    configuration = FileSource(
        dataset_name="c", format="csv", url="https://c.example/c.csv", provider=FileSource.HTTPSPublicWeb()
    )
    source = AirbyteSource("cereals", "File", configuration)
    stored = {
        "dataset_name": "c",
        "format": "csv",
        "url": "https://c.example/c.csv",
        "provider": {"storage": "HTTPS"},
    }
    assert source.source_configuration == stored
    instance = AirbyteInstance(url=airbyte_local.url)
    (result,) = anyio.run(check, [AirbyteManagedElementReconciler(instance, elements=[source])], Options())
    assert result.error is None


def test_check_writes_nothing_and_says_what_differs(types, tmp_path):
    file = tmp_path / "connectors.py"
    missing = types("--check")
    assert (missing.exit_code, missing.stdout) == (1, "connectors.py is not there, or empty.\n")
    assert not file.exists()
    types()
    assert (types("--check").exit_code, types("--check").stdout) == (0, "connectors.py is up to date.\n")
    assert types().stdout == "connectors.py is up to date.\n"
    file.write_text(edited := file.read_text().replace("count: int", "count: str"))
    result = types("--check")
    assert (result.exit_code, file.read_text()) == (1, edited)
    assert result.stdout.splitlines() == [
        "connectors.py is not what it would be written as:",
        "-    count: str | Secret | Unset = UNSET",
        "+    count: int | Secret | Unset = UNSET",
    ]
    other = types("--check", "Postgres").stdout.splitlines()
    assert len(other) == 22
    assert re.fullmatch(r"and \d+ lines more\.", other[-1])


def test_the_file_says_how_it_is_written_again_and_check_may_be_called_otherwise(types, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "my src").symlink_to(tmp_path)
    assert types("-d", "my src", file="out/connectors.py").exit_code == 0
    first = (tmp_path / "out" / "connectors.py").read_text().splitlines()[0]
    assert "`dagster-me types -m mine -d 'my src' -o out/connectors.py`" in first
    result = types("--check", file=str(tmp_path / "out" / "connectors.py"))
    assert (result.exit_code, result.stdout.split(" ", 1)[1]) == (0, "is up to date.\n")


def test_a_name_of_a_source_and_a_destination_means_both(types, tmp_path):
    types("Postgres", "source-file")
    found = re.findall(r"^class (\w+)", (tmp_path / "connectors.py").read_text(), re.MULTILINE)
    assert found == ["FileSource", "PostgresSource", "PostgresDestination"]


def test_the_class_that_the_docs_show_is_the_one_that_is_written(types, tmp_path):
    assert types("Google Sheets").exit_code == 0
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (shown,) = (block for block in blocks if "class GoogleSheetsSource(" in block)
    assert (tmp_path / "connectors.py").read_text().endswith(f"# ruff: noqa\n{shown}")


@pytest.mark.parametrize(
    ("words", "more", "code", "told"),
    [
        (
            ["Postgrs"],
            "",
            2,
            "There is no connector 'Postgrs' in this workspace. Did you mean 'Postgres' (source) or",
        ),
        (["qwrtz"], "", 2, "There is no connector 'qwrtz' in this workspace. Give its name, its image or its"),
        (
            [],
            "all_of_it = AirbyteManagedElementReconciler(airbyte)",
            2,
            "No source or destination is declared; name",
        ),
        ([], "airbyte = None", 0, ""),
        ([], 'sample = "no"; del all_of_it', 2, "The module mine has no reconciler."),
        (
            [],
            ELSEWHERE,
            2,
            "mine speaks of several places (",
        ),
        (
            [],
            'all_of_it = AirbyteManagedElementReconciler(AirbyteInstance(url="http://127.0.0.1:1"))',
            3,
            "Cannot reach",
        ),
    ],
)
def test_what_goes_wrong_is_one_line_and_no_file(types, tmp_path, words, more, code, told):
    result = types(*words, more=more)
    assert result.exit_code == code
    assert result.stderr.startswith(f"Error: {told}" if told else "")
    assert result.stderr.count("\n") == (1 if told else 0)
    assert (tmp_path / "connectors.py").exists() is not told


def test_an_api_that_tells_no_specification_asks_for_it_and_is_content_with_it(types, tmp_path):
    public = 'airbyte = AirbyteInstance(url=os.environ["AIRBYTE"], api="public"{})'
    again = "all_of_it = AirbyteManagedElementReconciler(airbyte, elements=[sample])"
    result = types(more=f"{public.format('')}\n{again}")
    assert (result.exit_code, result.stderr) == (
        2,
        "Error: This API does not tell what Sample Data is configured with; give specs= to the instance.\n",
    )
    given = public.format(', specs={"source-faker": {"properties": {"count": {"type": "integer"}}}}')
    assert types(more=f"{given}\n{again}").exit_code == 0
    assert "    count: int | Secret | Unset = UNSET\n" in (tmp_path / "connectors.py").read_text()


def test_a_file_that_cannot_be_made_is_one_line(types):
    name = f"{'c' * 249}.py"
    result = types(file=name)
    assert (result.exit_code, result.stderr) == (2, f"Error: {name} cannot be written: File name too long.\n")


def test_a_file_that_cannot_be_written_stays_and_nothing_is_left_beside_it(types, tmp_path):
    result = types(file="nowhere/connectors.py")
    assert result.exit_code == 2
    assert (
        result.stderr == f"Error: nowhere/connectors.py cannot be written: there is no folder {tmp_path}/nowhere.\n"
    )
    (tmp_path / "latin.py").write_bytes(b"# caf\xe9")
    result = types(file="latin.py")
    assert result.stderr == "Error: latin.py cannot be read: it is no text in UTF-8.\n"
    assert sorted(file.name for file in tmp_path.iterdir() if "airbyte" not in file.name) == ["latin.py", "mine.py"]


def test_a_link_stays_one_and_the_file_keeps_its_mode(types, tmp_path):
    target = tmp_path / "elsewhere.py"
    target.write_text("")
    target.chmod(0o640)
    (tmp_path / "connectors.py").symlink_to(target)
    types()
    assert (tmp_path / "connectors.py").is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
    assert "class FakerSource" in target.read_text()
