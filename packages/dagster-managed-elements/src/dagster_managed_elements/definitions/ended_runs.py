"""A step of a run that is over. A queue may deliver it when nobody waits for it any longer, or let it go on: Celery
does both, and nobody looks then at what it writes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import anyio
import anyio.to_thread
from dagster import DagsterRunStatus, Failure, OpExecutionContext

from dagster_managed_elements.engine.concurrency import concurrently

T = TypeVar("T")


def refuse_what_is_over(context: OpExecutionContext) -> None:
    """Raises Failure where the run of the step is over before the step begins."""
    if (status := over(context)) is not None:
        raise Failure(f"The run is over ({status.value}): nothing was done.", allow_retries=False)


def over(context: OpExecutionContext) -> DagsterRunStatus | None:
    """What ended the run of the step, or is ending it; None while it is under way."""
    run = context.instance.get_run_by_id(context.run_id)
    if run is not None and (run.is_finished or run.status is DagsterRunStatus.CANCELING):
        return run.status
    return None


@dataclass(slots=True, kw_only=True)
class RunWatch:
    """Asks every so many seconds whether the run of a step is *over*; *ended* is what was found so."""

    over: Callable[[], DagsterRunStatus | None]
    every: float
    ended: DagsterRunStatus | None = field(default=None, init=False)

    async def during(self, call: Callable[[anyio.Event], Awaitable[T]], stop: anyio.Event) -> T:
        """What *call* returns, whose *stop* is set as the run is over."""
        returned: list[T] = []
        done = anyio.Event()

        async def act() -> None:
            try:
                returned.append(await call(stop))
            finally:
                done.set()

        async def watch() -> None:
            while self.ended is None:
                with anyio.move_on_after(self.every):
                    await done.wait()
                    return
                try:
                    self.ended = await anyio.to_thread.run_sync(self.over)
                except Exception:  # noqa: BLE001, S112 - a database that is away for a moment ends no run
                    continue
            stop.set()

        await concurrently(act, watch)
        return returned[0]
