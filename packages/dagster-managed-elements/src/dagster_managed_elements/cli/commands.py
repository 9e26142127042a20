"""A command is a function that returns an exit code; whatever it raises becomes one too, here and nowhere else.

So does what befalls it: an interruption, a standard stream that breaks.
"""

from __future__ import annotations

import sys
import traceback
from types import ModuleType
from typing import Any, cast

import click

from dagster_managed_elements.cli import streams
from dagster_managed_elements.cli.screen import BUG, DONE, FAILED, INTERRUPTED, PENDING, Screen, exit_code
from dagster_managed_elements.engine.errors import ManagedElementsError


class Program(click.Group):
    """The commands together, on standard streams that last."""

    def main(self, *arguments: Any, standalone_mode: bool = True, **more: Any) -> Any:
        # httpx has a command line of its own, and imports rich and pygments for it whenever it is imported:
        # nearly a tenth of all that a check imports. In the process of these commands nobody calls it.
        cast("dict[str, ModuleType | None]", sys.modules).setdefault("httpx._main", None)
        with streams.lasting():
            if not standalone_mode:
                return super().main(*arguments, standalone_mode=False, **more)
            try:
                code = super().main(*arguments, standalone_mode=False, **more)
            except click.ClickException as error:
                error.show()
                code = error.exit_code
            except click.Abort:
                code = INTERRUPTED
            sys.exit(_unless_lost(code))


def _unless_lost(code: int) -> int:
    """*code*, unless it would say that all is well, or what is pending, of a result that nobody has."""
    fault = streams.fault(sys.stdout)
    if fault is None or streams.is_unwanted(fault):
        return code
    Screen().error(f"Standard output cannot be written: {fault.strerror or fault}. What it has is not whole.")
    return FAILED if code in {DONE, PENDING} else code


class Command(click.Command):
    """A click command that ends with the exit code its function returns, or that of what it raised."""

    def invoke(self, ctx: click.Context) -> Any:
        from dagster_managed_elements.engine.secrets import collecting_secrets

        with collecting_secrets():
            ctx.exit(self._code(ctx))

    def _code(self, ctx: click.Context) -> int:
        code: int | None
        try:
            code = super().invoke(ctx)
        except (click.exceptions.Exit, click.ClickException):
            raise
        except (KeyboardInterrupt, click.Abort) as error:
            streams.cut_off(sys.stdout)
            # Who knows says what was written; nobody else does.
            click.echo(f"Interrupted{f'; {error}' if str(error) else ''}.", err=True)
            code = INTERRUPTED
        except ManagedElementsError as error:
            Screen().error(error)
            code = exit_code(error)
        except Exception as error:  # noqa: BLE001 - told below, with its traceback
            tell_bug(error)
            code = BUG
        return code or 0


def tell_bug(error: Exception) -> None:
    """The whole traceback: a fault of ours cannot be mended by whoever reads one line of it. Without what was read
    as a secret, which an error of Python's own may quote.
    """
    from dagster_managed_elements.api.redaction import redact
    from dagster_managed_elements.engine.secrets import collected_secrets

    click.echo(redact("".join(traceback.format_exception(error)), collected_secrets()), err=True, nl=False)
    click.echo(
        f"This is a bug of dagster-managed-elements. Please report it, with the above, {_where()}.", err=True
    )


def _where() -> str:
    from importlib.metadata import PackageNotFoundError, metadata

    try:
        urls = metadata("dagster-managed-elements").get_all("Project-URL") or []
    except PackageNotFoundError:
        urls = []
    known = dict(url.split(", ", 1) for url in urls)
    return next(
        (f"at {known[name]}" for name in ("Issues", "Repository") if name in known), "where you got it from"
    )
