"""The facts the library ships are those of the corpus."""

from __future__ import annotations

from testing import connector_facts
from testing.contracts import require_contract


def test_the_shipped_table_is_what_the_corpus_says():
    require_contract("2.0.0")
    assert connector_facts.TABLE.read_text(encoding="utf-8") == connector_facts.table()
