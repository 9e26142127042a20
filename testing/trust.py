"""Makes the figures of docs/trust.md: what became of ten thousand runs over faults.

    python -m testing.trust [RUNS [PROCESSES]]

`tests/property/test_campaign.py` asserts the same promises in `make test-slow`, and holds the page to them.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path
from typing import NamedTuple

from testing.airbytes import Cell
from testing.fault_campaign import PROMISES, campaign
from testing.fault_dice import WIDE

PAGE = Path(__file__).resolve().parents[1] / "docs" / "trust.md"
BEGIN, END = "<!-- Made by `python -m testing.trust`. -->", "<!-- End of what is made. -->"
RUNS = 10_000
CELLS = [
    *(
        Cell(version, api, "none")
        for version in ("0.50", "1.5", "1.6", "1.8", "2.0")
        for api in ("config", "public")
    ),
    Cell("cloud", "public", "client"),
]
ACTIONS = ("status", "lost-after-commit", "lost-before-late-commit", "cut-body")
ENDINGS = {
    "ended: whole": "runs that came to their end",
    "ended: interrupted": "runs that were interrupted (Ctrl-C)",
    "ended: killed": "runs that were killed in the middle (kill -9)",
    "ended: two": "pairs of runs at the same time",
}
STATUSES = ("done", "failed", "skipped", "unknown")


class Tally(NamedTuple):
    """What the campaign of one cell counted."""

    counts: Counter[str]
    hits: Counter[tuple[str, str]]
    wrong: list[str]


def tally(runs: int, cell: Cell) -> Tally:
    made = campaign(cell, seeds(cell), runs)
    print(f"{cell}: {made.counts['runs']} runs", *made.wrong, sep="\n  ", flush=True)
    return Tally(made.counts, made.hits, made.wrong)


def seeds(cell: Cell) -> Iterator[str]:
    """In turn such as draw less and more: what those of the first kind have found stays to be found by them."""
    return (f"{cell}-{kind}{number}" for number in count() for kind in ("", f"{WIDE}-"))


def promises() -> str:
    return "\n".join(f"- {sentence}" for sentence in PROMISES.values())


def figures(tallies: Iterable[Tally]) -> str:
    """All *tallies* together, as the page has them."""
    counts: Counter[str] = Counter()
    hits: Counter[tuple[str, str]] = Counter()
    wrong = 0
    for one in tallies:
        counts += one.counts
        hits += one.hits
        wrong += len(one.wrong)
    met, over = counts["runs that a fault met"], counts["runs over faults"]
    rows = [
        ("runs in all", counts["runs"]),
        ("times faults were on", over),
        ("of these, a request met one", met),
        *((said, counts[name]) for name, said in ENDINGS.items()),
        *((f"operations reported as {status}", counts[status]) for status in STATUSES),
        ("runs that ended with an error before they wrote", counts["errors"]),
        ("objects that two runs at once made twice", counts["made twice by two at once"]),
        ("promises broken", wrong),
    ]
    lines = ["| what | how often |", "|---|---:|", *(f"| {what} | {number:,} |" for what, number in rows), ""]
    lines += [
        "| write that was hit | an error status | answer lost | done late | answer cut |",
        "|---|---:|---:|---:|---:|",
    ]
    for write in sorted({write for write, _action in hits}, key=lambda write: write.split(" ", 1)[::-1]):
        lines.append(f"| {write} | {' | '.join(f'{hits[write, action]:,}' for action in ACTIONS)} |")
    return "\n".join(lines)


def block(page: str) -> str:
    """The part of the *page* that is made."""
    return page.split(BEGIN, 1)[1].split(END, 1)[0].strip()


def main(runs: int = RUNS, processes: int = 2) -> None:
    with ProcessPoolExecutor(processes) as pool:
        made = figures(pool.map(partial(tally, -(-runs // len(CELLS))), CELLS))
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(page.replace(block(page), made), encoding="utf-8")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
