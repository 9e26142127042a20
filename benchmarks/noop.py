"""A check of what is in sync already, beside what it costs a tool that reads each object by itself.

The peer is the least a state-based tool does to see drift: one GET an object, ten in flight, nothing compared.
It is a floor for such tools, not a run of one: what they do on top comes on top. Server latency is stated.
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection

import anyio
import httpx

from benchmarks.workload import in_sync, reconciler

LATENCY = {"base_ms": 20.0, "per_item_ms": 0.1}
"""Of the simulated server: milliseconds a request, and for each object in its answer."""

IN_FLIGHT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """*wall* and *cpu* in seconds, *memory* the peak in MB, of the client's process alone."""

    requests: int
    wall: float
    cpu: float
    memory: float


def ours(url: str, pairs: int) -> None:
    diff = reconciler(url, pairs).check()
    if not diff.is_empty():
        raise SystemExit(f"the workload is not in sync:\n{diff}")


def one_by_one(url: str, _pairs: int) -> None:
    anyio.run(_one_by_one, url)


async def _one_by_one(url: str) -> None:
    async with httpx.AsyncClient(base_url=f"{url}/api/v1/", trust_env=False, timeout=60) as http:
        organization = {"organizationId": "00000000-0000-0000-0000-000000000000"}
        found = (await http.post("workspaces/list_by_organization_id", json=organization)).json()
        workspace = {"workspaceId": found["workspaces"][0]["workspaceId"]}
        connections = (await http.post("connections/list", json=workspace)).json()["connections"]
        asked = [("connections/get", {"connectionId": each["connectionId"]}) for each in connections]
        asked += [("sources/get", {"sourceId": each["sourceId"]}) for each in connections]
        limiter = anyio.CapacityLimiter(IN_FLIGHT)

        async def get(path: str, body: dict[str, str]) -> None:
            async with limiter:
                (await http.post(path, json=body)).raise_for_status()

        async with anyio.create_task_group() as group:
            for path, body in asked:
                group.start_soon(get, path, body)


def _run(work: Callable[[str, int], None], url: str, pairs: int, out: Connection) -> None:
    start, before = time.perf_counter(), time.process_time()
    work(url, pairs)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    out.send((time.perf_counter() - start, time.process_time() - before, memory))


def measure(work: Callable[[str, int], None], pairs: int) -> Cost:
    """*work* in a process of its own, against a server that has *pairs* pairs."""
    with in_sync(pairs) as server:
        server.fault("", "latency", **LATENCY)
        receiving, sending = multiprocessing.Pipe(duplex=False)
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=_run, args=(work, server.url, pairs, sending))
        process.start()
        sending.close()
        wall, cpu, memory = receiving.recv()
        process.join()
        return Cost(requests=len(server.requests), wall=wall, cpu=cpu, memory=memory)


def main() -> None:
    base, item = LATENCY["base_ms"], LATENCY["per_item_ms"]
    print(f"No-op check; the server answers in {base:.0f} ms and {item} ms an object.\n")
    print(f"{'pairs':>6} {'':>12} {'requests':>9} {'wall s':>8} {'CPU s':>7} {'peak MB':>8}")
    for pairs in (100, 1000, 3000):
        mine, theirs = measure(ours, pairs), measure(one_by_one, pairs)
        for name, cost in (("check", mine), ("one by one", theirs)):
            print(
                f"{pairs:>6} {name:>12} {cost.requests:>9} {cost.wall:>8.2f} {cost.cpu:>7.2f} {cost.memory:>8.0f}"
            )
        print(
            f"{'':>6} {'ratio':>12} {theirs.requests / mine.requests:>8.1f}x {theirs.wall / mine.wall:>7.1f}x "
            f"{theirs.cpu / mine.cpu:>6.1f}x {theirs.memory / mine.memory:>7.1f}x\n"
        )
