"""Where everything printed goes: results to standard output, all else to standard error.

Colour only on a terminal. A stream that breaks is no concern of this room (`streams`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

import click

from dagster_managed_elements.engine.errors import DeclarationError, ManagedElementsError
from dagster_managed_elements.rendering.values import escape

DONE, PENDING, DECLARATION, FAILED, BUG, INTERRUPTED = 0, 1, 2, 3, 70, 130


class Screen:
    """The two streams of one command. *text* is False where standard output is to hold one document only; *quiet*
    leaves out what is only there to be read along, *colour* is False where none is wanted.
    """

    def __init__(self, *, text: bool = True, quiet: bool = False, colour: bool = True) -> None:
        self.text, self.quiet = text, quiet
        self.terminal = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self.colour = colour and self.terminal and not os.environ.get("NO_COLOR")
        self.live = text and not quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self.asks = text and sys.stdin.isatty() and sys.stdout.isatty()

    def result(self, lines: Iterable[str] | str) -> None:
        text = lines if isinstance(lines, str) else "\n".join(lines)
        if text:
            click.echo(text, file=sys.stdout, color=self.colour)

    def say(self, lines: Iterable[str] | str) -> None:
        """A result that is only there to be read: left out where standard output holds a document."""
        if self.text:
            self.result(lines)

    def remark(self, text: str) -> None:
        """Said to whoever reads along."""
        if not self.quiet:
            self.say(text)

    def note(self, text: str) -> None:
        click.echo(f"note: {text}", file=sys.stderr, color=False)

    def error(self, error: Exception | str, where: str = "") -> None:
        """One line a problem, each saying what to do."""
        prefix = f"{where}: " if where else ""
        said = str(error) or type(error).__name__
        for line in said.splitlines() if isinstance(error, DeclarationError) else [" ".join(said.split())]:
            click.echo(f"Error: {prefix}{escape(line)}", file=sys.stderr, color=False)


def exit_code(error: Exception) -> int:
    if isinstance(error, DeclarationError):
        return DECLARATION
    return FAILED if isinstance(error, ManagedElementsError) else BUG
