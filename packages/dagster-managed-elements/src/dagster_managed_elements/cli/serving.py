"""`dagster-me serve`: starts a local server that another distribution brings, found by its entry point.

With a module, what that declares is compared with what is there while the server runs, and shown on its page.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from dagster_managed_elements.cli.commands import Command
from dagster_managed_elements.engine.errors import DeclarationError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP: Final = "dagster_managed_elements.serve"
_INSTALL: Final = (
    "There is no local server to start. Install airbyte-local, from the wheels of this library's `make dist`."
)
_OURS: Final = (
    click.Option(
        ["--module", "-m"],
        metavar="MODULE",
        help="Compare what this module declares with what is there, and show it at /diff; as check takes it.",
    ),
    click.Option(
        ["--working-directory", "-d"],
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="Where the module is looked for first; the current directory, if not given.",
    ),
)


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
    """Hand everything but the module to the server's own command; its --help is the help."""
    from importlib.metadata import entry_points

    server, rest = _chosen(sorted(entry_points(group=GROUP), key=lambda each: each.name), arguments)
    command = _with_module(server.load())
    code = command.main(args=list(rest), prog_name=ctx.command_path, standalone_mode=False)
    return code if isinstance(code, int) else 0


def _chosen(servers: Sequence[EntryPoint], arguments: Sequence[str]) -> tuple[EntryPoint, Sequence[str]]:
    """The one server there is, or the one the first argument names."""
    if not servers:
        raise DeclarationError(_INSTALL)
    if len(servers) == 1:
        return servers[0], arguments
    named = [server for server in servers if server.name == (arguments or ("",))[0]]
    if not named:
        listed = " or ".join(f"dagster-me serve {server.name}" for server in servers)
        message = f"Several local servers are installed. Say which: {listed}"
        raise DeclarationError(message)
    return named[0], arguments[1:]


def _with_module(command: click.Command) -> click.Command:
    """The server's command with our options beside its own."""
    serve = command.callback
    if serve is None:
        return command
    both = copy.copy(command)
    both.params = [*_OURS, *command.params]

    def callback(module: str | None, working_directory: Path | None, **its: Any) -> Any:
        if module is None:
            if working_directory is not None:
                raise click.UsageError("--working-directory says where a module is: name it with --module.")
            return serve(**its)
        return _beside(serve, module, working_directory or Path.cwd(), its)

    both.callback = callback
    return both


def _beside(serve: Callable[..., Any], module: str, directory: Path, its: dict[str, Any]) -> Any:
    from dagster_managed_elements.cli.monitoring import Monitor, free_port

    if not isinstance(its.get("port"), int):
        raise click.UsageError("This server has no --port: --module cannot be compared with it.")
    its["port"] = its["port"] or free_port()
    with Monitor(module, directory, host=str(its.get("host") or "127.0.0.1"), port=its["port"]):
        return serve(**its)
