"""A table on a page says what the code has, row for row."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from dagster_managed_elements import DeclarationError
from dagster_managed_elements.airbyte.connection_fields import FIELDS, ConnectionField

PAGE = Path(__file__).resolve().parents[2] / "docs" / "connections.md"


def table() -> dict[str, list[str]]:
    """The rows of the fields of a connection, by what each is called, without that."""
    section = PAGE.read_text().partition("## The fields of a connection")[2].partition("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"
    ]
    return {row[0].strip("`"): row[1:] for row in rows if row[0].startswith("`")}


def test_every_field_of_a_connection_is_in_the_table_and_in_its_order() -> None:
    assert list(table()) == [row.attribute for row in FIELDS]


@pytest.mark.parametrize("row", FIELDS, ids=lambda row: row.attribute)
def test_a_field_is_told_as_it_is(row: ConnectionField) -> None:
    _, none, initial, config, public, versions = table()[row.attribute]
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
