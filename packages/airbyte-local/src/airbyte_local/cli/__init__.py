"""`airbyte-local`: one file a command. What costs time to import is imported by the command that needs it."""

from __future__ import annotations

import click

from airbyte_local.cli.installing import install, uninstall
from airbyte_local.cli.listing import connectors
from airbyte_local.cli.serving import VERSIONS, serve
from airbyte_local.cli.syncing import sync

__all__ = ["VERSIONS", "main", "serve"]


@click.group()
@click.version_option(package_name="airbyte-local")
def main() -> None:
    """A local Airbyte: no Docker, no account, one process."""


for command in (serve, sync, install, uninstall, connectors):
    main.add_command(command)
