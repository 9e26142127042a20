"""A campaign of seeded faults against every Airbyte: what a report says is so, and nothing is doubled or lost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import airbyte_local
import pytest

from testing import pairs
from testing.airbytes import Cell
from testing.fault_campaign import PROMISES, Campaign, campaign
from testing.fault_dice import KINDS, OWN_WORDS, Dice
from testing.inner_airbyte import inner_airbyte
from testing.trust import ACTIONS, CELLS, PAGE, RUNS, block, figures, promises, seeds


def held(cell: Cell, of: Iterator[str], runs: int) -> Campaign:
    running = campaign(cell, of, runs)
    assert running.wrong == [], "\n".join(running.wrong)
    return running


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_no_promise_is_broken_in_ten_thousand_runs_over_faults(
    cell: Cell, record_property: Callable[[str, object], None]
):
    running = held(cell, seeds(cell), -(-RUNS // len(CELLS)))
    said = ", ".join(f"{number} {what}" for what, number in sorted(running.counts.items()))
    record_property("campaign", f"{cell}: {said}")


@pytest.mark.parametrize("cell", [Cell("2.0", "config", "none"), Cell("1.6", "public", "none")], ids=str)
def test_no_promise_is_broken_in_a_few_runs_over_faults(cell: Cell):
    running = held(cell, islice(seeds(cell), 2), 100)
    assert running.counts["runs over faults"] >= 4


FOUND = [
    "0.50-config-none-wide-81005",
    "0.50-public-none-wide-23",
    "1.5-config-none-70003",
    "1.5-public-none-51",
    "1.6-config-none-48",
    "1.6-config-none-wide-0",
    "1.6-config-none-wide-21",
    "1.6-public-none-19",
    "1.8-config-none-36",
    "1.8-public-none-24",
    "2.0-config-none-25",
]
"""Seeds of runs that once found a fault."""


@pytest.mark.wide("none-24", "none-36", "wide-21", "none-25")
@pytest.mark.parametrize("seed", FOUND)
def test_what_a_run_found_stays_mended(seed: str):
    version, api, auth, _number = seed.split("-", 3)
    held(Cell(version, api, auth), iter([seed]), 1)


class Meeting(Dice):
    """Whose fault meets the *write* of its own, by this *action*, and nothing else does."""

    def __init__(self, cell: Cell, write: str, action: str) -> None:
        super().__init__(f"{write}: {action}", cell)
        verb, kind = write.split(" ", 1)
        self._fault_of_it = {"match": f"^/api/v1/{OWN_WORDS.get(kind, f'{kind}s')}/{verb}", "action": action}

    def faults(self) -> list[dict[str, Any]]:
        return [{**self._fault_of_it, "times": 1}]

    def ending(self) -> str:
        return "whole"

    def deletes(self) -> bool:
        return True


def never_met() -> Iterator[tuple[str, str]]:
    """The writes of the page that no fault of this sort hit."""
    row = r"^\| (\w+ [\w -]+)" + 4 * r" \| ([\d,]+)" + r" \|$"
    for write, *times in re.findall(row, PAGE.read_text(encoding="utf-8"), re.MULTILINE):
        yield from ((write, action) for action, hits in zip(ACTIONS, times, strict=True) if hits == "0")


@pytest.mark.parametrize(("write", "action"), [*never_met()])
def test_what_no_seed_came_to_is_kept_too(write: str, action: str):
    cell = Cell("2.0", "config", "none")
    dice = Meeting(cell, write, action)
    kept = {kind: {"Writer": 0} for kind in KINDS[:2]}  # where none is declared, none is ours to delete
    after = replace(dice.module(), images=kept, manifests={"Theirs": 0}, made={})
    images = {kind: {"Reader": 0, **own} for kind, own in kept.items()}
    with inner_airbyte(cell) as server:
        running = Campaign(cell, server)
        before = replace(after, images=images, manifests={"Ours": 0, "Theirs": 0}, made={"reading": 0})
        running.converged(before, deletes=True)
        running.round(dice, before, after)
    assert running.wrong == [], "\n".join(running.wrong)
    assert running.hits[write, action]


def test_the_page_promises_what_the_campaign_asserts():
    page = PAGE.read_text(encoding="utf-8")
    assert promises() in page
    listed = page.split("## What is held", 1)[1].split("##", 1)[0]
    assert len(re.findall("^- ", listed, re.MULTILINE)) == len(PROMISES)


def test_the_figures_of_the_page_are_of_a_campaign_and_no_promise_was_broken():
    made = block(PAGE.read_text(encoding="utf-8"))
    assert "| promises broken | 0 |" in made
    rows = [line.split(" | ")[0] for line in made.splitlines()]
    empty = [line.split(" | ")[0] for line in figures([]).splitlines()]
    assert [row for row in rows if row in empty] == empty


@pytest.mark.slow
@pytest.mark.parametrize("number", range(3))
def test_what_two_processes_at_once_make_twice_they_say(tmp_path: Path, number: int):
    with airbyte_local.server() as server:
        pair = pairs.Pair(tmp_path, server)
        said = "".join(ended.said for ended in pair.ended())
        made = pair.made()
        for name, found in made.items():
            assert found == 1 or re.search(rf"{name} .*more than once", said), said
        assert len(made) == pairs.OBJECTS, said
        if made.total() == pairs.OBJECTS:
            assert pair.end(pair.begin()).code == 0


@pytest.mark.slow
@pytest.mark.parametrize("options", [pairs.LOCKED, pairs.WAITING] * 3)
def test_two_processes_at_once_that_share_a_state_make_nothing_twice(options: tuple[str, ...]):
    found = pairs.counted(options)
    assert found["objects made"] == pairs.OBJECTS
    assert found["objects made twice"] == found["objects lacking"] == 0
    assert found["runs after both that found a difference"] == 0
    assert found["of these, both did what was left for them, the second after the first"] or options == pairs.LOCKED


def test_the_page_says_of_pairs_that_share_a_state_that_nothing_was_made_twice():
    page = PAGE.read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (.+) \| ([\d,]+) \|$", pairs.block(page), re.MULTILINE))
    both, refused, total = (int(rows[what]) for what in [*list(rows)[1:3], "pairs of runs at the same time"])
    assert total == pairs.PAIRS == both + refused
    assert int(rows["objects made"].replace(",", "")) == pairs.PAIRS * pairs.OBJECTS
    assert rows["objects made twice"] == rows["objects lacking"] == "0"
    assert rows["runs after both that found a difference"] == "0"
