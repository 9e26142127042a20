"""One sync, from its start to its end: started, or found under way, looked at, cancelled with the run."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import anyio
import anyio.lowlevel

from dagster_managed_elements.definitions.ports import Job, Syncs
from dagster_managed_elements.engine.errors import (
    DeclarationError,
    Lost,
    ManagedElementsError,
    RateLimited,
    ServerFault,
    Unreachable,
)

_PATIENCE: Final = 600.0
"""Seconds of reads that fail, one after the other, until nobody waits any more: a server is restarted in less."""

_LONGEST_PAUSE: Final = 120.0
"""Seconds until a server is asked again that wants more: what it says of tomorrow may be over in a minute."""

_MOST_UNREAD: Final = 3
"""Looks in a row that tell of the job and not of what it logs, until that is given up: one is soon lost."""

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
        poll_timeout: Seconds after which nobody waits for its end any more.

    Raises:
        DeclarationError: Where the interval or the time-out is none.
    """

    poll_interval: float = 10.0
    cancels: bool = True
    forwards_logs: bool = True
    poll_timeout: float = math.inf

    def __post_init__(self) -> None:
        for name in ("poll_interval", "poll_timeout"):
            if not (seconds := getattr(self, name)) > 0:
                raise DeclarationError(f"{name}= wants seconds, more than 0, not {seconds}.")


@dataclass(frozen=True, slots=True)
class Clock:
    """What time it is, in seconds, and how some of it passes."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = field(default=anyio.sleep)


class TimedOut(ManagedElementsError):
    """A sync was not over in the time that it was given."""


async def follow(
    syncs: Syncs, following: Following, tell: Callable[[str], None], clock: Clock | None = None
) -> Job:
    """The job at its end, however it ended. *tell* is told what happens, and what the job logs.

    A sync that is under way is followed in place of a second one: it may be that of this run, begun before it was
    restarted. A server that is away is waited for, ten minutes long; then the error is raised that it is away by,
    and the job goes on, for the next attempt to find. TimedOut where it took too long: it is cancelled, as it
    would be with the run.
    """
    if (job := await syncs.running()) is not None:
        tell(f"Job {job.id} is under way already; it is followed, and no other one started.")
    else:
        job = await _started(syncs)
        tell(f"Job {job.id} was started.")
    try:
        await anyio.lowlevel.checkpoint_if_cancelled()
        return await _to_its_end(syncs, job.id, following, tell, clock or Clock())
    except (anyio.get_cancelled_exc_class(), TimedOut) as end:
        if following.cancels:
            why = "The sync took too long" if isinstance(end, TimedOut) else "The run is cancelled"
            await _cancel(syncs, job.id, why, tell)
        raise


async def _started(syncs: Syncs) -> Job:  # pyright: ignore[reportReturnType] - the scope swallows nothing
    """A run that is cancelled meanwhile waits for the answer: what nobody knows of, nobody cancels."""
    with anyio.CancelScope(shield=True):
        return await syncs.start()


async def _to_its_end(
    syncs: Syncs, job_id: str, following: Following, tell: Callable[[str], None], clock: Clock
) -> Job:
    after = 0 if following.forwards_logs else None
    begun = clock.now()
    away: float | None = None
    unread = 0
    while True:
        pause = 0.0
        try:
            job, lack = await _read(syncs, job_id, after)
        except (Unreachable, Lost, ServerFault, RateLimited) as error:
            away = _still_away(away, clock.now(), job_id, error, tell)
            pause = min(error.retry_after or 0, _LONGEST_PAUSE, away + _PATIENCE - clock.now())
        else:
            away = None
            for begin in range(0, len(job.lines), _LINES):
                tell("\n".join(job.lines[begin : begin + _LINES]))
            unread = unread + 1 if lack is not None else 0
            if lack is not None and (job.is_over or unread == _MOST_UNREAD):
                tell(f"What the job logs cannot be read, and is not forwarded any more: {lack}")
                after = None
            if job.is_over:
                return job
            after = None if after is None else after + len(job.lines)
        passed = clock.now() - begun
        if passed >= following.poll_timeout:
            raise TimedOut(f"Job {job_id} is not over after {following.poll_timeout:g} seconds (poll_timeout).")
        await clock.sleep(max(following.poll_interval, min(pause, following.poll_timeout - passed)))


async def _read(syncs: Syncs, job_id: str, after: int | None) -> tuple[Job, ManagedElementsError | None]:
    """The job, and why what it logs cannot be read: where that alone is too much for the server, it is done
    without.
    """
    try:
        return await syncs.read(job_id, after=after), None
    except (ServerFault, Lost) as error:
        if after is None:
            raise
        return await syncs.read(job_id, after=None), error


def _still_away(
    since: float | None, now: float, job_id: str, error: ManagedElementsError, tell: Callable[[str], None]
) -> float:
    """Since when the server is away; told once. Raises *error* where that is too long."""
    if since is None:
        tell(f"Job {job_id} cannot be read; it is tried again for {_PATIENCE / 60:g} minutes: {error}")
        return now
    if now - since >= _PATIENCE:
        raise error
    return since


async def _cancel(syncs: Syncs, job_id: str, why: str, tell: Callable[[str], None]) -> None:
    """Even now that all else is: until the server has answered, or for a minute."""
    with anyio.move_on_after(_CANCEL_SECONDS, shield=True) as scope:
        try:
            await syncs.cancel(job_id)
        except ManagedElementsError as error:
            tell(f"{why}, and job {job_id} could not be cancelled: {error}")
        else:
            tell(f"{why}, and job {job_id} was cancelled.")
    if scope.cancelled_caught:
        tell(f"{why}; whether job {job_id} was cancelled, nobody knows: no answer came.")
