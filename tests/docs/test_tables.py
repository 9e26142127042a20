"""A table on a page says what the code has, row for row."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from dagster_managed_elements import DeclarationError
from dagster_managed_elements.airbyte.connection_fields import FIELDS, ConnectionField
from dagster_managed_elements.cli import main as dagster_me

DOCS = Path(__file__).resolve().parents[2] / "docs"


def table(page: str, heading: str) -> dict[str, list[str]]:
    """The rows below *heading* by their first cell, without that."""
    section = (DOCS / page).read_text().partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"
    ]
    return {row[0].strip("`"): row[1:] for row in rows[2:]}


@pytest.mark.parametrize("page", ["connections.md", "airbyte.md"])
def test_every_field_of_a_connection_is_in_the_table_and_in_its_order(page: str) -> None:
    shown = [*(row.attribute for row in FIELDS), "normalize_data"]  # that one is an operation beside it
    assert list(table(page, "The fields of a connection")) == shown


def test_every_option_that_stands_for_a_word_of_terraform_is_there() -> None:
    ours = "\n".join(row[0] for row in table("concepts.md", "Coming from Terraform").values())
    options = {
        name for command in dagster_me.commands.values() for option in command.params for name in option.opts
    }
    named = set(re.findall(r"`(--[\w-]+)", ours))
    assert named
    assert named <= options
    assert set(re.findall(r"`dagster-me (\w+)", ours)) <= set(dagster_me.commands)


def test_a_command_of_terraform_that_is_called_as_ours_is_that() -> None:
    rows = {
        re.split("[`,]", word)[0]: row for word, (row,) in table("concepts.md", "Coming from Terraform").items()
    }
    same = set(rows) & set(dagster_me.commands)
    assert same == {"plan", "apply", "destroy"}
    assert [name for name in same if f"`dagster-me {name}`" not in rows[name]] == []


@pytest.mark.parametrize("row", FIELDS, ids=lambda row: row.attribute)
def test_a_field_is_told_as_it_is(row: ConnectionField) -> None:
    _, none, initial = table("connections.md", "The fields of a connection")[row.attribute]
    config, public, versions = table("airbyte.md", "The fields of a connection")[row.attribute]
    assert versions == (row.versions or "every")
    for cell, api in ((config, "config"), (public, "public")):
        assert re.findall(r"`(\w+)`", cell) == [*row.words.get(api, ())]
        assert (cell == "-") == (api not in row.words)
    try:
        row.declared(None)
        assert none != "refused"
    except DeclarationError:
        assert none == "refused"
    if row.initial or isinstance(row.initial, bool):
        assert initial.strip('`"') == str(row.initial)
    else:
        assert initial in {"none", "none of its own"}
