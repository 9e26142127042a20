"""How long a check takes to answer thousands of misspelt streams, with what comes nearest to each.

The peer is the standard library's search among all names, which a few dozen of the same misspelt ones are given to.
"""

from __future__ import annotations

import time
from difflib import get_close_matches
from typing import Final

from dagster_managed_elements.airbyte import AirbyteSyncMode

from testing.airbyte_catalogs import Offering, Resolved, stream

STREAMS: Final = 6_000
MISSPELT: Final = 3_000
SAMPLE: Final = 10


def names() -> list[str]:
    return [f"customers_of_region_{number:05}_history" for number in range(STREAMS)]


def misspelt() -> dict[str, AirbyteSyncMode]:
    mode = AirbyteSyncMode.FULL_REFRESH_OVERWRITE
    wrong = [name.replace("customers", "custommers") for name in names()[:MISSPELT]]
    return dict.fromkeys([*wrong, *names()[MISSPELT:]], mode)


def main() -> None:
    gateway, declared = Offering([stream(name) for name in names()]), misspelt()
    began = time.perf_counter()
    problems = Resolved(gateway, declared).problems
    mine = time.perf_counter() - began
    if len(problems) != MISSPELT:
        raise AssertionError(problems[:3])
    began = time.perf_counter()
    for name in list(declared)[:SAMPLE]:
        get_close_matches(name, names())
    theirs = (time.perf_counter() - began) / SAMPLE * MISSPELT
    print(f"{STREAMS} streams, {MISSPELT} of them misspelt; wanted: ours < 2.\n")
    print(f"{'ours s':>8} {'peer s':>8} {'ratio':>8}")
    print(f"{mine:>8.2f} {theirs:>8.1f} {mine / theirs:>7.4f}x\n")


if __name__ == "__main__":
    main()
