"""How a command ends that cannot do what it was asked for: one line on stderr, never a traceback."""

from __future__ import annotations

import sys
from typing import NoReturn

import click


def fail(message: str, code: int = 2) -> NoReturn:
    """*code*: 2 where the user asked for something impossible, 3 where it went wrong."""
    click.echo(message, err=True)
    sys.exit(code)
