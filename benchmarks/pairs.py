"""Checks and applies of N pairs of a source and a connection, from an empty server on, in processes of their own.

Beside them: the bare fetch, which is the requests of a check that finds nothing changed, sent by httpx with as many
in flight and no thought; one GET an object, which is the least that a state-based tool does to see drift; and
Dagster's own reconciler, on an Airbyte that it still runs on.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.costs import Cost, Failed, TooLong, measure
from benchmarks.peers import environment
from benchmarks.served import Served, served

SIZES: Final = (1, 100, 1000)
LATENCIES: Final = (20, 100)
"""Milliseconds of the simulated server for each request; each object in an answer takes PER_ITEM more."""
PER_ITEM: Final = 0.1
IN_FLIGHT: Final = 10
"""As many as `--concurrency` is by default."""
TURNS: Final = 5
"""How often a check that finds nothing changed and the bare fetch take turns: a machine's pace changes by the
minute, and a ratio of two single runs with it.
"""
MANY: Final = 10_000
"""So many pairs are applied at the first latency alone: at the second the server's own time is nearly all of it."""

CHILDREN: Final = Path(__file__).parent / "children"
CLIENTS: Final = CHILDREN.parents[1] / "tests" / "clients" / "children"
PROGRAM: Final = (sys.executable, "-m", "dagster_managed_elements.cli")
CHECK, APPLY = "check", "apply"

FIRST: Final = "first apply"
NO_OP: Final = "check, nothing changed"
FETCH: Final = "bare fetch"
ONE_BY_ONE: Final = "one GET an object"

ACTS: Final = (
    ("check, nothing there", CHECK, False),
    (FIRST, APPLY, False),
    (NO_OP, CHECK, False),
    ("apply, nothing changed", APPLY, False),
    ("apply, one change", APPLY, True),
)

UPSTREAM_SIZES: Final = (1, 100)
UPSTREAM_SECONDS: Final = 120.0
"""How long one of its acts may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What an act, or one of the things beside it, cost; None where it did not end in time."""

    pairs: int
    latency: int
    act: str
    cost: Cost | None


def ours(sizes: Sequence[int] = SIZES) -> Iterator[Line]:
    """Every act, and what stands beside a check that finds nothing changed, size by size."""
    for pairs in sizes:
        for latency in LATENCIES if pairs < MANY else LATENCIES[:1]:
            with tempfile.TemporaryDirectory() as folder, served(Path(folder), *_OPTIONS) as server:
                server.slow_down(latency, per_item=PER_ITEM)
                for act, verb, changed in ACTS:
                    once = partial(_ours, server, pairs, verb, changed=changed)
                    of = partial(Line, pairs=pairs, latency=latency)
                    if act != NO_OP:
                        yield of(act=act, cost=replace(once(), asked=()))
                        continue
                    checks, fetches = list[Cost](), list[Cost]()
                    for _ in range(TURNS if pairs < MANY else 1):
                        checks.append(once())
                        asked = [each for each in checks[-1].asked if each["method"] == "POST"]
                        fetches.append(_replayed(server, asked))
                    yield of(act=act, cost=_typical(checks))
                    yield of(act=FETCH, cost=_typical(fetches))
                    yield of(act=ONE_BY_ONE, cost=_replayed(server, _one_by_one(server)))


def _typical(costs: Sequence[Cost]) -> Cost:
    """The median of each figure."""
    return replace(
        costs[0],
        wall=median(cost.wall for cost in costs),
        cpu=median(cost.cpu for cost in costs),
        memory=median(cost.memory for cost in costs),
        asked=(),
    )


_OPTIONS: Final = ("--no-schedules", "--no-install", "--log-bodies")


def _ours(server: Served, pairs: int, verb: str, *, changed: bool) -> Cost:
    yes = ("--yes",) if verb == APPLY else ()
    command = (*PROGRAM, verb, "-d", CHILDREN, "-m", "declared", *yes)
    return measure(server, command, environment=_told(server, pairs, changed=changed))


def _told(server: Served, pairs: int, *, changed: bool) -> dict[str, str]:
    return {"AIRBYTE_URL": server.url, "PAIRS": str(pairs), "CHANGED": "1" if changed else ""}


def _replayed(server: Served, requests: Sequence[object]) -> Cost:
    file = server.data / "requests.json"
    file.write_text(json.dumps(requests))
    return measure(server, (sys.executable, CHILDREN / "replay.py", server.url, file, str(IN_FLIGHT)))


def _one_by_one(server: Served) -> list[dict[str, object]]:
    """A request for each source and each connection there is."""
    here = server.ask("/api/v1/workspaces/list_by_organization_id", organizationId=_NO_ORGANIZATION)["workspaces"]
    there = server.ask("/api/v1/connections/list", workspaceId=here[0]["workspaceId"])["connections"]
    wanted = [("connections", "connectionId", each["connectionId"]) for each in there]
    wanted += [("sources", "sourceId", each["sourceId"]) for each in there]
    return [
        {"method": "POST", "path": f"/api/v1/{folder}/get", "request": {name: id_}} for folder, name, id_ in wanted
    ]


_NO_ORGANIZATION: Final = "00000000-0000-0000-0000-000000000000"


def upstream(sizes: Sequence[int] = UPSTREAM_SIZES, latency: int = LATENCIES[0]) -> Iterator[tuple[Line, Line]]:
    """Every act by Dagster's own reconciler and by ours, each on a local Airbyte 0.50 of its own.

    Its `check` says of nothing that it is in sync, and its `apply` writes everything each time.
    """
    try:
        python = environment("dagster_airbyte") / "bin" / "python"
    except subprocess.CalledProcessError as failed:
        print(f"Dagster's own dagster-airbyte could not be installed: {failed}")
        return
    for pairs in sizes:
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
            options = (*_OPTIONS, "--airbyte-version", "0.50")
            with served(Path(one), *options) as their_server, served(Path(other), *options) as our_server:
                their_server.slow_down(latency, per_item=PER_ITEM)
                our_server.slow_down(latency, per_item=PER_ITEM)
                for act, verb, changed in ACTS:
                    theirs = _theirs(their_server, python, pairs, verb, changed=changed)
                    mine = _ours(our_server, pairs, verb, changed=changed)
                    of = partial(Line, pairs=pairs, latency=latency, act=act)
                    yield of(cost=theirs), of(cost=mine)
                    if theirs is None:
                        break


def _theirs(server: Served, python: Path, pairs: int, verb: str, *, changed: bool) -> Cost | None:
    home = {"DAGSTER_HOME": str(server.data), "HOME": str(server.data), "PYTHONWARNINGS": "ignore"}
    (server.data / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    command = (python, CLIENTS / "command.py", verb, "-d", CHILDREN, "-m", "upstream")
    told = _told(server, pairs, changed=changed)
    try:
        return measure(server, command, seconds=UPSTREAM_SECONDS, environment={**told, **home})
    except TooLong:
        return None
    except Failed as failed:
        print(f"Dagster's own reconciler failed at {pairs} pairs:\n{failed}")
        return None
