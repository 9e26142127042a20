"""A sync followed by itself, with somebody who answers as it is told: no server, no Dagster, no clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import anyio
import pytest
from dagster_managed_elements import (
    DeclarationError,
    Lost,
    RateLimited,
    ServerFault,
    Unauthorized,
    Unreachable,
)
from dagster_managed_elements.definitions.following import Clock, Following, TimedOut, follow
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


@dataclass
class Watched:
    """A run without its clock: what it was told, and how long it slept."""

    told: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def follow(self, syncs: Scripted, following: Following | None = None) -> Job:
        clock = Clock(now=lambda: sum(self.slept), sleep=self.sleep)
        return anyio.run(follow, syncs, following or Following(poll_interval=3), self.told.append, clock)


def followed(syncs: Scripted, following: Following | None = None) -> tuple[Job, list[str], list[float]]:
    watched = Watched()
    return watched.follow(syncs, following), watched.told, watched.slept


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
    syncs = Scripted([running("a"), *[error, running()] * 3, running(), ENDED])
    _, told, _ = followed(syncs)
    tried = ["look 7 after 1", "look 7 after None"]
    assert syncs.done[1:] == ["look 7 after 0", *tried * 3, "look 7 after None", "look 7 after None"]
    assert told[2:-1] == ["What the job logs cannot be read, and is not forwarded any more: too long"]


def test_a_log_that_cannot_be_read_twice_is_told_the_third_time():
    error = ServerFault("busy")
    syncs = Scripted([running("a"), *[error, running(), error, running(), running("b")] * 2, ENDED])
    _, told, _ = followed(syncs)
    assert told == ["Job 7 was started.", "a", "b", "b", "bye"]


def test_a_log_that_cannot_be_read_as_the_job_ends_is_said_to_be_untold():
    _, told, _ = followed(Scripted([running("a"), ServerFault("busy"), Job(id="7", status="succeeded")]))
    assert told[2:] == ["What the job logs cannot be read, and is not forwarded any more: busy"]


def test_who_wants_no_log_asks_for_none():
    syncs = Scripted([running(), ENDED])
    followed(syncs, Following(forwards_logs=False))
    assert syncs.done[1:] == ["look 7 after None"] * 2


AWAY = [Unreachable("gone"), Lost("gone"), ServerFault("gone"), RateLimited("gone")]


@pytest.mark.parametrize("error", AWAY, ids=lambda error: type(error).__name__)
def test_a_server_that_is_away_for_some_minutes_is_waited_for_and_then_tells_the_rest_of_the_log(error):
    """Where an answer is lost each look is two: without what the job logs it may be little enough."""
    looks = 2 if isinstance(error, (Lost, ServerFault)) else 1
    outage = [error] * (190 * looks)
    syncs = Scripted([running("a"), *outage, running("b"), ENDED])
    job, told, slept = followed(syncs)
    assert job == ENDED
    assert told == [
        "Job 7 was started.",
        "a",
        "Job 7 cannot be read; it is tried again for 10 minutes: gone",
        "b",
        "bye",
    ]
    assert slept == [3] * 192


def test_each_outage_is_waited_for_anew():
    outage: list[Job | Exception] = [Unreachable("gone")] * 150
    _, told, _ = followed(Scripted([*outage, running(), *outage, ENDED]))
    assert sum("cannot be read" in line for line in told) == 2


def test_where_nobody_answers_for_long_the_job_is_left_for_the_next_attempt():
    syncs = Scripted([Unreachable("gone")] * 1000)
    watched = Watched()
    with pytest.raises(Unreachable):
        watched.follow(syncs)
    assert sum(watched.slept) == 600
    assert not any("cancel" in line for line in syncs.done)


def test_a_server_that_says_when_is_asked_then():
    _, _, slept = followed(
        Scripted([RateLimited("busy", retry_after=40), RateLimited("busy", retry_after=1), ENDED])
    )
    assert slept == [40, 3]


def test_a_server_that_says_tomorrow_is_asked_sooner_and_given_up_no_later():
    tomorrow = RateLimited("busy", retry_after=86400)
    _, _, slept = followed(Scripted([tomorrow, running(), ENDED]))
    assert slept == [120, 3]
    watched = Watched()
    with pytest.raises(RateLimited):
        watched.follow(Scripted([running(), *[tomorrow] * 10]), Following(poll_interval=40))
    assert sum(watched.slept) == 640
    watched = Watched()
    with pytest.raises(TimedOut):
        watched.follow(Scripted([tomorrow] * 2), Following(poll_interval=3, poll_timeout=10))
    assert watched.slept == [10]


def test_what_no_waiting_mends_ends_the_run_at_once():
    watched = Watched()
    with pytest.raises(Unauthorized):
        watched.follow(Scripted([Unauthorized("who?")]))
    assert watched.slept == []


@pytest.mark.parametrize("cancels", [True, False])
def test_a_sync_that_takes_too_long_is_given_up(cancels):
    syncs = Scripted([running()] * 5)
    watched = Watched()
    with pytest.raises(TimedOut, match=r"Job 7 is not over after 10 seconds \(poll_timeout\)"):
        watched.follow(syncs, Following(poll_interval=3, poll_timeout=10, cancels=cancels))
    assert sum(watched.slept) == 12
    assert ("cancel 7" in syncs.done) == cancels
    if cancels:
        assert watched.told[-1] == "The sync took too long, and job 7 was cancelled."


def interrupted(syncs: Scripted, **more: bool) -> Sequence[str]:
    """As when a run is cancelled between two looks."""
    told: list[str] = []

    async def go() -> None:
        with anyio.CancelScope() as scope:

            async def sleep(_seconds: float) -> None:
                scope.cancel()
                await anyio.lowlevel.checkpoint()

            await follow(syncs, Following(**more), told.append, Clock(sleep=sleep))

    anyio.run(go)
    return told


@pytest.mark.parametrize(
    ("cancels", "refuses", "said"),
    [
        (True, None, "The run is cancelled, and job 7 was cancelled."),
        (True, Unreachable("gone"), "The run is cancelled, and job 7 could not be cancelled: gone"),
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
    assert told == ["Job 7 was started.", "The run is cancelled, and job 7 was cancelled."]


@pytest.mark.parametrize("name", ["poll_interval", "poll_timeout"])
def test_seconds_of_nothing_are_refused(name):
    with pytest.raises(DeclarationError, match=f"{name}= wants seconds"):
        Following(**{name: 0})
