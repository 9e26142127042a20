"""Where in the user's own files an exception comes from, in one line, without our frames and the libraries'."""

from __future__ import annotations

import importlib
import os
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dagster_managed_elements.engine.errors import ManagedElementsError
from dagster_managed_elements.rendering.values import escape

_LONGEST: Final = 400
_NOBODYS: Final = (str(Path(__file__).parent), "<frozen importlib", str(importlib.__file__))
_LIBRARIES: Final = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})


def raised_by_user(error: BaseException) -> bool:
    """Whether code outside this library and the import system was running when *error* was raised."""
    return any(True for _ in _frames(error))


def described(error: BaseException) -> str:
    """*error* in one line: the user's file and line, the type, the message."""
    where = _syntax(error) if isinstance(error, SyntaxError) else _place(error)
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    kind = "" if isinstance(error, ManagedElementsError) else type(error).__name__
    line = ": ".join(part for part in (where, kind, " ".join(said.split())) if part)
    return escape(line if len(line) <= _LONGEST else f"{line[:_LONGEST]}...")


def _syntax(error: SyntaxError) -> str:
    return f"{_shortened(error.filename)}, line {error.lineno}" if error.filename else ""


def _place(error: BaseException) -> str:
    frames = list(_frames(error))
    own = [frame for frame in frames if not frame.filename.startswith(_LIBRARIES)] or frames
    return f"{_shortened(own[-1].filename)}, line {own[-1].lineno}" if own else ""


def _frames(error: BaseException) -> Iterator[traceback.FrameSummary]:
    for frame in traceback.extract_tb(error.__traceback__):
        # A dataclass writes its own __init__, in a file that is none: nobody could look there.
        if not frame.filename.startswith(_NOBODYS) and frame.filename != "<string>":
            yield frame


def _shortened(file: str) -> str:
    here = os.path.relpath(file)
    return file if here.startswith("..") else here
