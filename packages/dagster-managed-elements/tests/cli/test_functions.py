"""Upstream's functions, importable from dagster_managed_elements.cli."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
from dagster_managed_elements import DeclarationError, ManagedElementDiff
from dagster_managed_elements.cli import (
    apply,
    apply_cmd,
    check,
    check_cmd,
    get_reconcilable_objects,
    get_reconcilable_objects_from_module,
    main,
)

MODULE = """
a = b = Reconciler(Toy("one"), [Source("s", config={"x": 1})])
c = Reconciler(Toy("two"), [Source("t")])
"""


def test_one_secret_is_sent_again_from_python_too(project):
    project.write(
        'store = {("source", "s"): {"type": "File", "config": {"key": Masked(), "pin": Masked()}}}\n'
        'config = {"key": Secret.literal("hunter2"), "pin": Secret.literal("1234")}\n'
        'reconciler = Reconciler(Toy(store=store), [Source("s", config=config)])'
    )
    folder = str(project.folder)
    for paths in (["s.key"], "s.key"):
        diff = check(folder, "mine", include_secrets=paths)
        assert [modification.key for modification in diff.nested["s"].modifications] == ["key"]
    assert check(folder, "mine").is_empty()
    for act in (check, apply):
        with pytest.raises(DeclarationError, match=r"No secret is declared at s\.kex; nothing was written; did"):
            act(folder, "mine", include_secrets=["s.kex"])
    (reconciler,) = get_reconcilable_objects_from_module(folder, "mine")
    assert [
        modification.key for modification in reconciler.apply(include_secrets=["s.pin"]).nested["s"].modifications
    ] == ["pin"]


def test_check_and_apply_return_one_diff_of_all(project):
    project.write(MODULE)
    both = ManagedElementDiff().add("t", {}).with_nested("s", ManagedElementDiff().add("x", 1))
    folder = str(project.folder)
    assert check(folder, "mine") == both
    assert apply(folder, "mine", include_all_secrets=False) == both
    assert check(None, "mine").is_empty()


def test_two_of_one_place_that_delete_what_is_not_declared_leave_each_others_elements(project):
    project.write("""
store = {}
a = Reconciler(Toy("one", store), [Source("s", config={"x": 1})], delete_unmentioned_resources=True)
b = Reconciler(Toy("one", store), [Source("t", config={"x": 2})], delete_unmentioned_resources=True)
""")
    folder = str(project.folder)
    assert [*apply(folder, "mine", allow_destructive=True).nested] == ["s", "t"]
    assert check(folder, "mine").is_empty()


@pytest.mark.parametrize("verb", [check, apply])
def test_a_keyword_that_nobody_heeds_is_refused_before_anything_is_written(project, verb):
    project.write(MODULE)
    folder = str(project.folder)
    with pytest.raises(DeclarationError, match=r"takes no dry_run=; nothing was written\."):
        verb(folder, "mine", dry_run=True)
    with pytest.raises(DeclarationError, match="takes no dry_run="):
        getattr(get_reconcilable_objects_from_module(folder, "mine")[0], verb.__name__)(dry_run=True)
    assert not check(folder, "mine").is_empty()


def test_objects_are_found_by_module_and_by_path(project):
    project.write(MODULE)
    a, c = get_reconcilable_objects_from_module(str(project.folder), "mine")
    assert get_reconcilable_objects(sys.modules["mine"]) == [a, c]
    assert get_reconcilable_objects_from_module(None, "mine:c") == [c]
    assert get_reconcilable_objects(ModuleType("empty")) == []


def test_what_cannot_be_found_is_raised(project):
    with pytest.raises(DeclarationError, match="There is no module absent"):
        check(None, "absent")


def test_the_commands_are_those_of_the_group():
    assert main.commands["check"] is check_cmd
    assert main.commands["apply"] is apply_cmd
