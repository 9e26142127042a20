"""`dagster-me check`: what an apply would change. Writes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dagster_managed_elements.cli.commands import Command
from dagster_managed_elements.cli.options import Asked, shared_options
from dagster_managed_elements.cli.screen import DONE, PENDING


@click.command("check", cls=Command)
@shared_options
@click.option(
    "--against",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Compare with what `dagster-me snapshot` wrote, without credentials, and ask no server.",
)
@click.option("--exit-code", is_flag=True, help="End with 1 where there is something to change.")
@click.option(
    "--save",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Save the plan, without any value, for `apply FILE` to be held to.",
)
@click.option("--destroy", is_flag=True, help="Plan the end of everything the module declares, as `destroy` does.")
@click.option("--undo", metavar="RUN", help="Plan the way back from a run, as `undo` does; `last` is its default.")
def check_cmd(*, exit_code: bool, save: Path | None, **asked: Any) -> int:
    """Say what differs between what a module declares and what is there."""
    return run(Asked(**asked), pending=PENDING if exit_code else DONE, save=save)


plan_cmd = Command(
    "plan", params=check_cmd.params, callback=check_cmd.callback, help=f"{check_cmd.help} The same as check."
)


def run(asked: Asked, *, pending: int = DONE, save: Path | None = None) -> int:
    """*pending* is the exit code for a diff that is not empty; the plan goes to the file *save*."""
    import anyio

    from dagster_managed_elements.cli.conclusions import conclude
    from dagster_managed_elements.cli.reconciling import check_all
    from dagster_managed_elements.cli.runs import Run
    from dagster_managed_elements.engine.errors import DeclarationError

    if asked.undo is not None and (asked.destroy or asked.against):
        raise DeclarationError(
            "--undo plans the way back from a run, and goes with neither --destroy nor --against."
        )
    if asked.undo == "last" and save is not None:
        raise DeclarationError("The last run may be another one by then: give its id to --undo with --save.")
    with Run.begin("check", asked) as run_:
        sections = anyio.run(check_all, run_, save)
    return conclude(run_, sections, pending=pending)
