"""A sync followed by itself, with somebody who answers as it is told: no server, no Dagster, no clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import anyio
import pytest
from dagster_managed_elements import DeclarationError, Lost, ServerFault, Unreachable
from dagster_managed_elements.definitions.following import Following, follow
from dagster_managed_elements.definitions.ports import Job


@dataclass
class Scripted:
    """*looks* are answered one after the other; an error among them is raised."""

    looks: list[Job | Exception]
    under_way: Job | None = None
    refuses: Exception | None = None
    done: list[str] = field(default_factory=list)

    async def running(self) -> Job | None:
        return self.under_way

    async def start(self) -> Job:
        self.done.append("start")
        return Job(id="7", status="pending")

    async def read(self, job_id: str, *, after: int | None = None) -> Job:
        self.done.append(f"look {job_id} after {after}")
        answer = self.looks.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def cancel(self, job_id: str) -> None:
        self.done.append(f"cancel {job_id}")
        if self.refuses is not None:
            raise self.refuses


def running(*lines: str) -> Job:
    return Job(id="7", status="running", lines=lines)


ENDED = Job(id="7", status="succeeded", lines=["bye"])


def followed(syncs: Scripted, following: Following | None = None) -> tuple[Job, list[str], list[float]]:
    told: list[str] = []
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    job = anyio.run(follow, syncs, following or Following(poll_interval=3), told.append, sleep)
    return job, told, slept


def test_each_look_asks_for_the_lines_that_are_new():
    syncs = Scripted([running("a", "b"), running(), ENDED])
    job, told, slept = followed(syncs)
    assert job == ENDED
    assert told == ["Job 7 was started.", "a\nb", "bye"]
    assert syncs.done == ["start", "look 7 after 0", "look 7 after 2", "look 7 after 2"]
    assert slept == [3, 3]


def test_a_long_log_is_told_a_hundred_lines_at_a_time():
    lines = [str(number) for number in range(250)]
    _, told, _ = followed(Scripted([running(*lines), ENDED]))
    assert [len(message.split("\n")) for message in told[1:]] == [100, 100, 50, 1]
    assert "\n".join(told[1:-1]).split("\n") == lines


def test_one_that_is_under_way_is_followed():
    syncs = Scripted([ENDED], under_way=Job(id="5", status="running"))
    followed(syncs)
    assert syncs.done == ["look 5 after 0"]


@pytest.mark.parametrize("error", [ServerFault("too long"), Lost("too long")])
def test_a_log_that_cannot_be_read_ends_the_forwarding_and_not_the_run(error):
    syncs = Scripted([running("a"), error, ENDED])
    _, told, _ = followed(syncs)
    assert syncs.done[1:] == ["look 7 after 0", "look 7 after 1", "look 7 after None"]
    assert told[2] == "What the job logs cannot be read, and is not forwarded any more: too long"


def test_who_wants_no_log_asks_for_none():
    syncs = Scripted([running(), ENDED])
    followed(syncs, Following(forwards_logs=False))
    assert syncs.done[1:] == ["look 7 after None"] * 2


def test_where_nobody_answers_the_job_is_left_for_the_next_attempt():
    syncs = Scripted([Unreachable("gone")])
    with pytest.raises(Unreachable):
        followed(syncs)
    assert syncs.done == ["start", "look 7 after 0"]


def interrupted(syncs: Scripted, **more: bool) -> Sequence[str]:
    """As when a run is cancelled between two looks."""
    told: list[str] = []

    async def go() -> None:
        with anyio.CancelScope() as scope:

            async def sleep(_seconds: float) -> None:
                scope.cancel()
                await anyio.lowlevel.checkpoint()

            await follow(syncs, Following(**more), told.append, sleep)

    anyio.run(go)
    return told


@pytest.mark.parametrize(
    ("cancels", "refuses", "said"),
    [
        (True, None, "Job 7 was cancelled with the run."),
        (True, Unreachable("gone"), "The run is cancelled, and job 7 could not be: gone"),
        (False, None, "Job 7 was started."),
    ],
)
def test_a_run_that_is_cancelled_cancels_its_job_where_that_is_wanted(cancels, refuses, said):
    syncs = Scripted([running()], refuses=refuses)
    assert interrupted(syncs, cancels=cancels)[-1] == said
    assert ("cancel 7" in syncs.done) == cancels


@dataclass
class Slow(Scripted):
    """Its run is cancelled, by *cancel_run*, while it is asked to start."""

    cancel_run: Callable[[], None] = lambda: None

    async def start(self) -> Job:
        job = await super().start()
        self.cancel_run()
        await anyio.lowlevel.checkpoint()
        return job


def test_a_job_that_is_being_started_as_its_run_is_cancelled_is_cancelled_too():
    syncs = Slow([])
    told: list[str] = []

    async def go() -> None:
        with anyio.CancelScope() as scope:
            syncs.cancel_run = scope.cancel
            await follow(syncs, Following(), told.append)

    anyio.run(go)
    assert syncs.done == ["start", "cancel 7"]
    assert told == ["Job 7 was started.", "Job 7 was cancelled with the run."]


def test_an_interval_of_nothing_is_refused():
    with pytest.raises(DeclarationError, match="poll_interval= wants seconds"):
        Following(poll_interval=0)
