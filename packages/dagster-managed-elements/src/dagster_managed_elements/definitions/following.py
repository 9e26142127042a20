"""One sync, from its start to its end: started, or found under way, looked at, cancelled with the run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import anyio
import anyio.lowlevel

from dagster_managed_elements.definitions.ports import Job, Syncs
from dagster_managed_elements.engine.errors import DeclarationError, Lost, ManagedElementsError, ServerFault

_CANCEL_SECONDS: Final = 60.0
"""How long a run that is cancelled waits until its sync is, too."""

_LINES: Final = 100
"""Told at once: each message is a row in Dagster's storage, and a sync may log more than a hundred thousand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """How a sync is followed.

    Args:
        poll_interval: Seconds between two reads.
        cancels: Whether the sync is cancelled with the run.
        forwards_logs: Whether what the sync logs is logged by the run.

    Raises:
        DeclarationError: Where the interval is none.
    """

    poll_interval: float = 10.0
    cancels: bool = True
    forwards_logs: bool = True

    def __post_init__(self) -> None:
        if not self.poll_interval > 0:
            raise DeclarationError(f"poll_interval= wants seconds, more than 0, not {self.poll_interval}.")


async def follow(
    syncs: Syncs,
    following: Following,
    tell: Callable[[str], None],
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
) -> Job:
    """The job at its end, however it ended. *tell* is told what happens, and what the job logs.

    A sync that is under way is followed in place of a second one: it may be that of this run, begun before it was
    restarted. Where a read fails the job goes on, for the next attempt to find.
    """
    if (job := await syncs.running()) is not None:
        tell(f"Job {job.id} is under way already; it is followed, and no other one started.")
    else:
        job = await _started(syncs)
        tell(f"Job {job.id} was started.")
    try:
        await anyio.lowlevel.checkpoint_if_cancelled()
        return await _to_its_end(syncs, job.id, following, tell, sleep)
    except anyio.get_cancelled_exc_class():
        if following.cancels:
            await _cancel(syncs, job.id, tell)
        raise


async def _started(syncs: Syncs) -> Job:  # pyright: ignore[reportReturnType] - the scope swallows nothing
    """A run that is cancelled meanwhile waits for the answer: what nobody knows of, nobody cancels."""
    with anyio.CancelScope(shield=True):
        return await syncs.start()


async def _to_its_end(
    syncs: Syncs,
    job_id: str,
    following: Following,
    tell: Callable[[str], None],
    sleep: Callable[[float], Awaitable[None]],
) -> Job:
    after = 0 if following.forwards_logs else None
    while True:
        try:
            job = await syncs.read(job_id, after=after)
        except (ServerFault, Lost) as error:
            if after is None:
                raise
            tell(f"What the job logs cannot be read, and is not forwarded any more: {error}")
            after = None
            continue
        for begin in range(0, len(job.lines), _LINES):
            tell("\n".join(job.lines[begin : begin + _LINES]))
        after = None if after is None else after + len(job.lines)
        if job.is_over:
            return job
        await sleep(following.poll_interval)


async def _cancel(syncs: Syncs, job_id: str, tell: Callable[[str], None]) -> None:
    """Even now that all else is: until the server has answered, or for a minute."""
    with anyio.move_on_after(_CANCEL_SECONDS, shield=True) as scope:
        try:
            await syncs.cancel(job_id)
        except ManagedElementsError as error:
            tell(f"The run is cancelled, and job {job_id} could not be: {error}")
        else:
            tell(f"Job {job_id} was cancelled with the run.")
    if scope.cancelled_caught:
        tell(f"The run is cancelled; whether job {job_id} is, nobody knows: no answer came.")
