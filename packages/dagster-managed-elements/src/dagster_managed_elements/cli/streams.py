"""The three standard streams, made to last: one that is closed, full or read by nobody any more ends no run.

What a stream does not take is dropped and why is remembered, for the command to tell elsewhere. Nobody who writes
(click, rich, logging, the interpreter as it ends) has to know.
"""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final, Literal, TextIO, cast

_CLOSED: Final = OSError(errno.EBADF, "it is closed")
_CUT_OFF: Final = OSError(errno.EINTR, "it was interrupted")
_UNWANTED: Final = frozenset({errno.EBADF, errno.EPIPE, errno.EINTR})


class Outlet(io.RawIOBase):
    """Where a standard stream leads. After its first *fault* it takes everything and passes nothing on."""

    def __init__(self, number: int, raw: io.RawIOBase | None) -> None:
        self._number, self._raw = number, raw
        self.fault: OSError | None = None if raw else _CLOSED

    def write(self, data: Any, /) -> int | None:
        if self._raw is not None and self.fault is None:
            try:
                while (taken := self._raw.write(data)) is None:
                    # Someone who shares the terminal or pipe made it one that does not wait (node does).
                    select.select([], [self._number], [])
            except OSError as error:
                self.fault = error
            else:
                return taken
        return len(data)

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._raw is not None and self._raw.isatty()

    def fileno(self) -> int:
        return self._number


def fault(stream: TextIO) -> OSError | None:
    """Why *stream* does not have all that was written to it; None where it does, as far as is known."""
    outlet = _outlet(stream)
    return outlet.fault if outlet else None


def cut_off(stream: TextIO) -> None:
    """What *stream* was given and has not passed on is dropped: nobody takes it."""
    outlet = _outlet(stream)
    if outlet is not None and outlet.fault is None:
        outlet.fault = _CUT_OFF


def is_unwanted(fault: OSError) -> bool:
    """Whether the user wanted no more: `>&-`, a reader that had enough (`| head`), Ctrl-C. No failure, then."""
    return fault.errno in _UNWANTED


@contextmanager
def lasting() -> Generator[None]:
    """The standard streams of this process, within, as such that last. Others (a test's) are left as they are."""
    before = sys.stdin, sys.stdout, sys.stderr
    # In this order: each takes the lowest number that is free. Else a socket would, and get what is meant for it.
    sys.stdin = before[0] or open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115 - as long as the process
    sys.stdout = _lasting("stdout")
    sys.stderr = _lasting("stderr")
    try:
        yield
    except KeyboardInterrupt:
        cut_off(sys.stdout)
        cut_off(sys.stderr)
        raise
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        sys.stdin, sys.stdout, sys.stderr = before


def _lasting(name: Literal["stdout", "stderr"]) -> TextIO:
    stream: TextIO | None = getattr(sys, name)
    if stream is None:
        return _wrapped(Outlet(os.open(os.devnull, os.O_WRONLY), None), "utf-8")
    if stream is not getattr(sys, f"__{name}__") or not isinstance(stream, io.TextIOWrapper):
        return stream
    stream.flush()
    buffer = cast("Any", stream).buffer
    raw = getattr(buffer, "raw", buffer)  # unbuffered (PYTHONUNBUFFERED), it is its own
    return _wrapped(Outlet(stream.fileno(), raw), stream.encoding, line_buffering=stream.line_buffering)


def _wrapped(outlet: Outlet, encoding: str, *, line_buffering: bool = False) -> TextIO:
    # A name the terminal has no letters for is printed escaped, not a reason to die.
    return io.TextIOWrapper(
        io.BufferedWriter(outlet), encoding, errors="backslashreplace", line_buffering=line_buffering
    )


def _outlet(stream: TextIO) -> Outlet | None:
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    return raw if isinstance(raw, Outlet) else None
