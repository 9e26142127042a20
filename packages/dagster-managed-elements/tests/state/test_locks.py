"""The lock: one holder at a time, whoever dies lets go, and whoever lost it is told."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest
from dagster_managed_elements.engine.errors import StateError
from dagster_managed_elements.state import locks
from dagster_managed_elements.state.holding import Locking, opened
from dagster_managed_elements.state.locks import LEASE, Lease, Locked, LostLock, holder_of, read_lock, unlock
from dagster_managed_elements.state.opening import open_store
from dagster_managed_elements.state.stores import Moved, Store


@dataclass
class Clock:
    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Elsewhere:
    """A store as another machine sees it: no process of the holder's is known here."""

    inner: Store
    failing: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.inner.url

    def read(self, suffix: str = "") -> Any:
        return self.inner.read(suffix)

    def write(self, data: bytes, replacing: str | None, suffix: str = "") -> str:
        if self.failing:
            raise StateError(self.failing[0])
        return self.inner.write(data.replace(locks.this_machine().encode(), b"elsewhere"), replacing, suffix)


def test_one_holds_it_and_the_other_is_told_who(store: Store) -> None:
    one, other = Lease(store), Lease(store)
    assert one.take() is None
    holder = other.take()
    assert holder is not None
    assert str(holder).startswith(f"{holder.owner} on {holder.host} (process ")
    one.release()
    assert other.take() is None
    one.release()  # it is not its own any more
    assert one.take() is not None


def test_it_is_renewed_while_it_is_held_and_ends_when_it_is_not(store: Store) -> None:
    clock = Clock()
    one, other = Lease(Elsewhere(store), clock=clock), Lease(store, clock=clock)
    assert one.take() is None
    for _ in range(10):
        clock.now += LEASE / 2
        one.renew()
        assert other.take() is not None
    clock.now += 2 * LEASE - 1
    assert other.take() is not None
    clock.now += 2
    assert other.take() is None
    with pytest.raises(LostLock, match="was lost: it was taken by"):
        one.renew()
    assert not one.held


def test_it_is_written_no_more_often_than_is_needed(store: Store) -> None:
    clock = Clock()
    lease = Lease(store, clock=clock)
    lease.take()
    before = read_lock(store)
    clock.now += LEASE / 5
    lease.renew()
    assert read_lock(store) == before


def test_a_renewal_that_fails_is_tried_again_until_it_would_be_too_late(store: Store) -> None:
    clock, flaky = Clock(), Elsewhere(store)
    lease = Lease(flaky, clock=clock)
    lease.take()
    flaky.failing.append("no answer")
    clock.now += LEASE / 2
    lease.renew()
    clock.now += LEASE / 3
    with pytest.raises(LostLock, match="could not be renewed: no answer"):
        lease.renew()


def test_a_process_of_this_machine_that_ended_holds_nothing(url: str) -> None:
    script = "import sys; from dagster_managed_elements.state.locks import *; "
    script += "from dagster_managed_elements.state.opening import open_store; "
    script += "print(Lease(open_store(sys.argv[1])).take())"
    if url.startswith("memory"):
        pytest.skip("no other process sees it")
    ended = subprocess.run([sys.executable, "-c", script, url], capture_output=True, text=True, check=True)
    assert ended.stdout == "None\n"
    store = open_store(url)
    holder = holder_of(read_lock(store), url)
    assert holder is not None
    assert holder.is_dead
    assert Lease(store).take() is None


def test_unlocking_ends_what_was_seen_and_nothing_newer(store: Store) -> None:
    clock = Clock()
    lease = Lease(store, clock=clock)
    lease.take()
    seen = read_lock(store)
    assert seen is not None
    clock.now += LEASE / 2
    lease.renew()
    with pytest.raises(Moved):
        unlock(store, seen)
    now = read_lock(store)
    assert now is not None
    unlock(store, now)
    assert holder_of(read_lock(store), store.url) is None
    clock.now += LEASE / 2
    with pytest.raises(LostLock, match="dagster-me unlock"):
        lease.renew()


@pytest.mark.parametrize("damage", [b"{", b"[]", b'{"token": "x"}', b'{"token": "x", "since": 1}', b"\xff"])
def test_a_lock_that_cannot_be_read_is_no_free_lock(store: Store, damage: bytes) -> None:
    store.write(damage, None, ".lock")
    with pytest.raises(StateError, match="cannot be read; `dagster-me unlock"):
        Lease(store).take()
    seen = read_lock(store)
    assert seen is not None
    unlock(store, seen)
    assert Lease(store).take() is None


@dataclass
class Time:
    """Passes only where somebody waits, and does something meanwhile."""

    meanwhile: Callable[[], None] = lambda: None
    clock: Clock = field(default_factory=Clock)
    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        await anyio.lowlevel.checkpoint()
        self.clock.now += seconds
        self.slept.append(seconds)
        self.meanwhile()


def test_who_waits_says_so_once_and_has_it_when_it_is_free(url: str) -> None:
    holder = Lease(open_store(url))
    holder.take()
    time, told = Time(), list[str]()
    time.meanwhile = lambda: holder.release() if len(time.slept) == 3 else None

    async def go() -> None:
        how = Locking(stop=anyio.Event(), timeout=9.0, tell=told.append, clock=time.clock, sleep=time.sleep)
        async with opened([url], how) as states:
            assert states.of(url).lease.held

    anyio.run(go)
    assert len(told) == 1
    assert told[0].startswith(f"waiting for the lock of the state {url}, which ")
    assert holder_of(read_lock(open_store(url)), url) is None


def test_who_waits_in_vain_is_told_who_holds_it_and_what_to_do(url: str) -> None:
    Lease(open_store(url)).take()
    time = Time()

    async def go() -> None:
        how = Locking(stop=anyio.Event(), timeout=5.0, clock=time.clock, sleep=time.sleep)
        async with opened([url], how) as states:
            with pytest.raises(Locked, match=f"dagster-me unlock --state {url}"):
                states.of(url)

    anyio.run(go)
    assert sum(time.slept) == pytest.approx(5.0)


def test_a_lost_lock_stops_the_run_and_nothing_more_is_written(url: str) -> None:
    time = Time()

    async def go() -> None:
        stop, store = anyio.Event(), open_store(url)
        async with opened([url], Locking(stop=stop, clock=time.clock, sleep=time.sleep)) as states:
            unlock(store, read_lock(store))
            await stop.wait()
            state = states.of(url)
            state.place("place", None, anew=False)
            with pytest.raises(LostLock):
                await state.write()
        assert store.read() is None

    anyio.run(go)


def test_what_is_known_is_written_down_while_the_run_goes_on(url: str) -> None:
    time, written = Time(), anyio.Event()
    store = open_store(url)
    time.meanwhile = lambda: written.set() if store.read() else None

    async def go() -> None:
        how = Locking(stop=anyio.Event(), clock=time.clock, sleep=time.sleep)
        async with opened([url], how) as states:
            states.of(url).place("place", None, anew=False)
            await written.wait()

    anyio.run(go)


def test_what_happens_within_comes_out_as_itself_and_the_lock_is_free(url: str) -> None:
    async def go() -> None:
        with pytest.raises(ZeroDivisionError):
            async with opened([url], Locking(stop=anyio.Event())):
                raise ZeroDivisionError

        with anyio.move_on_after(0):
            async with opened([url], Locking(stop=anyio.Event())):
                await anyio.sleep_forever()

    anyio.run(go)
    assert holder_of(read_lock(open_store(url)), url) is None
