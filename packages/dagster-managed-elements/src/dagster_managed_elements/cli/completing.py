"""`dagster-me completion`: what a shell needs to complete its commands and options, as click writes it."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from dagster_managed_elements.cli.commands import Command
from dagster_managed_elements.cli.screen import DONE, Screen


@click.command("completion", cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion_cmd(ctx: click.Context, *, shell: str) -> int:
    """Print what makes a SHELL complete dagster-me.

    \b
    bash:  eval "$(dagster-me completion bash)"  in ~/.bashrc
    zsh:   eval "$(dagster-me completion zsh)"   in ~/.zshrc, after compinit
    fish:  dagster-me completion fish > ~/.config/fish/completions/dagster-me.fish
    """  # noqa: D301 - \b keeps click from filling the lines
    found = get_completion_class(shell)
    assert found is not None  # noqa: S101 - click has each of the choices
    Screen().result(found(ctx.find_root().command, {}, "dagster-me", "_DAGSTER_ME_COMPLETE").source())
    return DONE
