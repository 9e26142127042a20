"""The states of one run: read at its beginning; for an apply locked, written as it goes on, and let go at its end.

One that cannot be had stands in the way of its own places only.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import anyio
import anyio.to_thread

from dagster_managed_elements.engine.concurrency import meanwhile
from dagster_managed_elements.engine.errors import ManagedElementsError, StateError
from dagster_managed_elements.state.documents import Document, PlaceState
from dagster_managed_elements.state.fingerprints import FingerprintKey
from dagster_managed_elements.state.history import History
from dagster_managed_elements.state.locks import Lease, Locked, LostLock
from dagster_managed_elements.state.opening import open_store
from dagster_managed_elements.state.remembering import Remembered
from dagster_managed_elements.state.stores import Store

_FIRST_LOOK, _LONGEST_PAUSE = 0.05, 1.0
"""Seconds between looks at a lock that is waited for, twice as long each time."""
_KEEP: Final = 5.0
"""Seconds between looks after a lock that is held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Locking:
    """How a lock is had. *timeout* is in seconds, to wait for who holds it; *tell* is told once whom it waits for;
    *stop* ends the waiting, and is set where a lock is lost; *clock* and *sleep* are there so that tests need no
    time.
    """

    stop: anyio.Event
    timeout: float = 0.0
    tell: Callable[[str], None] = lambda _text: None
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep


@dataclass(slots=True)
class OpenState:
    """One state under way. *lease* is there where it may be written."""

    store: Store
    lease: Lease | None = None
    document: Document = field(default_factory=Document)
    tag: str | None = None
    lost: LostLock | None = None
    places: dict[str, Remembered] = field(default_factory=dict[str, Remembered])
    turn: anyio.Lock = field(default_factory=anyio.Lock)
    renewing: anyio.Lock = field(default_factory=anyio.Lock)

    def read(self) -> None:
        from dagster_managed_elements.state.encoding import decode

        if (there := self.store.read()) is not None:
            self.document, self.tag = decode(there.data, self.store.url), there.tag

    def place(self, identity: str, key: FingerprintKey | None, *, anew: bool) -> Remembered:
        """What is known of a place. Raises StateError where it was written with another key."""
        known = self.document.places.get(identity, PlaceState())
        return self.places.setdefault(identity, Remembered(identity, known, key, anew=anew))

    @property
    def elsewhere(self) -> list[str]:
        """The places it knows, other than those of this run."""
        return sorted(set(self.document.places) - set(self.places))

    async def assure(self) -> None:
        """That the lock is held still, right before what it is held for. Raises LostLock."""
        await self.renew(early=True)

    async def renew(self, *, early: bool = False) -> None:
        """One at a time: of two at once each would take the other for a rival. Raises LostLock."""
        if self.lease is not None:
            async with self.renewing:
                await anyio.to_thread.run_sync(partial(self.lease.renew, early=early))

    @property
    def history(self) -> History:
        return History(self.store)

    async def write(self) -> None:
        """All that is known by now, where that is more than is written. Raises StateError, LostLock."""
        from dagster_managed_elements.state.encoding import encode

        async with self.turn:
            if self.lost is not None:
                raise self.lost
            known = {identity: remembered.state for identity, remembered in self.places.items()}
            places = {**self.document.places, **known}
            if places == self.document.places:
                return
            document = Document(serial=self.document.serial + 1, places=places)
            self.tag = await anyio.to_thread.run_sync(self.store.write, encode(document), self.tag)
            self.document = document


class States:
    """The states of a run, by URL."""

    def __init__(self) -> None:
        self.opened: dict[str, OpenState | ManagedElementsError] = {}

    def of(self, url: str) -> OpenState:
        """Raises ManagedElementsError where it could not be had."""
        found = self.opened[url]
        if isinstance(found, ManagedElementsError):
            raise found
        return found


@asynccontextmanager
async def opened(urls: Iterable[str], locking: Locking | None = None) -> AsyncGenerator[States]:
    """Each of *urls* read; with *locking* each locked before, in an order that no two runs wait for each other."""
    states = States()
    try:
        for url in sorted(set(urls)):
            states.opened[url] = await _tried(url, locking)
        held = [state for state in states.opened.values() if isinstance(state, OpenState) and state.lease]
        async with meanwhile(*(partial(_keep, state, locking) for state in held if locking is not None)):
            yield states
    finally:
        with anyio.CancelScope(shield=True):
            for state in states.opened.values():
                if isinstance(state, OpenState) and state.lease is not None:
                    await anyio.to_thread.run_sync(state.lease.release)


async def _tried(url: str, locking: Locking | None) -> OpenState | ManagedElementsError:
    try:
        return await _open(url, locking)
    except ManagedElementsError as error:
        return error


async def _open(url: str, locking: Locking | None) -> OpenState:
    opened = OpenState(open_store(url))
    if locking is not None:
        opened.lease = Lease(opened.store, clock=locking.clock)
        await _locked(opened.lease, url, locking)
    try:
        await anyio.to_thread.run_sync(opened.read)
    except BaseException:
        if opened.lease is not None:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(opened.lease.release)
        raise
    return opened


async def _locked(lease: Lease, url: str, locking: Locking) -> None:
    waited, pause, told = 0.0, _FIRST_LOOK, False
    try:
        while (holder := await anyio.to_thread.run_sync(lease.take)) is not None:
            if waited >= locking.timeout or locking.stop.is_set():
                raise Locked(url, holder)
            if not told:
                locking.tell(f"waiting for the lock of the state {url}, which {holder} holds")
                told = True
            pause = min(pause, locking.timeout - waited)
            await locking.sleep(pause)
            waited, pause = waited + pause, min(2 * pause, _LONGEST_PAUSE)
    except BaseException:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(lease.release)
        raise


async def _keep(state: OpenState, locking: Locking) -> None:
    """Renew the lock and write down what is known by now, until cancelled; a lost lock ends the run."""
    while state.lease is not None:
        await locking.sleep(_KEEP)
        try:
            await state.renew()
            await state.write()
        except LostLock as error:
            state.lost = error
            locking.stop.set()
            return
        except StateError:
            continue  # it is tried again, and said at the end
