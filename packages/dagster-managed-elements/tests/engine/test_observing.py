"""Listings that repeat, skip and change: what is believed of them, after how many reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import anyio
import pytest
from dagster_managed_elements.engine.changes import Declared, Observed
from dagster_managed_elements.engine.errors import ServerFault
from dagster_managed_elements.engine.observing import Reading, confirm, observe

from testing.memory_world import MemoryKind, Server
from testing.sides import have, want


class Listed(MemoryKind):
    """Answers each read with the next of the *reads* it was given, then with the last again."""

    name: ClassVar[str] = "node"

    def __init__(self, *reads: str) -> None:
        super().__init__(Server())
        self.reads, self.asked, self.expected = reads, 0, list[str]()

    def expect(self, declared: Sequence[Declared]) -> None:
        assert self.asked == 0
        self.expected = [each.key.name for each in declared]

    async def observe(self) -> Sequence[Observed]:
        self.asked += 1
        return [have(each, f"id-{each}") for each in self.reads[min(self.asked, len(self.reads)) - 1]]


def read(kind: Listed, declared: str, *, exhaustive: bool = False) -> str:
    reading = anyio.run(lambda: observe([kind], [want(each) for each in declared], exhaustive=exhaustive))
    return "".join(each.name for each in reading.objects)


@pytest.mark.parametrize(
    ("reads", "declared", "exhaustive", "believed", "asked"),
    [
        pytest.param(["ab"], "ab", False, "ab", 1, id="all there: one read"),
        pytest.param(["abc"], "ab", False, "abc", 1, id="more than declared: one read"),
        pytest.param([""], "", True, "", 1, id="nothing there, nothing declared: one read"),
        pytest.param(["a"], "ab", False, "a", 2, id="absent: two reads agree"),
        pytest.param([""], "a", False, "", 2, id="empty: two reads agree"),
        pytest.param(["a", "ab", "ab"], "ab", False, "ab", 3, id="absent from one read only"),
        pytest.param(["a", "ab", "a", "ab", "ab"], "ab", False, "ab", 5, id="until two in a row agree"),
        pytest.param(["ab"], "ab", True, "ab", 2, id="a delete may be planned: two reads agree"),
        pytest.param(["ab", "abc", "abc"], "ab", True, "abc", 3, id="a delete may be planned: one was skipped"),
        pytest.param(["aab", "abc", "abc"], "ab", False, "abc", 3, id="rows repeat: one was skipped"),
        pytest.param(["aab"], "ab", False, "ab", 2, id="rows repeat every time: each object once"),
    ],
)
def test_reads(reads: list[str], declared: str, exhaustive: bool, believed: str, asked: int) -> None:
    kind = Listed(*reads)
    assert (read(kind, declared, exhaustive=exhaustive), kind.asked) == (believed, asked)


def test_a_kind_hears_what_is_looked_for_before_it_is_asked() -> None:
    kind = Listed("ab")
    read(kind, "ab")
    assert kind.expected == ["a", "b"]


@pytest.mark.parametrize("reads", [["a", "b", "a", "b", "a"], ["ab", "", ""], ["", "ab", "", ""]])
def test_a_list_that_does_not_settle_or_empties_itself_is_refused(reads: list[str]) -> None:
    kind = Listed(*reads)
    with pytest.raises(ServerFault, match="nothing is concluded from it"):
        read(kind, "abc")
    assert kind.asked == 5


def test_what_is_not_confirmed_yet_is_confirmed_before_a_plan_destroys() -> None:
    kind = Listed("ab", "abc", "abc")

    async def go() -> tuple[Reading, Reading, Reading]:
        first = await observe([kind], [want("a")], exhaustive=False)
        second = await confirm([kind], first)
        return first, second, await confirm([kind], second)

    first, second, third = anyio.run(go)
    assert [sorted(ref.id for ref in each.refs) for each in (first, second)] == [
        ["id-a", "id-b"],
        ["id-a", "id-b", "id-c"],
    ]
    assert (third, kind.asked) == (second, 3)
