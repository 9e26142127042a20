"""`dagster-me serve`: starts a local server that another distribution brings, found by its entry point."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Final

import click

from dagster_managed_elements.cli.handling import Command
from dagster_managed_elements.engine.errors import DeclarationError

GROUP: Final = "dagster_managed_elements.serve"
_INSTALL: Final = "There is no local server to start. Install one: pip install airbyte-local"


@click.command(
    "serve",
    cls=Command,
    add_help_option=False,
    context_settings={"ignore_unknown_options": True},
    short_help="Start a local Airbyte, no Docker and no account.",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def serve_cmd(ctx: click.Context, arguments: tuple[str, ...]) -> int:
    """Hand everything to the server's own command; its --help is the help."""
    server, rest = _chosen(sorted(entry_points(group=GROUP), key=lambda each: each.name), arguments)
    command = server.load()
    code = command.main(args=list(rest), prog_name=ctx.command_path, standalone_mode=False)
    return code if isinstance(code, int) else 0


def _chosen(servers: Sequence[EntryPoint], arguments: Sequence[str]) -> tuple[EntryPoint, Sequence[str]]:
    """The one server there is, or the one the first argument names."""
    if not servers:
        raise DeclarationError(_INSTALL)
    if len(servers) == 1:
        return servers[0], arguments
    named = [each for each in servers if each.name == (arguments or ("",))[0]]
    if not named:
        listed = " or ".join(f"dagster-me serve {each.name}" for each in servers)
        message = f"Several local servers are installed. Say which: {listed}"
        raise DeclarationError(message)
    return named[0], arguments[1:]
