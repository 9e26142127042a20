"""What a step of a fleet costs, and a run of several, from the start of Python on: what docs/fleets.md counts with.

A step is measured as Kubernetes has it: the very command that Dagster has a pod carry out. A run has two steps at
work at a time, each in a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Final

from benchmarks.costs import Cost, measure
from benchmarks.served import Served, served

SIZES: Final = (1, 4, 16)
PAIRS: Final = 10
FLEET: Final = 1000
AT_ONCE: Final = 25
"""Pods of a run, as docs/fleets.md sets it."""
START_SECONDS: Final = 10.0
"""Until a pod runs Python: not measured here, and another one on each cluster."""
LATENCY_MS: Final = 20
CHILD: Final = Path(__file__).parent / "children" / "fleet.py"
FIRST, AGAIN, EMPTY = "a step, first apply", "a step, in sync", "a Python that imports dagster"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    what: str
    cost: Cost


def lines(sizes: Sequence[int] = SIZES) -> Iterator[Line]:
    """Each run is made of workspaces in sync; the one before it, which is not measured, applies."""
    with tempfile.TemporaryDirectory() as folder, served(Path(folder), "--no-schedules", "--no-install") as server:
        server.slow_down(LATENCY_MS)
        (server.data / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
        server.seed(workspaces=[{"name": f"workspace-{number}"} for number in range(max(sizes))])
        yield Line(what=EMPTY, cost=measure(server, [sys.executable, "-c", "import dagster"]))
        for what in (FIRST, AGAIN):
            yield Line(what=what, cost=measure(server, _step(server), environment=_told(server, 1)))
        for size in sizes:
            command = [
                sys.executable,
                "-m",
                "dagster",
                "job",
                "execute",
                "-f",
                CHILD,
                "-a",
                "defs",
                "-j",
                "reconcile",
            ]
            measure(server, command, environment=_told(server, size))
            cost = measure(server, command, environment=_told(server, size))
            yield Line(what=f"a run of {size}, in sync", cost=cost)


def _step(server: Served) -> list[str]:
    done = subprocess.run(
        [sys.executable, CHILD],
        env={**os.environ, **_told(server, 1)},
        capture_output=True,
        text=True,
        check=True,
    )
    _, *words = json.loads(done.stdout.splitlines()[-1])
    return [sys.executable, "-m", "dagster", *words]


def _told(server: Served, workspaces: int) -> dict[str, str]:
    return {
        "AIRBYTE_URL": server.url,
        "DAGSTER_HOME": str(server.data),
        "PAIRS": str(PAIRS),
        "PYTHONWARNINGS": "ignore",
        "WORKSPACES": str(workspaces),
    }


def computed(step: Cost, fleet: int = FLEET, at_once: int = AT_ONCE) -> Iterator[str]:
    """What a run of a *fleet* comes to by what a *step* cost, and by what is assumed of the start of a pod."""
    waves = ceil(fleet / at_once)
    each = START_SECONDS + step.wall
    yield f"{fleet:,} steps, {at_once} at once: {waves} after one another"
    yield f"{waves} x ({START_SECONDS:.0f} s + {step.wall:.1f} s) = {waves * each / 60:.0f} minutes"
    yield f"{fleet:,} x {step.cpu:.1f} s = {fleet * step.cpu / 3600:.1f} hours of CPU"
    yield f"{at_once} x {step.memory:.0f} MB = {at_once * step.memory / 1000:.1f} GB of memory"
    yield f"{fleet:,} x {step.requests} = {fleet * step.requests:,} requests"


def main() -> None:
    print(f"A fleet of workspaces with {PAIRS} pairs each, {LATENCY_MS} ms a request, in processes of their own.\n")
    print(f"{'':>32} {'requests':>9} {'wall s':>8} {'CPU s':>8} {'peak MB':>8}")
    for line in lines():
        cost = line.cost
        print(
            f"{line.what:>32} {cost.requests:>9} {cost.wall:>8.2f} {cost.cpu:>8.2f} {cost.memory:>8.0f}", flush=True
        )
        if line.what == AGAIN:
            step = cost
    print("\nComputed from the step in sync, not measured:")
    print(*computed(step), "", sep="\n")


if __name__ == "__main__":
    main()
