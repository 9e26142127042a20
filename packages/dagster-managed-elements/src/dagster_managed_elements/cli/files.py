"""The files that commands write: whole or not at all. What stands in the way is one line."""

from __future__ import annotations

import os
import shlex
import shutil
from contextlib import suppress
from pathlib import Path

from dagster_managed_elements.engine.errors import DeclarationError


def quoted(word: str) -> str:
    """As a shell needs it, and on one line."""
    return shlex.quote(" ".join(word.split()))


def read(file: Path) -> str:
    """What is there; "" where nothing is."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise DeclarationError(f"{file} cannot be read: {_why(error)}.") from None


def write(file: Path, text: str, *, private: bool = False) -> None:
    """Beside it first, so that there is never half a file; through a link, into what that points to. A *private*
    one is for its owner alone, whoever could read what was there.
    """
    target = file.resolve()
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        beside.touch(mode=0o600 if private else 0o666)
        beside.write_text(text, encoding="utf-8", newline="\n")
        if target.exists() and not private:
            shutil.copymode(target, beside)
        beside.replace(target)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise DeclarationError(f"{file} cannot be written: {_why(error)}.") from None


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or "it is no text in UTF-8"


def removed(file: Path) -> None:
    try:
        file.unlink()
    except OSError as error:
        raise DeclarationError(f"{file} cannot be removed: {_why(error)}.") from None
