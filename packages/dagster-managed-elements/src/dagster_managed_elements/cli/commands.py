"""A command is a function that returns an exit code; whatever it raises becomes one too, here and nowhere else."""

from __future__ import annotations

import traceback
from importlib.metadata import PackageNotFoundError, metadata
from typing import Any

import click

from dagster_managed_elements.cli.screen import BUG, INTERRUPTED, Screen, exit_code
from dagster_managed_elements.engine.errors import ManagedElementsError


class Command(click.Command):
    """A click command that ends with the exit code its function returns, or that of what it raised."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            code = super().invoke(ctx)
        except (click.exceptions.Exit, click.ClickException):
            raise
        except (KeyboardInterrupt, click.Abort):
            click.echo("Interrupted; nothing was written.", err=True)
            code = INTERRUPTED
        except ManagedElementsError as error:
            Screen().error(error)
            code = exit_code(error)
        except Exception as error:  # noqa: BLE001 - told below, with its traceback
            tell_bug(error)
            code = BUG
        ctx.exit(code or 0)


def tell_bug(error: Exception) -> None:
    """The whole traceback: a fault of ours cannot be mended by whoever reads one line of it."""
    click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    click.echo(
        f"This is a bug of dagster-managed-elements. Please report it, with the above, {_where()}.", err=True
    )


def _where() -> str:
    try:
        urls = metadata("dagster-managed-elements").get_all("Project-URL") or []
    except PackageNotFoundError:
        urls = []
    known = dict(url.split(", ", 1) for url in urls)
    return next(
        (f"at {known[name]}" for name in ("Issues", "Repository") if name in known), "where you got it from"
    )
