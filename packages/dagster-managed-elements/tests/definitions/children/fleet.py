"""A fleet of three, as a code location: each of its places is a file that tells which process applied to it."""

import os
from pathlib import Path

from dagster import Definitions, in_process_executor, multiprocess_executor
from dagster_managed_elements import Reconciler
from dagster_managed_elements.definitions.reconciling import build_reconcile_job

from testing.memory_world import MemoryInstance, Node, Server


def told(name: str) -> str:
    Path(os.environ["FLEET_FOLDER"], f"{name}.applied").write_text(str(os.getpid()))
    return "ok"


def fleet() -> list[Reconciler]:
    return [
        Reconciler(MemoryInstance(Server(mishaps=lambda name=name: told(name)), name), [Node(name)], name=name)
        for name in ("north", "south", "west")
    ]


defs = Definitions(
    jobs=[
        build_reconcile_job(fleet(), name="in_process", executor_def=in_process_executor),
        build_reconcile_job(fleet(), name="multiprocess", executor_def=multiprocess_executor),
    ]
)
