"""Options that commands share."""

from __future__ import annotations

from pathlib import Path

import click

data_option = click.option(
    "--data",
    default=".airbyte-local",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder that holds everything.",
)
