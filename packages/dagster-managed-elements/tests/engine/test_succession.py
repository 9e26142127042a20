"""The interim name of a replacement: known again by whoever goes on with it, and no longer than there is room."""

from __future__ import annotations

import pytest
from dagster_managed_elements.engine.changes import Declared, Observed, Pair
from dagster_managed_elements.engine.matching import match_interims
from dagster_managed_elements.engine.succession import Interim, read_interim
from dagster_managed_elements.engine.values import Key

ID = "7f8b2c1e-0000-4000-8000-000000000001"
NAMES = ("klaus", "k (v2)", "long " * 60, "")


@pytest.mark.parametrize("longest", [120, 256, None])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("note", "attempt"), [("", 1), ("inactive", 3)])
def test_an_interim_name_fits_and_says_whose_place_it_takes(name, longest, note, attempt):
    text = Interim(name, ID, note, attempt).within(longest)
    assert longest is None or len(text) <= longest
    read = read_interim(text)
    assert read is not None
    assert (read.replaces, read.note, read.attempt) == (ID, note, attempt)
    assert read.is_for(name, longest)
    assert not read.is_for(f"x{name}", longest)


def test_a_name_that_is_only_longer_is_another_one():
    read = read_interim(Interim("klaus", ID).within(256))
    assert not read.is_for("klaus peter", 256)
    assert not read.is_for("klaus peter", None)


@pytest.mark.parametrize("longest", [120, 300])
def test_what_was_cut_to_the_room_of_its_own_kind_is_paired_with_its_element(longest):
    name = "long " * 50
    there = Interim(name, ID).within(longest)
    pairs = [
        Pair(Declared(key=Key("node", name), fields={}), None),
        Pair(None, Observed(kind="node", name=there, id="new", fields={})),
    ]
    found = match_interims(pairs, {"node": longest})
    assert [(pair.declared.key.name, pair.observed.id) for pair in found.pairs] == [(name, "new")]
    assert match_interims(pairs, {"node": longest + 7}).pairs == pairs
