"""Changes into operations: who waits for whom, in which order, and what cannot be ordered at all."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from dagster_managed_elements.engine.changes import (
    Change,
    Changes,
    Create,
    Delete,
    FieldChange,
    Observed,
    Replace,
    Update,
)
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.findings import Consequence
from dagster_managed_elements.engine.planning import Plan, plan
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import Fields, Later, Masked, Named

from testing.memory_world import NodeKind, Server
from testing.sides import KINDS, at, have, leaf, node, want

SOME = (FieldChange(("color",), 0, 1),)


def planned(*changes: Change, **more: Any) -> Plan:
    return plan(Changes(changes), KINDS, "here", **more)


def order(*changes: Change) -> list[tuple[str, list[str]]]:
    """Each operation and what it waits for, in the order they are planned."""
    return [(str(each.step), [str(wait) for wait in each.waits_for]) for each in planned(*changes).operations]


def update(name: str, observed: Observed, **fields: Any) -> Update:
    return Update(want(name, **fields), observed, SOME)


A, B = have("a", "1"), have("b", "2", parent=at("1"))


def test_a_create_waits_for_what_it_refers_to() -> None:
    assert order(
        Create(want(leaf("l"), root=node("b"))), Create(want("b", friends=[node("a")])), Create(want("a"))
    ) == [
        ("create a (node)", []),
        ("create b (node)", ["create a (node)"]),
        ("create l (leaf)", ["create b (node)"]),
    ]


def test_what_is_there_already_is_not_waited_for() -> None:
    assert order(Create(want("b", parent=node("a")))) == [("create b (node)", [])]


def test_a_delete_waits_for_whatever_points_at_the_doomed_object() -> None:
    turning = update("c", have("c", "3", friends=[at("1")]), friends=[])
    assert order(Delete(A), turning, Delete(B)) == [
        ("update c (node)", []),
        ("delete b (node)", []),
        ("delete a (node)", ["update c (node)", "delete b (node)"]),
    ]


def test_a_replace_is_a_delete_and_a_create_and_what_hangs_on_it_goes_between() -> None:
    replaced = (Replace(want("a"), A, SOME), Replace(want("b", parent=node("a")), B, (), node("a")))
    assert order(*replaced) == [
        ("delete b (node)", []),
        ("delete a (node)", ["delete b (node)"]),
        ("create a (node)", ["delete a (node)"]),
        ("create b (node)", ["create a (node)", "delete b (node)"]),
    ]


def test_a_create_waits_for_the_name_to_be_free() -> None:
    renamed = Update(want("b"), A, (FieldChange(("name",), "a", "b"),))
    assert order(Create(want("a")), renamed) == [("update b (node)", []), ("create a (node)", ["update b (node)"])]
    assert order(Create(want("a")), Delete(A)) == [
        ("delete a (node)", []),
        ("create a (node)", ["delete a (node)"]),
    ]


def test_a_rename_waits_for_the_name_to_be_free() -> None:
    def renamed(old: str, new: str, id_: str) -> Update:
        return Update(want(new), have(old, id_), (FieldChange(("name",), old, new),))

    assert order(renamed("a", "b", "1"), renamed("b", "c", "2")) == [
        ("update c (node)", []),
        ("update b (node)", ["update c (node)"]),
    ]


def test_a_replace_that_renames_waits_for_its_own_delete_and_for_its_new_name() -> None:
    assert order(Replace(want("z"), A, SOME), Delete(have("z", "9"))) == [
        ("delete a (node)", []),
        ("delete z (node)", []),
        ("create z (node)", ["delete z (node)", "delete a (node)"]),
    ]


def test_namesakes_are_told_apart_by_their_ids() -> None:
    steps = [each.step for each in planned(Delete(have("x", "1")), Delete(have("x", "2"))).operations]
    assert [(str(step), step.id) for step in steps] == [("delete x (node)", "1"), ("delete x (node)", "2")]


def test_an_update_waits_for_the_update_of_what_it_refers_to() -> None:
    assert order(update("b", B, parent=node("a")), update("a", A)) == [
        ("update a (node)", []),
        ("update b (node)", ["update a (node)"]),
    ]


MUTUAL = have("a", "1", parent=at("2"))


def test_objects_that_refer_to_each_other_are_updated_in_any_order() -> None:
    changes = update("a", MUTUAL, parent=node("b")), update("b", B, parent=node("a"))
    assert order(*changes) == [("update a (node)", []), ("update b (node)", [])]


def test_what_is_settled_later_is_waited_for_even_so() -> None:
    later = Later(node("a"), [1])
    changes = update("a", MUTUAL, parent=node("b")), update("b", B, parent=node("a"), settings=later)
    assert order(*changes) == [("update a (node)", []), ("update b (node)", ["update a (node)"])]


def test_a_circle_is_refused_with_what_to_do_about_it() -> None:
    with pytest.raises(DeclarationError) as error:
        planned(Create(want("a", parent=node("b"))), Create(want("b", parent=node("a"))), Create(want("c")))
    assert str(error.value) == (
        "These changes wait for each other in a circle: create a (node) -> create b (node) -> create a (node). "
        "Leave out one of the references between them, apply, put it back and apply again."
    )


def test_consequences_are_the_kinds_words_and_protection() -> None:
    found = planned(
        Create(want("x")),
        Delete(A),
        Delete(B, (), node("a")),
        Replace(want("c", protect=True), have("c", "3"), SOME),
        Replace(want("d"), have("d", "4"), (), node("c")),
        update("e", have("e", "5"), protect=True),
    )
    assert found.consequences == (
        Consequence(node("a"), "delete", "a (node) is deleted"),
        Consequence(node("b"), "cascade", "b (node) is deleted, since it depends on a (node)"),
        Consequence(node("c"), "replace", "c (node) is deleted and created anew"),
        Consequence(node("c"), "protect", "c (node) is declared with protect=True"),
        Consequence(node("d"), "replace", "d (node) is deleted and created anew, with c (node)"),
    )


def test_entries_stand_in_declared_order_and_show_pointers_by_name() -> None:
    change = Update(want("b"), B, (FieldChange(("friends",), [at("1"), at("9")], [node("c")]),))
    (entry, other) = planned(change, Create(want("a", owner="7")), names={at("1"): "a"}).entries
    assert (entry.action, entry.key, entry.id, other.action, other.owner) == (
        "update",
        node("b"),
        "2",
        "create",
        "7",
    )
    (field,) = entry.fields
    assert field.before == [Named("1", "a"), Named("9", "9")]
    assert [each.label for each in field.before] == ["a", "9"]


class TimedKind(NodeKind):
    def timetable(self, fields: Fields) -> str:
        return "" if fields.get("color") is None else f"at {fields['color']}"


@pytest.mark.parametrize(
    ("change", "timetable"),
    [
        (Create(want("a", color=1)), "at 1"),
        (Create(want("a")), None),
        (Update(want("a", color=1), have("a", "1", color=None), SOME), "at 1"),
        (Update(want("a", color=2), have("a", "1", color=1), SOME), "at 2"),
        (Update(want("a", shape=2), have("a", "1", color=1), SOME), None),
        (Update(want("a", color=None), have("a", "1", color=1), SOME), None),
        (Update(want("a", color=1, shape=2), have("a", "1"), (FieldChange(("shape",), 0, 2),)), None),
        (Replace(want("a", shape=2, color=2), have("a", "1", color=1)), "at 2"),
        (Delete(have("a", "1", color=1)), None),
    ],
)
def test_what_gets_a_timetable_and_is_started_by_somebody_else_is_started_twice(
    change: Change, timetable: str | None
) -> None:
    kinds = {"node": TimedKind(Server())}
    others = {node("a"): "by hand"}
    text = f"a (node) is started twice from then on: by its server ({timetable}), and by hand"
    said = [Consequence(node("a"), "started-twice", text, destructive=False)] if timetable else []
    found = plan(Changes((change,)), kinds, "here", starters=lambda key: others[key])
    assert [each for each in found.consequences if each.code == "started-twice"] == said
    alone = plan(Changes((change,)), kinds, "here", starters=lambda _key: "")
    assert "started-twice" not in {each.code for each in alone.consequences}


def test_nothing_to_do_is_an_empty_plan() -> None:
    assert planned().is_empty
    assert not planned(Create(want("a"))).is_empty


# Everything is replaced, and takes an undeclared leaf with it: as many sets and maps on the way as there can be.
TANGLED = """
import anyio
from testing import memory_world as world
from dagster_managed_elements.reconciler import Reconciler
from dagster_managed_elements.reconciling import Options, check
nodes = [world.Node("a", shape=1)]
for name in "bcdefgh":
    nodes.append(world.Node(name, shape=1, friends=tuple(node.key for node in nodes[-3:])))
server = world.Server()
for number, node in enumerate(nodes):
    friends = [world.Ref("node", str(other)) for other in range(max(0, number - 3), number)]
    server.put(str(number), {"kind": "node", "name": node.name, "shape": 0, "friends": friends})
server.put("x", {"kind": "leaf", "name": "x", "root": world.Ref("node", "0")})
(result,) = anyio.run(check, [Reconciler(world.MemoryInstance(server), nodes)], Options())
for operation in result.plan.operations:
    print(operation.step, *operation.waits_for, sep=", ")
for entry in result.plan.entries:
    print(entry)
"""


def test_the_order_is_the_same_on_every_run_whatever_the_hash_seed() -> None:
    paths = os.pathsep.join(path for path in sys.path if path)

    def shown(seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": paths}
        command = [sys.executable, "-c", TANGLED]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout

    first = shown("1")
    assert "delete x (leaf)\n" in first
    assert {shown(seed) for seed in "234"} == {first}


def test_a_list_that_holds_a_secret_shows_nothing_of_what_stood_there() -> None:
    change = FieldChange(("tokens",), ["old-token", "x"], [Secret.literal("new-token"), "y"])
    (entry,) = planned(Update(want("a", tokens=[]), A, (change,))).entries
    assert [each.before for each in entry.fields] == [[Masked(), Masked()]]
