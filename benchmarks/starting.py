"""How soon there is something to see: CPU of `dagster-me --help` and seconds until a server answers.

The peer is a Python that does nothing, for each of the two: what is left is ours.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from airbyte_local import server

RUNS = 5
HELP = ("-m", "dagster_managed_elements.cli", "--help")
NOTHING = ("-c", "")
SLOWING = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}


def run(*arguments: str) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in SLOWING}
    subprocess.run([sys.executable, *arguments], env=kept, stdout=subprocess.DEVNULL, check=True)


def cpu(*arguments: str) -> float:
    """Seconds of a process and of what it starts."""
    before = os.times()
    run(*arguments)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def wall(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def starting() -> float:
    """Until a server of this process, in a new folder, answers."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with server(Path(folder)):
            return time.perf_counter() - began


def main() -> None:
    help_, nothing = min(cpu(*HELP) for _ in range(RUNS)), min(cpu(*NOTHING) for _ in range(RUNS))
    served, bare = min(starting() for _ in range(RUNS)), min(wall(lambda: run(*NOTHING)) for _ in range(RUNS))
    print(f"Start-up, the best of {RUNS}, beside a Python that does nothing; wanted: help < 0.3, server < 0.5.\n")
    print(f"{'':>20} {'ours s':>8} {'peer s':>8} {'ratio':>8}")
    for name, mine, theirs in (("--help (CPU)", help_, nothing), ("server (wall)", served, bare)):
        print(f"{name:>20} {mine:>8.2f} {theirs:>8.2f} {mine / theirs:>7.1f}x")
    print()


if __name__ == "__main__":
    main()
