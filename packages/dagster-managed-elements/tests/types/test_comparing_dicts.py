"""`diff_dicts`, as upstream's users call it."""

from __future__ import annotations

import pytest
from dagster_managed_elements.engine import elements
from dagster_managed_elements.types import ManagedElementDiff as Diff
from dagster_managed_elements.utils import UNSET, diff_dicts

CASES = [
    ("equal", {"a": 1, "b": {"c": [1]}}, {"a": 1, "b": {"c": [1]}}, Diff()),
    ("nothing at all", None, None, Diff()),
    ("all new", {"a": 1, "b": {"c": 2}}, None, Diff().add("a", 1).with_nested("b", Diff().add("c", 2))),
    ("all gone", None, {"a": 1}, Diff().delete("a", 1)),
    ("changed", {"a": 1}, {"a": 2}, Diff().modify("a", 2, 1)),
    (
        "changed inside",
        {"b": {"c": 1}},
        {"b": {"e": 2}},
        Diff().with_nested("b", Diff().add("c", 1).delete("e", 2)),
    ),
    ("a map for a scalar", {"a": {"x": 1}}, {"a": 2}, Diff().delete("a", 2).with_nested("a", Diff().add("x", 1))),
    ("a scalar for a map", {"a": 2}, {"a": {"x": 1}}, Diff().add("a", 2).with_nested("a", Diff().delete("x", 1))),
    ("None is a value", {"a": None}, {}, Diff().add("a", None)),
    ("an empty map is a value", {"a": {}}, {}, Diff().add("a", {})),
    ("a number is no truth value", {"a": 1}, {"a": True}, Diff().modify("a", True, 1)),
]


@pytest.mark.parametrize(
    ("config", "dst", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_what_differs_is_what_makes_the_second_equal_the_first(config, dst, expected):
    assert diff_dicts(config, dst) == expected


def test_the_order_is_that_of_the_configuration():
    diff = diff_dicts({"z": 1, "a": 2}, {"y": 1, "b": 2})
    assert [data.key for data in diff.additions] == ["z", "a"]
    assert [data.key for data in diff.deletions] == ["y", "b"]


def test_a_caller_may_say_that_keys_are_the_same_or_differ_and_sees_unset_for_a_missing_side():
    asked = []

    def compare(key, config, dst):
        asked.append((key, config, dst))
        return {"same": True, "differs": False}.get(key)

    diff = diff_dicts({"same": 1, "differs": 2, "n": {"own": 3}}, {"same": 9, "differs": 2, "gone": 4}, compare)
    assert diff == Diff().modify("differs", 2, 2).with_nested("n", Diff().add("own", 3)).delete("gone", 4)
    assert asked == [("same", 1, 9), ("differs", 2, 2), ("own", 3, UNSET), ("gone", UNSET, 4)]


def test_unset_is_the_engines():
    assert UNSET is elements.UNSET
