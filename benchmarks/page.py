"""docs/performance.md: the figures of one run, each beside that of what it is measured against."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Final

from benchmarks.costs import Cost
from benchmarks.pairs import (
    ACTS,
    FETCH,
    FIRST,
    IN_FLIGHT,
    LATENCIES,
    MANY,
    NO_OP,
    ONE_BY_ONE,
    PER_ITEM,
    TURNS,
    UPSTREAM_SECONDS,
    Line,
)

TITLE: Final = "Performance"
TARGETS_HEADING: Final = "Targets"
ACTS_HEADING: Final = "Checks and applies"
CURVE_HEADING: Final = "Requests in flight"
BESIDE_HEADING: Final = "Beside a bare fetch, and one GET an object"
UPSTREAM_HEADING: Final = "Beside Dagster's own reconciler"
MACHINE_HEADING: Final = "How this was measured"
HEADINGS: Final = (
    TITLE,
    TARGETS_HEADING,
    ACTS_HEADING,
    CURVE_HEADING,
    BESIDE_HEADING,
    UPSTREAM_HEADING,
    MACHINE_HEADING,
)

_BARS: Final = " ▁▂▃▄▅▆▇█"


def page(lines: Sequence[Line], beside: Sequence[tuple[Line, Line]]) -> str:
    """All of it as Markdown."""
    return "\n".join([
        f"# {TITLE}",
        "",
        "Written by `python -m benchmarks --write docs/performance.md`. Seconds say little elsewhere; ratios and",
        "counts of requests do.",
        "",
        f"## {TARGETS_HEADING}",
        "",
        *targets(lines),
        "",
        f"## {ACTS_HEADING}",
        "",
        "N pairs of a source and a connection, and one destination. Every run is a process of its own, so that its",
        "seconds hold the start of Python; CPU and memory are those of that process alone, not of the server.",
        "",
        *acts(lines),
        "",
        f"## {CURVE_HEADING}",
        "",
        "Of a first apply, by the server's own log: the mean number of requests under way in each twentieth of",
        f"the time from the first write to the last; `--concurrency` is {IN_FLIGHT}. A connection is created, and",
        "the streams of its source discovered for it, as soon as both of its ends exist.",
        "",
        *curves(lines),
        "",
        f"## {BESIDE_HEADING}",
        "",
        "The bare fetch sends the very requests of that check with httpx, as many in flight; it knows all of them",
        "from the start and does nothing with the answers. The two take turns, and their figures are the medians",
        f"of {TURNS} runs each, of one for {MANY:,} pairs. One GET an object is the least that a tool does which",
        "keeps a state and refreshes it, nothing compared: a floor for such tools, not a run of one.",
        "",
        *fetches(lines),
        "",
        f"## {UPSTREAM_HEADING}",
        "",
        "dagster-airbyte 0.29.27, the last with a reconciler, on a local Airbyte 0.50, where it still runs, and",
        f"ours on another. What did not end within {UPSTREAM_SECONDS:.0f} seconds has no figures.",
        "",
        *beside_upstream(beside),
        "",
        f"## {MACHINE_HEADING}",
        "",
        *machine(),
        "",
    ])  # fmt: skip


def targets(lines: Iterable[Line]) -> Iterator[str]:
    """What was set out to be reached, beside what was."""
    found = {(line.pairs, line.act, line.latency): line.cost for line in lines if line.cost is not None}

    def told(act: str, pairs: int, say: Callable[[Cost], str]) -> str:
        costs = ((found.get((pairs, act, latency)), latency) for latency in LATENCIES)
        said = ", ".join(f"{say(cost)} at {latency} ms" for cost, latency in costs if cost is not None)
        return said or "not in this run"

    def beside(act: str, pairs: int, other: tuple[str, int], figure: Callable[[Cost], float]) -> str:
        """As many times what *other* took at the same latency."""
        act_there, pairs_there = other
        both = (
            (found.get((pairs, act, latency)), found.get((pairs_there, act_there, latency)), latency)
            for latency in LATENCIES
        )
        said = ", ".join(
            f"{figure(one) / figure(another):.2f}x at {latency} ms"
            for one, another, latency in both
            if one and another
        )
        return said or "not in this run"

    yield "| | target | measured |"
    yield "| :--- | :--- | :--- |"
    yield f"| 1,000 pairs, {NO_OP} | 40 requests | {told(NO_OP, 1_000, lambda cost: str(cost.requests))} |"
    wall = beside(NO_OP, 1_000, (FETCH, 1_000), lambda cost: cost.wall)
    yield f"| | 1.5x the wall time of the bare fetch of the same pages | {wall} |"
    yield f"| 1,000 pairs, {FIRST} | {IN_FLIGHT} in flight from first to last | {told(FIRST, 1_000, _busy)} |"
    yield f"| | 6.5 s of CPU, half of what it took | {told(FIRST, 1_000, lambda cost: f'{cost.cpu:.1f} s')} |"
    yield f"| 10,000 pairs, {NO_OP} | 20 s | {told(NO_OP, 10_000, lambda cost: f'{cost.wall:.1f} s')} |"
    yield f"| | 1,000 MB | {told(NO_OP, 10_000, lambda cost: f'{cost.memory:.0f} MB')} |"
    grown = beside(NO_OP, 10_000, (NO_OP, 1_000), lambda cost: cost.cpu)
    yield f"| | 10x the CPU of 1,000 pairs | {grown} |"


def _busy(cost: Cost) -> str:
    """The first and the last slice hold the beginning and the end."""
    mean, least = sum(cost.in_flight) / len(cost.in_flight), min(cost.in_flight[1:-1])
    return f"{mean:.1f}, {least:.1f} in the emptiest twentieth"


def acts(lines: Iterable[Line]) -> Iterator[str]:
    yield "| pairs | latency | | requests | wall s | CPU s | peak MB |"
    yield "| ---: | ---: | :--- | ---: | ---: | ---: | ---: |"
    names = [act for act, _, _ in ACTS]
    for line in lines:
        if line.act in names and line.cost is not None:
            yield f"| {line.pairs:,} | {line.latency} ms | {line.act} | {_figures(line.cost)} |"


def _figures(cost: Cost) -> str:
    return f"{cost.requests:,} | {cost.wall:.2f} | {cost.cpu:.2f} | {cost.memory:.0f}"


def curves(lines: Iterable[Line]) -> Iterator[str]:
    yield "| pairs | latency | in flight | mean | least of the first 19 |"
    yield "| ---: | ---: | :--- | ---: | ---: |"
    for line in lines:
        if line.act == FIRST and line.cost is not None and line.pairs > IN_FLIGHT:
            busy = line.cost.in_flight
            drawn = "".join(_BARS[min(len(_BARS) - 1, round(each / IN_FLIGHT * (len(_BARS) - 1)))] for each in busy)
            mean, least = sum(busy) / len(busy), min(busy[:-1])
            yield f"| {line.pairs:,} | {line.latency} ms | `{drawn}` | {mean:.1f} | {least:.1f} |"


def fetches(lines: Iterable[Line]) -> Iterator[str]:
    found = {(line.pairs, line.latency, line.act): line.cost for line in lines}
    yield "| pairs | latency | | requests | wall s | CPU s | peak MB | our wall is | our CPU is |"
    yield "| ---: | ---: | :--- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for pairs, latency in dict.fromkeys((pairs, latency) for pairs, latency, _ in found):
        mine = found.get((pairs, latency, NO_OP))
        for act in (NO_OP, FETCH, ONE_BY_ONE):
            if mine is not None and (cost := found.get((pairs, latency, act))) is not None:
                told = "| |" if act == NO_OP else f"{_times(mine.wall, cost.wall)} | {_times(mine.cpu, cost.cpu)} |"
                yield f"| {pairs:,} | {latency} ms | {act} | {_figures(cost)} | {told}"


def beside_upstream(beside: Iterable[tuple[Line, Line]]) -> Iterator[str]:
    yield "| pairs | latency | | whose | requests | wall s | CPU s | peak MB |"
    yield "| ---: | ---: | :--- | :--- | ---: | ---: | ---: | ---: |"
    for theirs, mine in beside:
        for whose, line in (("theirs", theirs), ("ours", mine)):
            figures = "| | |" if line.cost is None else _figures(line.cost)
            yield f"| {line.pairs:,} | {line.latency} ms | {line.act} | {whose} | {figures} |"
        if theirs.cost is not None and mine.cost is not None:
            one, other = theirs.cost, mine.cost
            sides = (
                (one.requests, other.requests),
                (one.wall, other.wall),
                (one.cpu, other.cpu),
                (one.memory, other.memory),
            )
            yield f"| | | | ratio | {' | '.join(_times(*both) for both in sides)} |"


def _times(one: float, other: float) -> str:
    return f"{one / other:.1f}x"


def machine() -> Iterator[str]:
    day = datetime.now(timezone.utc).date().isoformat()
    yield f"On {day}, with Python {platform.python_version()} on {platform.system()} {platform.machine()}, "
    yield f"{os.cpu_count()} cores: {_processor()}."
    yield "The local Airbyte ran on the same cores, in a process of its own. It answered each request after the"
    yield f"latency above, and {PER_ITEM} ms more for each object in the answer."


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
    return names[0] if names else platform.processor() or "processor not known"
