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


def test_check_and_apply_return_one_diff_of_all(project):
    project.write(MODULE)
    both = ManagedElementDiff().add("t", {}).with_nested("s", ManagedElementDiff().add("x", 1))
    folder = str(project.folder)
    assert check(folder, "mine") == both
    assert apply(folder, "mine", include_all_secrets=False) == both
    assert check(None, "mine").is_empty()


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
