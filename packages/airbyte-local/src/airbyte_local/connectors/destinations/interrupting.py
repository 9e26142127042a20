"""Work of a database that is given up as soon as the job is cancelled."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

from airbyte_local.connectors.cancelling import Cancellation, Cancelled


@contextmanager
def interruptible(cancellation: Cancellation, interrupt: Callable[[], None]) -> Generator[None]:
    """Within the block a cancellation calls *interrupt*, in whatever thread. What comes of it is Cancelled.

    Raises:
        Cancelled: before the block or in it.
    """

    def stop() -> None:
        with suppress(Exception):
            interrupt()

    cancellation.raise_if_requested()
    with cancellation.calling(stop):
        try:
            yield
        except Cancelled:
            raise
        except Exception as error:
            if cancellation.requested:
                raise Cancelled from error
            raise
