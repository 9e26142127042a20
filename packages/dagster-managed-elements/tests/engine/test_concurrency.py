"""Work begun from a script, a thread, a running loop; and what an interrupt does to it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from types import FrameType
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from dagster_managed_elements.engine.concurrency import WoundUp, concurrently, run_blocking
from dagster_managed_elements.engine.errors import ServerFault

WHERE: ContextVar[str] = ContextVar("where", default="nowhere")


async def where(_stop: anyio.Event) -> str:
    await anyio.lowlevel.checkpoint()
    return WHERE.get()


def in_a_script(call: Callable[[], object]) -> object:
    return call()


def in_a_running_loop(call: Callable[[], object]) -> object:
    async def cell() -> object:
        return call()

    # As a notebook has it: asyncio.run would take the first interrupt for itself.
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(cell())
    finally:
        loop.close()


def in_a_thread(call: Callable[[], object]) -> object:
    results: list[object] = []

    def run() -> None:
        WHERE.set("here")
        results.append(call())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return results[0]


EVERYWHERE = pytest.mark.parametrize("place", [in_a_script, in_a_running_loop, in_a_thread])


@EVERYWHERE
def test_work_runs_wherever_it_is_begun_and_keeps_the_callers_context(place: Callable[..., object]) -> None:
    token = WHERE.set("here")
    try:
        assert place(lambda: run_blocking(where)) == "here"
    finally:
        WHERE.reset(token)


@pytest.mark.parametrize("place", [in_a_script, in_a_running_loop])
@pytest.mark.parametrize("error", [KeyError("x"), ServerFault("down")])
def test_what_work_raises_is_raised_as_itself(place: Callable[..., object], error: Exception) -> None:
    async def fail(_stop: anyio.Event) -> None:
        await concurrently(_raise, _forever)

    async def _raise() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        place(lambda: run_blocking(fail))
    assert raised.value is error


async def _forever() -> None:
    await anyio.sleep_forever()


async def press_ctrl_c() -> None:
    """Once the caller has nothing left to do but wait for the result."""
    while not waits_blocked(sys._current_frames().get(threading.main_thread().ident or 0)):
        await anyio.lowlevel.checkpoint()
    os.kill(os.getpid(), signal.SIGINT)


def waits_blocked(frame: FrameType | None) -> bool:
    names: list[str] = []
    while frame is not None and len(names) < 5:
        names.append(frame.f_code.co_name)
        frame = frame.f_back
    return names[0] == "wait" and "_awaited" in names


@pytest.fixture(autouse=True)
def ctrl_c() -> Iterator[None]:
    """As a terminal has it: whoever started these tests may have had it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("place", [in_a_script, in_a_running_loop])
def test_an_interrupt_lets_work_wind_up_before_it_is_raised(place: Callable[..., object]) -> None:
    ended: list[str] = []

    async def work(stop: anyio.Event) -> None:
        await press_ctrl_c()
        with anyio.fail_after(10):
            await stop.wait()
        await anyio.lowlevel.checkpoint()
        ended.append("in order")

    def interrupted() -> None:
        with pytest.raises(KeyboardInterrupt):
            run_blocking(work)

    place(interrupted)
    assert ended == ["in order"]


@pytest.mark.parametrize("place", [in_a_script, in_a_running_loop])
def test_an_interrupt_cuts_off_work_that_has_nothing_to_wind_up(place: Callable[..., object]) -> None:
    ended: list[str] = []

    async def work(_stop: anyio.Event) -> None:
        await press_ctrl_c()
        try:
            await anyio.sleep_forever()
        finally:
            ended.append("cut off")

    def interrupted() -> None:
        with pytest.raises(KeyboardInterrupt):
            run_blocking(work, winds_up=False)

    place(interrupted)
    assert ended == ["cut off"]


def test_calls_run_at_once_and_the_first_failure_ends_the_others() -> None:
    reached: list[str] = []
    both = anyio.Event()

    async def first() -> None:
        await both.wait()
        raise ServerFault("down")

    async def second() -> None:
        both.set()
        try:
            await anyio.sleep_forever()
        finally:
            reached.append("ended")

    calls: list[Callable[[], Awaitable[object]]] = [first, second]
    with pytest.raises(ServerFault, match="down"):
        anyio.run(concurrently, *calls)
    assert reached == ["ended"]


class Terminated(BaseException):
    """As Dagster has it, whose handler raises an interruption of its own."""


def test_who_handles_signals_himself_says_what_an_interruption_is_raised_as():
    def handler(_number: int, _frame: FrameType | None) -> None:
        raise Terminated

    async def work(stop: anyio.Event) -> str:
        await press_ctrl_c()
        with anyio.fail_after(10):
            await stop.wait()
        return "in order"

    signal.signal(signal.SIGINT, handler)
    with pytest.raises(WoundUp) as raised:
        run_blocking(work, interrupts=(KeyboardInterrupt, Terminated))
    assert raised.value.result == "in order"


def test_an_interrupt_while_the_work_is_being_started_lets_it_wind_up() -> None:
    begun = threading.Event()

    async def work(stop: anyio.Event) -> str:
        begun.set()
        with anyio.fail_after(10):
            await stop.wait()
        return "in order"

    def interrupt_at_the_end(frame: FrameType, event: str, _: object) -> Any:
        caller = frame.f_back
        if frame.f_code.co_name != "start_task_soon" or caller is None or caller.f_code.co_name != "run_blocking":
            return None
        if event == "return" and begun.wait(10):
            sys.settrace(None)
            raise KeyboardInterrupt
        return interrupt_at_the_end

    sys.settrace(interrupt_at_the_end)
    try:
        with pytest.raises(WoundUp) as raised:
            run_blocking(work)
    finally:
        sys.settrace(None)
    assert raised.value.result == "in order"
