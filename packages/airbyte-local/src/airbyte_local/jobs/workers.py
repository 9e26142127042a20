"""Threads that run jobs, so many at a time. Knows a job by its number alone, and no store."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from airbyte_local.connectors.cancelling import Cancellation

LOGGER = logging.getLogger(__name__)
PLACES = 4
"""Jobs that run at a time, where nobody says otherwise."""
Claim = Callable[[int], list[int]]
Run = Callable[[int, Cancellation], None]


class Workers:
    """Nothing runs before `begin`, nor after `stop`.

    Locks are taken in this order: that of `wake`, the store's, that of the table of running jobs. So `runs` may be
    asked within a transaction; `wake` may not, nor `cancel`, which does what connectors want done at that moment.
    """

    def __init__(self, places: int = PLACES) -> None:
        self.places = places
        self._claim: Claim | None = None
        self._run: Run | None = None
        self._claiming = threading.Lock()
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._running: dict[int, tuple[Cancellation, threading.Thread]] = {}

    @property
    def stopping(self) -> bool:
        """Jobs that are cancelled now are cancelled because the server ends."""
        return self._run is None

    def begin(self, claim: Claim, run: Run) -> None:
        """*claim* takes so many jobs out of the queue; *run* runs one to its end."""
        self._ending.clear()
        self._claim, self._run = claim, run
        self.wake()

    def wake(self) -> None:
        """Start what is in the queue, as far as there are places."""
        with self._claiming:
            claim, run = self._claim, self._run
            free = self.places - len(self._running)
            if claim is None or run is None or free <= 0:
                return
            for job_id in claim(free):
                self._start(run, job_id)

    def runs(self, job_id: int) -> bool:
        with self._lock:
            return job_id in self._running

    def cancel(self, job_id: int) -> None:
        """Tell a job to stop, if it runs."""
        with self._lock:
            running = self._running.get(job_id)
        if running is not None:
            running[0].cancel()

    def wait(self, job_id: int, seconds: float) -> bool:
        """Until a job has ended. False: it still runs after *seconds*."""
        with self._lock:
            running = self._running.get(job_id)
        if running is not None:
            running[1].join(seconds)
            return not running[1].is_alive()
        return True

    def pause(self, seconds: float) -> bool:
        """Until `stop`; False after *seconds*."""
        return self._ending.wait(seconds)

    def stop(self, seconds: float = 20.0) -> None:
        """Cancel everything and wait for its end, for *seconds* at most."""
        with self._claiming:
            self._claim = self._run = None
        self._ending.set()
        with self._lock:
            running = list(self._running.values())
        deadline = time.monotonic() + seconds
        for cancellation, _ in running:  # each by itself: to cancel may mean to ask a database that does not answer
            threading.Thread(target=cancellation.cancel, name="cancellation", daemon=True).start()
        for _, thread in running:
            thread.join(max(deadline - time.monotonic(), 0))

    def _start(self, run: Run, job_id: int) -> None:
        cancellation = Cancellation()
        thread = threading.Thread(
            target=self._work, args=(run, job_id, cancellation), name=f"job-{job_id}", daemon=True
        )
        with self._lock:  # whoever finds it here can wait for it
            thread.start()
            self._running[job_id] = (cancellation, thread)

    def _work(self, run: Run, job_id: int, cancellation: Cancellation) -> None:
        try:
            run(job_id, cancellation)
        except Exception:
            LOGGER.exception("job %s", job_id)  # a bug of ours
        with self._lock:
            del self._running[job_id]
        try:
            self.wake()
        except Exception:
            LOGGER.exception("the queue of jobs")  # the next job that is asked for wakes it again
