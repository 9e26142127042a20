"""How a job is told to stop: a flag that any thread sets once, and what is to be done at that moment."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator


class Cancelled(Exception):
    """The job was told to stop."""


class Cancellation:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requested = threading.Event()
        self._acts: list[Callable[[], None]] = []

    @property
    def requested(self) -> bool:
        return self._requested.is_set()

    def wait(self, seconds: float) -> bool:
        """Until it is requested; False after *seconds*."""
        return self._requested.wait(seconds)

    def cancel(self) -> None:
        """Set the flag and do what was asked for, in this thread. A second time is as good as the first."""
        with self._lock:
            acts = [] if self.requested else list(self._acts)
            self._requested.set()
        for act in acts:
            act()

    def raise_if_requested(self) -> None:
        if self.requested:
            raise Cancelled

    @contextlib.contextmanager
    def calling(self, act: Callable[[], None]) -> Generator[None]:
        """Within the block a cancellation calls *act*; one that has happened already calls it at once."""
        with self._lock:
            requested = self.requested
            self._acts.append(act)
        if requested:
            act()
        try:
            yield
        finally:
            with self._lock:
                self._acts.remove(act)
