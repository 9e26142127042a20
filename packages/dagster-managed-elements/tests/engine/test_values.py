"""A value is walked in one way: each walker tells the same paths, and makes no copy where nothing changes."""

from __future__ import annotations

from typing import Any

from dagster_managed_elements.engine.values import ABSENT, Path, at, leaves, mapped, mapped_at, replaced, walk

VALUE: dict[str, Any] = {"a": {"b": [1, {"c": "x"}, []]}, "d": None, "e": {}}


def test_walkers_agree_on_leaves_and_on_the_paths_to_them() -> None:
    told: dict[Path, Any] = {}
    assert mapped_at(VALUE, told.setdefault) == VALUE
    found = {path: leaf for path, leaf in walk(VALUE) if leaf not in ({}, [])}  # walk tells of empty ones too
    assert told == found == {("a", "b", "0"): 1, ("a", "b", "1", "c"): "x", ("d",): None}
    assert [leaf for leaf in leaves(VALUE) if leaf not in ({}, [])] == list(told.values())
    assert all(at(VALUE, path) is leaf for path, leaf in told.items())


def test_what_is_put_in_the_place_of_leaves_is_the_same_by_every_walker() -> None:
    shouted = mapped(VALUE, lambda leaf: leaf.upper() if isinstance(leaf, str) else leaf)
    assert shouted == replaced(VALUE, {("a", "b", "1", "c"): "X"})
    assert mapped_at(("x",), lambda path, leaf: (path, leaf)) == [(("0",), "x")]
    assert replaced(VALUE, {("a",): ABSENT, ("d",): ABSENT}) == {"e": {}}
    assert replaced(VALUE, {}) is VALUE
