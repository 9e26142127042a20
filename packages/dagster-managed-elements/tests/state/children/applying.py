"""Applies so many times, each time one element more, with a state it shares; says when it writes and when it has.

applying.py STATE PLACE TIMES LOG
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

import anyio
from dagster_managed_elements.applying import apply
from dagster_managed_elements.reconciler import Reconciler
from dagster_managed_elements.reconciling import Options

from testing.memory_world import MemoryInstance, Node, Server


@dataclass
class Noted(Server):
    """Each write is in the log before it begins and once it has ended."""

    log: int = 0

    def write(self, what: str, act: Callable[[], None], *, create: bool = False) -> None:
        os.write(self.log, f"{os.getpid()} begins\n".encode())
        super().write(what, act, create=create)
        os.write(self.log, f"{os.getpid()} ends\n".encode())


def main() -> None:
    state, place, times, path = sys.argv[1:]
    server = Noted(log=os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT))
    for number in range(1, int(times) + 1):
        reconciler = Reconciler(MemoryInstance(server, place), [Node(f"n{each}") for each in range(number)])

        async def go(of: Reconciler = reconciler) -> None:
            (result,) = await apply([of], Options(state=state, lock_timeout=100.0), anyio.Event())
            if result.error is not None:
                raise result.error
            assert result.report is not None
            assert result.report.ok, result.report

        anyio.run(go)


main()
