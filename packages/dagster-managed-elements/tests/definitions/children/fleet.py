"""A fleet of three, as a code location: each of its places is a file that tells which process applied to it. One of
the job `pooled` is a door through which one goes at a time.
"""

import os
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from dagster import Definitions, in_process_executor, multiprocess_executor
from dagster_managed_elements import Reconciler
from dagster_managed_elements.definitions.reconciling import build_reconcile_job

from testing.memory_world import MemoryInstance, Node, Server

SECONDS = 240.0


def told(name: str) -> str:
    Path(os.environ["FLEET_FOLDER"], f"{name}.applied").write_text(str(os.getpid()))
    return "ok"


def entered(name: str) -> str:
    """Fails where somebody is inside; stays until all doors are opened."""
    folder = Path(os.environ["FLEET_FOLDER"])
    door = folder / f"{name}.door"
    try:
        door.touch(exist_ok=False)
    except FileExistsError:
        return "fail"
    deadline = time.monotonic() + SECONDS
    while not (folder / "open").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    door.unlink()
    return "ok"


def fleet(
    happens: Callable[[str], str] = told, names: Iterable[str] = ("north", "south", "west")
) -> list[Reconciler]:
    return [
        Reconciler(MemoryInstance(Server(mishaps=partial(happens, name)), name), [Node(name)], name=name)
        for name in names
    ]


defs = Definitions(
    jobs=[
        build_reconcile_job(fleet(), name="in_process", executor_def=in_process_executor),
        build_reconcile_job(fleet(), name="multiprocess", executor_def=multiprocess_executor),
        build_reconcile_job(
            fleet(entered, ["north", "south"]),
            name="pooled",
            executor_def=in_process_executor,
            pool="airbyte/{instance}",
        ),
    ]
)
