"""The page of figures is what the benchmarks write: its sections and its tables, whatever the numbers are."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.costs import Cost, in_flight
from benchmarks.page import HEADINGS, page
from benchmarks.pairs import ACTS, FETCH, FIRST, NO_OP, ONE_BY_ONE, Line

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
COST = Cost(requests=40, wall=2.0, cpu=1.0, memory=100, in_flight=(10.0,) * 20)


def headings(text: str) -> list[str]:
    return re.findall(r"^#+ (.+)$", text, re.MULTILINE)


def tables(text: str) -> list[str]:
    """The first line of each."""
    return re.findall(r"^(\|.*)\n\|[ :|-]+\|$", text, re.MULTILINE)


def test_the_page_has_the_sections_and_tables_that_are_written():
    text = PAGE.read_text()
    written = page([], [])
    assert headings(text) == list(HEADINGS) == headings(written)
    assert tables(text) == tables(written)
    assert [act for act, _, _ in ACTS if f"| {act} |" not in text] == []


def test_each_figure_stands_beside_that_of_what_it_is_measured_against():
    acts = [act for act, _, _ in ACTS]
    lines = [Line(pairs=100, latency=20, act=act, cost=COST) for act in (*acts, FETCH, ONE_BY_ONE)]
    slower = Line(pairs=100, latency=20, act=acts[0], cost=Cost(requests=80, wall=6.0, cpu=4.0, memory=50))
    late = Line(pairs=100, latency=20, act=acts[1], cost=None)
    text = page(lines, [(slower, lines[0]), (late, lines[1])])
    assert "| 100 | 20 ms | first apply | 40 | 2.00 | 1.00 | 100 |" in text
    assert "| 100 | 20 ms | `████████████████████` | 10.0 | 10.0 |" in text
    assert f"| 100 | 20 ms | {FETCH} | 40 | 2.00 | 1.00 | 100 | 1.0x | 1.0x |" in text
    assert "| | | | ratio | 2.0x | 3.0x | 4.0x | 0.5x |" in text
    assert "| 100 | 20 ms | first apply | theirs | | | | |" in text


def test_each_target_stands_beside_what_was_measured():
    first = replace(COST, in_flight=(5.0, 9.0, *(10.0,) * 17, 1.0))
    lines = [
        Line(pairs=1000, latency=20, act=NO_OP, cost=COST),
        Line(pairs=1000, latency=20, act=FETCH, cost=replace(COST, wall=1.6)),
        Line(pairs=1000, latency=100, act=FIRST, cost=first),
        Line(pairs=10_000, latency=20, act=NO_OP, cost=replace(COST, cpu=9.0, wall=12.0, memory=700)),
    ]
    text = page(lines, [])
    assert "| 1,000 pairs, check, nothing changed | 40 requests | 40 at 20 ms |" in text
    assert "| | 1.5x the wall time of the bare fetch of the same pages | 1.25x at 20 ms |" in text
    assert "| 10 in flight from first to last | 9.2, 9.0 in the emptiest twentieth at 100 ms |" in text
    assert "| | 6.5 s of CPU, half of what it took | 1.0 s at 100 ms |" in text
    assert "| 10,000 pairs, check, nothing changed | 20 s | 12.0 s at 20 ms |" in text
    assert "| | 1,000 MB | 700 MB at 20 ms |" in text
    assert "| | 10x the CPU of 1,000 pairs | 9.00x at 20 ms |" in text
    assert "| | 1,000 MB | not in this run |" in page(lines[:3], [])


@pytest.mark.parametrize(
    ("asked", "busy"),
    [
        ([], ()),
        ([("sources/create", 0.0, 4.0)], (1.0, 1.0)),
        ([("sources/create", 0.0, 2.0), ("sources/create", 0.0, 4.0)], (2.0, 1.0)),
        ([("sources/list", 0.0, 9.0), ("sources/create", 1.0, 2.0), ("sources/update", 3.0, 2.0)], (2.0, 2.0)),
        ([("sources/list", 0.0, 1.0), ("sources/list", 3.0, 1.0)], (0.5, 0.5)),
    ],
)
def test_requests_in_flight_are_counted_from_the_first_write_to_the_last(asked, busy):
    log = [{"path": f"/api/v1/{path}", "began": began, "seconds": seconds} for path, began, seconds in asked]
    assert in_flight(log, slices=2) == busy
