"""Declared beside observed: who is paired with whom, and what is refused for being unclear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from dagster_managed_elements.engine.changes import Declared, Memory, Observed
from dagster_managed_elements.engine.elements import Element
from dagster_managed_elements.engine.findings import Problem
from dagster_managed_elements.engine.matching import gather, match
from dagster_managed_elements.engine.values import Fields

from testing.sides import have, leaf, node, want


def paired(
    declared: Sequence[Declared], observed: Sequence[Observed], memory: Memory | None = None
) -> tuple[list[tuple[str | None, str | None]], list[Problem]]:
    """Who got whose id, and the problems."""
    pairs, problems = match(declared, observed, memory or Memory())
    return [
        (d.key.name if d else None, o.id if o else None) for d, o in ((p.declared, p.observed) for p in pairs)
    ], (problems)


RENAMED = want("b", renamed_from="a")


@pytest.mark.parametrize(
    ("declared", "observed", "pairs"),
    [
        pytest.param([want("a")], [], [("a", None)], id="not there"),
        pytest.param([], [have("a", "1")], [(None, "1")], id="not declared"),
        pytest.param([want("a")], [have("a", "1")], [("a", "1")], id="by name"),
        pytest.param([want("a")], [have(leaf("a"), "1")], [("a", None), (None, "1")], id="kinds apart"),
        pytest.param([RENAMED], [have("a", "1")], [("b", "1")], id="a rename keeps the id"),
        pytest.param([RENAMED], [have(leaf("a"), "1")], [("b", None), (None, "1")], id="of its own kind only"),
        pytest.param([RENAMED], [have("a", "1"), have("b", "2")], [("b", "2"), (None, "1")], id="name wins"),
        pytest.param([RENAMED], [], [("b", None)], id="neither is there"),
        pytest.param([RENAMED, want("a")], [have("a", "1")], [("b", "1"), ("a", None)], id="name used anew"),
        pytest.param([want("a"), RENAMED], [have("a", "1")], [("a", None), ("b", "1")], id="in either order"),
        pytest.param(
            [want("c", renamed_from="b"), RENAMED],
            [have("a", "1"), have("b", "2")],
            [("c", "2"), ("b", "1")],
            id="one takes the name another leaves",
        ),
        pytest.param(
            [RENAMED, want("d", renamed_from="c"), want("c", renamed_from="b")],
            [have("a", "1"), have("b", "2"), have("c", "3")],
            [("b", "1"), ("d", "3"), ("c", "2")],
            id="and so on along a chain",
        ),
        pytest.param(
            [RENAMED, want("a", renamed_from="b")],
            [have("a", "1"), have("b", "2")],
            [("b", "2"), ("a", "1")],
            id="no swap where both are there",
        ),
        pytest.param(
            [],
            [have("b", "2"), have("a", "3"), have("a", "1"), have(leaf("z"), "9")],
            [(None, "9"), (None, "1"), (None, "3"), (None, "2")],
            id="the rest in a fixed order, namesakes included",
        ),
    ],
)
def test_pairs(
    declared: list[Declared], observed: list[Observed], pairs: list[tuple[str | None, str | None]]
) -> None:
    assert paired(declared, observed) == (pairs, [])


def test_a_recorded_id_wins_over_every_name_and_is_nobody_elses() -> None:
    memory = Memory(ids={node("a"): "2"})
    observed = [have("a", "1"), have("b", "2")]
    assert paired([want("a"), want("b")], observed, memory) == ([("a", "2"), ("b", None), (None, "1")], [])


def test_a_recorded_id_that_is_gone_says_nothing() -> None:
    assert paired([want("a")], [have("a", "1")], Memory(ids={node("a"): "9"})) == ([("a", "1")], [])


def test_two_objects_of_a_declared_name_are_a_problem_that_shows_both_ids() -> None:
    text = "the server has 2 nodes of this name (1, 2); delete or rename all but one"
    assert paired([want("a")], [have("a", "2"), have("a", "1")])[1] == [Problem(node("a"), (), text)]


def test_two_objects_of_the_name_a_rename_starts_from_are_a_problem_too() -> None:
    text = "the server has 2 nodes of the name 'a' (1, 2); delete or rename all but one"
    assert paired([RENAMED], [have("a", "2"), have("a", "1")])[1] == [Problem(node("b"), (), text)]


def test_two_elements_renamed_from_one_name_are_a_problem_of_each() -> None:
    text = "several elements are declared as renamed from 'a'; it can become only one of them"
    declared = [RENAMED, want("c", renamed_from="a")]
    assert paired(declared, [have("a", "1")])[1] == [Problem(node("b"), (), text), Problem(node("c"), (), text)]
    assert paired(declared, [have("a", "1"), have("b", "2")])[1] == []


@dataclass(frozen=True)
class Box(Element):
    kind: ClassVar[str] = "box"
    size: int = 0
    inside: tuple[Box, ...] = ()


def names(*owned: tuple[str, list[Element]]) -> list[tuple[str, str]]:
    declared, problems = gather(owned)
    assert problems == []
    return [(each.key.name, each.owner) for each in declared]


def test_what_an_element_refers_to_is_declared_with_it_and_before_it() -> None:
    assert names(("0", [Box("a", inside=(Box("b", inside=(Box("c"),)),))])) == [("c", "0"), ("b", "0"), ("a", "0")]


def test_one_element_of_two_owners_is_declared_once_and_is_the_firsts() -> None:
    assert names(("0", [Box("a")]), ("1", [Box("b", inside=(Box("a"),))])) == [("a", "0"), ("b", "1")]


@pytest.mark.parametrize(
    "other",
    [Box("a", size=2), Box("a", protect=True), Box("a", ignore=("size",)), Box("a", renamed_from="z")],
    ids=["fields", "protect", "ignore", "renamed_from"],
)
def test_one_key_declared_twice_differently_is_a_problem(other: Box) -> None:
    text = "two different boxs are declared with this name"
    assert gather([("0", [Box("a")]), ("1", [other])])[1] == [Problem(other.key, (), text)]


@pytest.mark.parametrize("name", ["", "  ", "\n", None, 7])
def test_an_element_needs_a_name(name: Any) -> None:
    assert gather([("0", [Box(name)])])[1] == [Problem(Box(name).key, (), "a box needs a name")]


def test_half_a_character_is_no_name() -> None:
    text = "its name has half a character in it (a lone surrogate)"
    assert gather([("0", [Box("a\ud800")])])[1] == [Problem(Box("a\ud800").key, (), text)]
    assert gather([("0", [Box("a\U0001f600")])])[1] == []


@dataclass(frozen=True)
class Counted(Box):
    asked: list[str] = field(default_factory=list[str], compare=False)

    def fields(self) -> Fields:
        self.asked.append(self.name)
        return {"size": self.size}


def test_what_many_share_is_looked_at_once() -> None:
    asked: list[str] = []
    top = Counted("0", asked=asked)
    for number in range(1, 25):
        top = Counted(str(number), inside=(top, top), asked=asked)
    gather([("0", [top])])
    assert len(asked) == 25
