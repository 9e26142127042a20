"""A third party's integration under the real command line: created, changed, replaced, deleted."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

TOY = Path(__file__).resolve().parents[2] / "examples" / "toy" / "toy.py"

CREATED = """\
+ novels:
  + room: hall
  + code: **********
+ atlases:
  + room: study
  + code: None
+ Emma:
  + shelf: novels
  + author: Jane Austen
  + tags: ["classic", "funny"]
+ The World:
  + shelf: atlases
  + author: Anna Mapp
  + tags: []
"""


class Shell:
    """The command line beside a running store."""

    def __init__(self, folder: Any) -> None:
        self.folder, self.url = folder, folder.environment["STORE_URL"]

    def __call__(self, words: str) -> CompletedProcess[str]:
        return self.folder.shell(f"dagster-me {words} -m library")

    def edit(self, before: str, after: str) -> None:
        module: Path = self.folder.path / "library.py"
        text = module.read_text()
        assert before in text
        module.write_text(text.replace(before, after))

    def rows(self, path: str) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.url}/{path}") as answer:
            return json.load(answer)


@pytest.fixture
def shell(folder: Any) -> Shell:
    return Shell(folder)


def test_the_toy_is_a_whole_integration_in_a_hundred_lines() -> None:
    assert len(TOY.read_text().splitlines()) <= 100


def test_a_world_is_created_and_then_there_is_nothing_to_do(shell: Shell) -> None:
    checked = shell("check --exit-code")
    assert checked.stdout == f"Found 1 managed elements, checking...\n{CREATED}"
    assert checked.returncode == 1
    applied = shell("apply")
    assert (applied.stdout, applied.returncode) == (f"Found 1 managed elements, applying...\n{CREATED}", 0)
    assert {(row["name"], row["code"]) for row in shell.rows("shelves")} == {("novels", "***"), ("atlases", None)}
    shelves = {row["id"]: row["name"] for row in shell.rows("shelves")}
    assert {(row["name"], shelves[row["shelf"]]) for row in shell.rows("books")} == {
        ("Emma", "novels"),
        ("The World", "atlases"),
    }
    again = shell("check --exit-code")
    assert (again.stdout, again.returncode) == ("Found 1 managed elements, checking...\nNo diff found.\n", 0)


@pytest.mark.slow
def test_what_changed_is_shown_line_by_line_and_nothing_else_is_written(shell: Shell) -> None:
    shell("apply")
    shell.edit('room="study"', 'room="attic"')
    shell.edit('"funny"', '"witty"')
    applied = shell("apply")
    assert applied.stdout == (
        "Found 1 managed elements, applying...\n"
        "~ atlases:\n  ~ room: study -> attic\n"
        '~ Emma:\n  ~ tags: ["classic", "funny"] -> ["classic", "witty"]\n'
    )
    assert shell("check").stdout.endswith("No diff found.\n")


@pytest.mark.slow
def test_what_is_replaced_or_deleted_needs_a_yes(shell: Shell) -> None:
    shell("apply")
    shell.edit("Jane Austen", "J. Austen")
    shell.edit('        Book("The World", atlases, author="Anna Mapp"),\n', "")
    refused = shell("apply")
    assert refused.returncode == 3
    assert len(shell.rows("books")) == 2
    done = shell("apply --yes")
    assert done.returncode == 0, done.stderr
    assert "~ Emma (replaced):\n  ~ author: Jane Austen -> J. Austen\n" in done.stdout
    assert "- The World:\n" in done.stdout
    assert "- atlases:\n" in done.stdout
    assert [(row["name"], row["author"]) for row in shell.rows("books")] == [("Emma", "J. Austen")]
    assert [row["name"] for row in shell.rows("shelves")] == ["novels"]
    assert shell("check").stdout.endswith("No diff found.\n")


@pytest.mark.slow
def test_no_secret_is_printed_and_a_missing_one_is_named_before_anything_is_written(shell: Shell) -> None:
    assert "4711" not in "".join(shell("check -v --output json").stdout + shell("apply -v").stderr)
    del shell.folder.environment["SHELF_CODE"]
    missing = shell("check")
    assert missing.stderr == "Error: novels.code: The environment variable SHELF_CODE is not set.\n"
    assert missing.returncode == 2


THIRD_PARTY = '''
from dagster_managed_elements import ManagedElementDiff, ManagedElementReconciler


class Lamp(ManagedElementReconciler):
    """Knows nothing of kinds and plans."""

    lit = False

    def check(self, **kwargs):
        return ManagedElementDiff() if self.lit else ManagedElementDiff().modify("lamp", "off", "on")

    def apply(self, **kwargs):
        diff = self.check()
        self.lit = True
        return diff


lamp = Lamp()
'''


@pytest.mark.slow
def test_a_reconciler_that_has_only_check_and_apply_runs(folder: Any) -> None:
    (folder.path / "lamp.py").write_text(THIRD_PARTY)
    for verb, participle in [("check", "checking"), ("apply", "applying")]:
        shown = folder.shell(f"dagster-me {verb} -m lamp")
        assert shown.stdout == f"Found 1 managed elements, {participle}...\n~ lamp: off -> on\n", shown.stderr
        assert shown.returncode == 0
