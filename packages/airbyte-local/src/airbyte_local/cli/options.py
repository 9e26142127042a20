"""What commands share: an option, and how one ends that cannot do what it was asked for."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

import click

data_option = click.option(
    "--data",
    default=".airbyte-local",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder that holds everything.",
)


def fail(message: str, code: int = 2) -> NoReturn:
    """In one line, never a traceback. *code*: 2 where something impossible was asked for, 3 where it went wrong."""
    click.echo(message, err=True)
    sys.exit(code)
