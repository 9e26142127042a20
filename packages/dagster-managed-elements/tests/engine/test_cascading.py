"""What a replacement or a deletion takes with it."""

from __future__ import annotations

import pytest
from dagster_managed_elements.engine.cascading import cascade
from dagster_managed_elements.engine.changes import Change, Create, Delete, FieldChange, Pair, Replace, Update
from dagster_managed_elements.engine.values import ABSENT

from testing.sides import alone, at, both, have, leaf, node, want

A1 = have("a", "1")
TO_A, TO_B, TO_C = at("1"), at("2"), at("3")
REPLACED = Replace(want("a", shape=1), A1, (FieldChange(("shape",), 0, 1),))
DELETED = Delete(A1)
B = have("b", "2", parent=TO_A)
B_WANTED = want("b", parent=node("a"))
C = have("c", "3", parent=TO_B)
MOVED = FieldChange(("parent",), TO_A, node("z"))
GONE = FieldChange(("parent",), TO_A, ABSENT)


def test_what_is_declared_is_replaced_and_what_is_not_is_deleted_as_far_as_references_lead() -> None:
    last = have(leaf("d"), "4", root=TO_C)
    pairs = [both(want("a"), A1), both(B_WANTED, B), alone(C), alone(last)]
    assert cascade([REPLACED], pairs) == (
        REPLACED,
        Replace(B_WANTED, B, (), cause=node("a")),
        Delete(C, (FieldChange(("parent",), TO_B, ABSENT),), cause=node("b")),
        Delete(last, (FieldChange(("root",), TO_C, ABSENT),), cause=node("c")),
    )


def test_an_undeclared_object_takes_a_declared_one_with_it_in_turn() -> None:
    wanted = want("c", parent=node("b"))
    assert cascade([REPLACED], [alone(B), both(wanted, C)]) == (
        REPLACED,
        Delete(B, (GONE,), cause=node("a")),
        Replace(wanted, C, (), cause=node("b")),
    )


def test_a_circle_of_references_ends() -> None:
    one, other = have("b", "2", friends=[TO_A, TO_C]), have("c", "3", friends=[TO_B])
    found = cascade([DELETED], [alone(one), alone(other)])
    assert [(type(each), each.key.name) for each in found] == [(Delete, "a"), (Delete, "b"), (Delete, "c")]


UPDATES = [
    pytest.param(B_WANTED, B, [FieldChange(("color",), 0, 1)], Replace, id="another field"),
    pytest.param(want("b", parent=node("z")), B, [MOVED], Update, id="points elsewhere"),
    pytest.param(
        want("b", parent=node("z"), friends=[node("a")]),
        have("b", "2", parent=TO_A, friends=[TO_A]),
        [MOVED],
        Replace,
        id="points there by another field still",
    ),
    pytest.param(
        want("b", friends=[]),
        have("b", "2", parent=TO_A, friends=[TO_A]),
        [FieldChange(("friends",), [TO_A], [])],
        Replace,
        id="points there by a field nobody declares",
    ),
    pytest.param(
        want("b", friends=[node("a")]),
        have("b", "2", friends=[TO_A, TO_C]),
        [FieldChange(("friends",), [TO_A, TO_C], [node("a")])],
        Replace,
        id="a list that is changed and still names it",
    ),
    pytest.param(
        want("b", parent=node("z"), friends=[node("a")]),
        B,
        [MOVED, FieldChange(("friends",), ABSENT, [node("a")])],
        Replace,
        id="waits for what comes in its place",
    ),
]


@pytest.mark.parametrize(("declared", "observed", "fields", "becomes"), UPDATES)
def test_an_update_stays_one_only_if_it_turns_away_for_good(
    declared: object, observed: object, fields: list[FieldChange], becomes: type
) -> None:
    update = Update(declared, observed, tuple(fields))  # pyright: ignore[reportArgumentType] - a table's cells
    found: tuple[Change, ...] = cascade([REPLACED, update], [both(update.declared, update.observed)])
    assert [type(each) for each in found] == [Replace, becomes]
    assert found[1] == (
        update if becomes is Update else Replace(update.declared, update.observed, update.fields, node("a"))
    )


def test_an_update_that_turns_away_from_what_is_deleted_stays_an_update() -> None:
    update = Update(want("b", parent=None), B, (MOVED,))
    assert cascade([DELETED, update], [both(update.declared, B)]) == (DELETED, update)


def test_what_goes_for_a_reason_of_its_own_keeps_it() -> None:
    own = Delete(B, (GONE,), None, "it is not declared")
    assert cascade([REPLACED, own], [alone(B)]) == (REPLACED, own)


def test_nothing_goes_where_nothing_goes() -> None:
    changes = (Create(want("z")), Update(B_WANTED, B, (FieldChange(("color",), 0, 1),)))
    assert cascade(changes, [Pair(want("z"), None), both(B_WANTED, B), alone(C)]) == changes
