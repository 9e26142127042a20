"""`make bench`: the same work on us and on a peer, in one run, as ratios. Seconds alone say nothing elsewhere."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from benchmarks import code_locations, fleets, misspelling, moving, pairs, starting
from benchmarks.page import page

PARTS = {
    "starting": starting.main,
    "misspelling": misspelling.main,
    "moving": moving.main,
    "loading": code_locations.main,
    "fleets": fleets.main,
}


def numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def told(lines: list[pairs.Line], following: Iterator[pairs.Line]) -> None:
    for line in following:
        print(_said(line, "ours" if line.act not in {pairs.FETCH, pairs.ONE_BY_ONE} else ""), flush=True)
        lines.append(line)


def _said(line: pairs.Line, whose: str) -> str:
    begun = f"{line.pairs:>6} {line.latency:>4} ms {whose:<8} {line.act:<24}"
    if (cost := line.cost) is None:
        return f"{begun} did not end in time"
    figures = f"{cost.requests:>7} requests {cost.wall:>7.2f} s {cost.cpu:>7.2f} CPU s {cost.memory:>5.0f} MB"
    return f"{begun} {figures}"


def main() -> None:
    wanted = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    wanted.add_argument("--pairs", type=numbers, default=pairs.SIZES, help="sizes, such as 1,100,1000,10000")
    wanted.add_argument("--upstream", type=numbers, default=pairs.UPSTREAM_SIZES, help="sizes for Dagster's own")
    wanted.add_argument(
        "--write", type=Path, help="write the page of the checks and applies there; nothing else is run"
    )
    given = wanted.parse_args()
    lines: list[pairs.Line] = []
    beside: list[tuple[pairs.Line, pairs.Line]] = []
    told(lines, pairs.ours(given.pairs))
    for theirs, mine in pairs.upstream(given.upstream):
        print(_said(theirs, "Dagster"), _said(mine, "ours"), sep="\n", flush=True)
        beside.append((theirs, mine))
    if given.write is not None:
        given.write.write_text(page(lines, beside))
        return
    print(page(lines, beside))
    for part in PARTS.values():
        part()


if __name__ == "__main__":
    main()
