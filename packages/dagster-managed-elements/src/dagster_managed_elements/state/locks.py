"""The lock of a state: who may apply. A lease, since whoever holds it may die: it ends by itself unless renewed.

It is an object beside the state, written over only by who read it last; it is set free, never deleted, so that
nobody deletes that of another. That clocks agree within a lease's length is all it asks of machines.
"""

from __future__ import annotations

import json
import os
import platform
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, cast

from dagster_managed_elements.engine.errors import StateError
from dagster_managed_elements.state.authors import user
from dagster_managed_elements.state.stores import Moved, Store, Stored

LEASE: Final = 60.0
"""Seconds."""
_SUFFIX: Final = ".lock"
_TRIES: Final = 5


class Locked(StateError):
    """Somebody else holds the lock: *holder*."""

    def __init__(self, url: str, holder: Holder) -> None:
        self.holder = holder
        super().__init__(
            f"The state {url} is locked by {holder}; nothing was written. Wait for it with --lock-timeout SECONDS, "
            f"or, if it is gone, set the lock free: dagster-me unlock --state {url}"
        )


class LostLock(StateError):
    """The lock ended before who held it was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds a lock. *since* and *expires* are in seconds since 1970; *machine* tells whether *process* is of
    this one.
    """

    token: str
    owner: str
    host: str
    machine: str
    process: int
    since: float
    expires: float

    def __str__(self) -> str:
        return f"{self.owner} on {self.host} (process {self.process}) since {_iso(self.since)}"

    @property
    def is_dead(self) -> bool:
        """Whether it was a process of this machine that has ended."""
        return self.machine == this_machine() and not _lives(self.process)


class Lease:
    """The lock of one state, on behalf of one apply."""

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time, length: float = LEASE) -> None:
        self._store, self._clock, self._length = store, clock, length
        self._token, self._tag = uuid.uuid4().hex, ""
        self._since = self._renewed = 0.0
        self.held = False

    def take(self) -> Holder | None:
        """Who stands in the way; None where the lock is ours now. Raises StateError where it cannot be had."""
        for _ in range(_TRIES):
            there = self._store.read(_SUFFIX)
            holder = holder_of(there, self._store.url)
            if holder is not None and not self._is_over(holder):
                return holder
            now = self._clock()
            try:
                body = self._body(now, now, proven=_is_proven(there))
                self._tag = self._store.write(body, there.tag if there else None, _SUFFIX)
            except Moved:
                continue
            if not _is_proven(there):
                self._prove(now)
            self._since = self._renewed = now
            self.held = True
            return None
        raise StateError(
            f"The lock of the state {self._store.url} is free and cannot be taken: every write is refused as if "
            "somebody else had written meanwhile. Nothing was applied; try again, else keep the state elsewhere."
        )

    def _prove(self, now: float) -> None:
        """Once for a state: that nothing is written over by who did not read it. Some that speak the language of S3
        take no notice of a condition, and then a lock keeps nobody out.
        """
        first, self._tag = self._tag, self._store.write(self._body(now, now, proven=True), self._tag, _SUFFIX)
        for replacing in (None, first):
            try:
                self._store.write(_UNPROVEN, replacing, _SUFFIX)
            except Moved:
                continue
            text = f"The state {self._store.url} is no place for a lock: it was written over by a write that was to"
            raise StateError(
                f"{text} fail (If-None-Match, If-Match). Nothing was applied; keep the state elsewhere."
            )

    def renew(self, *, early: bool = False) -> None:
        """Where it is time, or *early*. Raises LostLock where it is not ours any more, or was not renewed for too
        long.
        """
        now = self._clock()
        if now - self._renewed < self._length / 4 and not early:
            return
        try:
            self._tag = self._store.write(self._body(self._since, now), self._tag, _SUFFIX)
        except Moved:
            raise self._lost(f"it was taken by {self._rival()}") from None
        except StateError as error:
            if now - self._renewed >= self._length * 0.75:
                raise self._lost(f"it could not be renewed: {error}") from error
            return
        self._renewed = now

    def release(self) -> None:
        """Ours no more. Where it cannot be said, it ends by itself."""
        if not self.held:
            return
        self.held = False
        try:
            self._store.write(_FREE, self._tag, _SUFFIX)
        except StateError:
            return

    def _is_over(self, holder: Holder) -> bool:
        # As long again, for a clock that goes wrong and a renewal that is under way.
        return self._clock() > holder.expires + self._length or holder.is_dead

    def _lost(self, how: str) -> LostLock:
        self.held = False
        return LostLock(f"The lock of the state {self._store.url} was lost: {how}. Nothing new was begun since.")

    def _rival(self) -> str:
        try:
            holder = holder_of(self._store.read(_SUFFIX), self._store.url)
        except StateError:
            holder = None
        return str(holder) if holder else "`dagster-me unlock`"

    def _body(self, since: float, now: float, *, proven: bool = True) -> bytes:
        holder = Holder(
            token=self._token,
            owner=user(),
            host=platform.node(),
            machine=this_machine(),
            process=os.getpid(),
            since=since,
            expires=now + self._length,
        )
        times = {"since": _iso(holder.since), "expires": _iso(holder.expires)}
        return _written({**asdict(holder), **times, **({"proven": True} if proven else {})})


def holder_of(there: Stored | None, url: str) -> Holder | None:
    """Who holds the lock; None where it is free. Raises StateError where it cannot be read."""
    try:
        said = cast("dict[str, Any]", json.loads(there.data)) if there else {}
        if not said.get("token"):
            return None
        return Holder(
            token=str(said["token"]),
            owner=str(said["owner"]),
            host=str(said["host"]),
            machine=str(said["machine"]),
            process=int(said["process"]),
            since=datetime.fromisoformat(said["since"]).timestamp(),
            expires=datetime.fromisoformat(said["expires"]).timestamp(),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        text = f"The lock of the state {url} cannot be read; `dagster-me unlock --state {url}` sets it free"
        raise StateError(f"{text}.") from None


def _is_proven(there: Stored | None) -> bool:
    """Whether who wrote that lock, which can be read, has seen its store heed conditions."""
    return there is not None and json.loads(there.data).get("proven") is True


def unlock(store: Store, seen: Stored) -> None:
    """Set the lock free that was *seen*. Raises Moved where it was renewed or taken since."""
    store.write(_UNPROVEN, seen.tag, _SUFFIX)


def read_lock(store: Store) -> Stored | None:
    return store.read(_SUFFIX)


def _written(said: dict[str, Any]) -> bytes:
    return f"{json.dumps(said, indent=2, sort_keys=True)}\n".encode()


_FREE: Final = _written({"token": "", "proven": True})
_UNPROVEN: Final = _written({"token": ""})


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")


@cache
def this_machine() -> str:
    """The same for all processes that see each other's numbers, and for nobody else: containers do not."""
    boot, numbers = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
    seen = [platform.node(), str(uuid.getnode())]
    with suppress(OSError):
        seen += [boot.read_text(), str(numbers.readlink())]
    return blake2b(" ".join(seen).encode(), digest_size=8).hexdigest()


def _lives(process: int) -> bool:
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
