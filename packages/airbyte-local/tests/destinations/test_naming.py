"""Names: by the vendor's rules, unique, and the same whoever is beside them."""

from __future__ import annotations

import pytest
from airbyte_local.connectors.destinations.encoding import raw_ids
from airbyte_local.connectors.destinations.naming import (
    alphanumeric,
    distinct,
    duckdb_column,
    file_stem,
    postgres_name,
    printable,
    quoted,
)
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.text(st.characters(codec=None), max_size=80) | st.sampled_from(
    ["a b", "a-b", "a_b", "A_b", "", "x" * 90]
)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("my_table", "my_table"),
        ("MixedCase", "MixedCase"),
        ("my-table.name", "my_table_name"),
        ("my---table", "my___table"),
        ("123table", "_123table"),
        ("café", "cafe"),
        ("北京", "__"),
        ("", "default_name"),
    ],
)
def test_postgres_names_are_the_vendors(name, wanted):
    assert postgres_name(name) == wanted


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("Hello, World!", "hello__world_"), ("Average Sales (%)", "average_sales____"), ("1b", "_1b"), ("+1", "_1")],
)
def test_columns_of_duckdb_are_the_vendors(name, wanted):
    assert duckdb_column(name) == wanted


@pytest.mark.parametrize("normalise", [postgres_name, duckdb_column])
@given(names=st.lists(NAMES, unique=True, max_size=12))
def test_no_two_names_are_alike(normalise, names):
    found = distinct(names, normalise, {"reserved", "_x"})
    assert list(found) == names
    assert len(set(found.values())) == len(names)
    assert not {"reserved", "_x"} & set(found.values())
    assert all(printable(name) == name for name in found.values())
    if normalise is postgres_name:
        assert all(len(name.encode()) <= 63 for name in found.values())


@given(names=st.lists(NAMES, unique=True, min_size=2, max_size=12))
def test_order_does_not_matter(names):
    assert distinct(names, postgres_name, ()) == distinct(names[::-1], postgres_name, ())


def test_a_name_that_needs_no_change_keeps_it_whoever_comes():
    assert distinct(["a b", "a_b", "a-b"], postgres_name, ())["a_b"] == "a_b"
    assert distinct(["A", "a"], duckdb_column, ())["a"] == "a"


@given(name=NAMES)
def test_a_file_can_have_every_name(name):
    stem = file_stem(name)
    assert stem.startswith("_airbyte_raw_")
    assert stem.isascii()
    assert stem.replace("_", "a").isalnum()
    assert len(stem) <= 150


@given(name=NAMES)
def test_an_identifier_ends_where_it_should(name):
    inner = quoted(printable(name))[1:-1]
    assert inner.replace('""', "").count('"') == 0
    assert "\0" not in inner


def test_a_run_of_blanks_is_one_underscore():
    assert alphanumeric("a \t\n b") == "a_b"


def test_ids_are_random_uuids():
    import itertools
    import uuid

    found = list(itertools.islice(raw_ids(), 1000))
    assert len(set(found)) == 1000
    assert {(uuid.UUID(each).version, uuid.UUID(each).variant) for each in found} == {(4, uuid.RFC_4122)}
