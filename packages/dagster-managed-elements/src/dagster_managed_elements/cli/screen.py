"""Where everything printed goes: results to standard output, all else to standard error. Colour only on a terminal.

A reader that went away (`| head`) is no error: what is left to print is dropped, and the run goes on.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable
from typing import TextIO

import click

from dagster_managed_elements.engine.errors import DeclarationError, ManagedElementsError
from dagster_managed_elements.rendering.values import escape

DONE, PENDING, DECLARATION, FAILED, BUG, INTERRUPTED = 0, 1, 2, 3, 70, 130


class Screen:
    """The two streams of one command. *text* is False where standard output is to hold one document only."""

    def __init__(self, *, text: bool = True) -> None:
        self.text = text
        self.terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self.colour = self.terminal and not os.environ.get("NO_COLOR")
        self.live = text and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self.asks = text and sys.stdin.isatty() and sys.stdout.isatty()
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                # A name the terminal has no letters for is printed escaped, not a reason to die.
                stream.reconfigure(errors="backslashreplace")

    def result(self, lines: Iterable[str] | str) -> None:
        text = lines if isinstance(lines, str) else "\n".join(lines)
        if text:
            _write(sys.stdout, text, colour=self.colour)

    def say(self, lines: Iterable[str] | str) -> None:
        """A result that is only there to be read: left out where standard output holds a document."""
        if self.text:
            self.result(lines)

    def note(self, text: str) -> None:
        _write(sys.stderr, f"note: {text}", colour=False)

    def error(self, error: Exception | str, where: str = "") -> None:
        """One line a problem, each saying what to do."""
        prefix = f"{where}: " if where else ""
        said = str(error) or type(error).__name__
        for line in said.splitlines() if isinstance(error, DeclarationError) else [" ".join(said.split())]:
            _write(sys.stderr, f"Error: {prefix}{escape(line)}", colour=False)


def exit_code(error: Exception) -> int:
    if isinstance(error, DeclarationError):
        return DECLARATION
    return FAILED if isinstance(error, ManagedElementsError) else BUG


def _write(stream: TextIO, text: str, *, colour: bool) -> None:
    try:
        click.echo(text, file=stream, color=colour)
    except BrokenPipeError:
        # Else the interpreter would complain once more when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
