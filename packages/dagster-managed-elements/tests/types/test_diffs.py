"""The diff tree upstream's users build and read."""

from __future__ import annotations

import pytest
from dagster_managed_elements.engine.changes import FieldChange
from dagster_managed_elements.engine.presentation import Entry
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import ABSENT, Key, Later, Masked, Named, Ref
from dagster_managed_elements.types import (
    DiffData,
    ManagedElementDiff,
    ManagedElementReconciler,
    ModifiedDiffData,
    is_key_secret,
    to_diff,
)

Diff = ManagedElementDiff


def test_every_method_returns_a_new_diff_and_leaves_the_old_one_alone():
    empty = Diff()
    whole = empty.add("a", 1).delete("b", 2).modify("c", 3, 4).with_nested("d", Diff().add("e", 5))
    assert empty == Diff()
    assert whole == Diff(
        [DiffData("a", 1)],
        [DiffData("b", 2)],
        [ModifiedDiffData("c", 3, 4)],
        nested={"d": Diff([DiffData("e", 5)])},
    )


def test_a_diff_prints_additions_then_deletions_then_modifications_without_colour():
    diff = (
        Diff()
        .modify("c", 1, None)
        .delete("b", [1, 2])
        .with_nested("mixed", Diff().add("x", 1).delete("y", 2))
        .with_nested("added", Diff().add("z", {"k": 1}))
        .add("a", 1)
    )
    assert str(diff).splitlines() == [
        "+ a: 1",
        "+ added:",
        '  + z: {"k": 1}',
        "- b: [1, 2]",
        "~ c: 1 -> None",
        "~ mixed:",
        "  + x: 1",
        "  - y: 2",
    ]


def test_display_entries_are_indented_and_sorted_by_what_they_are():
    diff = Diff().add("a", 1).delete("b", 2).modify("c", 3, 4)
    assert diff.get_diff_display_entries(2) == (["  + a: 1"], ["  - b: 2"], ["  ~ c: 3 -> 4"])


def test_a_diff_of_nothing_but_empty_diffs_is_empty_and_prints_nothing():
    diff = Diff().with_nested("a", Diff().with_nested("b", Diff()))
    assert diff.is_empty()
    assert str(diff) == ""


def test_diffs_are_equal_whatever_the_order_of_their_keys_and_are_not_hashable():
    assert Diff().add("a", 1).add("b", 2) == Diff().add("b", 2).add("a", 1)
    assert Diff().add("a", 1) != Diff().add("a", 2)
    assert Diff().add("a", 1) != "a diff"
    with pytest.raises(TypeError):
        hash(Diff())


def test_joining_loses_nothing_where_both_have_a_diff_under_one_name():
    one = Diff().with_nested("x", Diff().add("a", 1))
    other = Diff().with_nested("x", Diff().add("b", 2)).with_nested("y", Diff().delete("c", 3))
    joined = Diff().with_nested("x", Diff().add("a", 1).add("b", 2)).with_nested("y", Diff().delete("c", 3))
    assert one.join(other) == joined


def test_diff_data_are_tuples_whose_key_is_text():
    key, value = DiffData("a", 1)
    assert (key, value) == ("a", 1)
    assert str(DiffData("a", 1)) == "Key: a, Value: 1"
    assert str(ModifiedDiffData("a", 1, 2)) == "Key: a, Old Value: 1, New Value: 2"
    for wrong in (lambda: DiffData(1, 2), lambda: ModifiedDiffData(1, 2, 3), lambda: Diff().with_nested(1, Diff())):
        with pytest.raises(TypeError, match="a key of a diff is a str, not int: 1"):
            wrong()


def test_two_sides_that_would_look_alike_are_told_apart():
    assert str(Diff().modify("port", "5", 5)) == '~ port: "5" -> 5'
    assert str(ModifiedDiffData("on", True, "True")) == 'Key: on, Old Value: true, New Value: "True"'


def test_what_sounds_secret_is_masked_in_every_text_of_a_diff():
    diff = (
        Diff()
        .add("password", "hunter2")
        .delete("pat", "hunter2")
        .modify("api_token", "hunter2", "hunter2")
        .add("config", {"client_secret": "hunter2", "list": [{"ssh_key": "hunter2"}]})
    )
    for text in (str(diff), repr(diff), *map(str, [*diff.additions, *diff.modifications])):
        assert "hunter2" not in text
        assert "**********" in text


@pytest.mark.parametrize(
    ("key", "secret"),
    [("password", True), ("my_token", True), ("pat", True), ("path", False), ("Password", False), ("url", False)],
)
def test_a_key_is_secret_by_a_word_in_it_or_by_being_pat(key, secret):
    assert is_key_secret(key) is secret


def test_a_reconciler_must_check_and_apply():
    with pytest.raises(TypeError, match="abstract"):
        type("Half", (ManagedElementReconciler,), {"check": lambda self: Diff()})()


def entry(action, name, *fields, kind="source", id_=None, cause=None):
    return Entry(action, Key(kind, name), id_, fields, cause=cause)


SHOWN = [
    ("a scalar", FieldChange(("url",), ABSENT, "x"), Diff().add("url", "x")),
    (
        "a map",
        FieldChange(("a",), ABSENT, {"b": {"c": 1}}),
        Diff().with_nested("a", Diff().with_nested("b", Diff().add("c", 1))),
    ),
    ("an empty map", FieldChange(("a",), ABSENT, {}), Diff().add("a", {})),
    ("a map that goes", FieldChange(("a",), {"b": 1}, ABSENT), Diff().with_nested("a", Diff().delete("b", 1))),
    ("a path", FieldChange(("s", "x.y"), "A", "B"), Diff().with_nested("s", Diff().modify("x.y", "A", "B"))),
    (
        "a secret",
        FieldChange(("p",), Masked(), Secret.literal("h")),
        Diff().modify("p", "**********", "**********"),
    ),
    ("a key", FieldChange(("s",), Ref("source", "id1"), Key("source", "n")), Diff().modify("s", "id1", "n")),
    ("a choice", FieldChange(("t",), ABSENT, Named("1", "File")), Diff().add("t", "File")),
    (
        "later",
        FieldChange(("t",), ABSENT, Later(Key("source", "n"), {"x": 1})),
        Diff().with_nested("t", Diff().add("x", 1)),
    ),
]


@pytest.mark.parametrize(("field", "expected"), [row[1:] for row in SHOWN], ids=[row[0] for row in SHOWN])
def test_a_field_of_a_plan_becomes_an_entry_of_the_diff(field, expected):
    assert to_diff([entry("update", "n", field)]) == Diff().with_nested("n", expected)


def test_a_change_without_a_visible_field_is_an_entry_all_the_same():
    cause = Key("source", "s")
    entries = [
        entry("create", "a"),
        entry("delete", "b"),
        entry("replace", "c", cause=cause),
        entry("update", "d"),
    ]
    assert to_diff(entries) == (
        Diff()
        .add("a", {})
        .delete("b", {})
        .modify("c", "as it is", "replaced with s")
        .modify("d", "as it is", "updated")
    )


def test_names_that_clash_between_kinds_or_objects_are_told_apart():
    x = FieldChange(("x",), ABSENT, 1)
    entries = [
        entry("create", "one", x),
        entry("create", "one", x, kind="connection"),
        entry("delete", "two", x, id_="id1"),
        entry("delete", "two", x, id_="id2"),
        entry("create", "three", x),
        entry("replace", "four", x),
    ]
    assert list(to_diff(entries).nested) == [
        "one (source)",
        "one (connection)",
        "two (source id1)",
        "two (source id2)",
        "three",
        "four (replaced)",
    ]
