"""What a kind shows of a change without writing a line for it."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from dagster_managed_elements.engine.changes import Create, Delete, FieldChange, Update
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import ABSENT

from testing.memory_world import NodeKind, Server
from testing.sides import have, want


class Shown(NodeKind):
    lifted: ClassVar[frozenset[str]] = frozenset({"settings"})
    quiet: ClassVar[frozenset[str]] = frozenset({"color"})


KIND, A = Shown(Server()), have("a", "1")
HIDDEN = Secret.literal("p")


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (ABSENT, {"x": 1, "y": {"z": 2}}, [(("x",), ABSENT, 1), (("y",), ABSENT, {"z": 2})]),
        ({"x": 1}, ABSENT, [(("x",), 1, ABSENT)]),
        (ABSENT, {}, []),
        (ABSENT, None, [(("settings",), ABSENT, None)]),
        (ABSENT, HIDDEN, [(("settings",), ABSENT, HIDDEN)]),
    ],
)
def test_what_a_lifted_field_holds_stands_in_its_place(before: Any, after: Any, shown: list[Any]) -> None:
    change = Update(want("a"), A, (FieldChange(("settings",), before, after),))
    assert [(each.path, each.before, each.after) for each in KIND.show(change)] == shown


def test_a_path_below_a_lifted_field_is_shown_without_it() -> None:
    change = Update(want("a"), A, (FieldChange(("settings", "x"), 0, 1, "changed"),))
    assert list(KIND.show(change)) == [FieldChange(("x",), 0, 1, "changed")]


def test_a_quiet_field_is_shown_only_where_it_differs() -> None:
    field = FieldChange(("color",), 0, 1)
    assert list(KIND.show(Create(want("a"), (field,)))) == []
    assert list(KIND.show(Delete(A, (field,)))) == []
    assert list(KIND.show(Update(want("a"), A, (field,)))) == [field]
