"""`dagster-me check`: what an apply would change. Writes nothing."""

from __future__ import annotations

from typing import Any

import click

from dagster_managed_elements.cli.commands import Command
from dagster_managed_elements.cli.options import Asked, shared_options
from dagster_managed_elements.cli.screen import DONE, PENDING


@click.command("check", cls=Command)
@shared_options
@click.option("--exit-code", is_flag=True, help="End with 1 where there is something to change.")
def check_cmd(*, exit_code: bool, **asked: Any) -> int:
    """Say what differs between what a module declares and what is there."""
    return run(Asked(**asked), pending=PENDING if exit_code else DONE)


def run(asked: Asked, *, pending: int = DONE) -> int:
    """*pending* is the exit code for a diff that is not empty."""
    import anyio

    from dagster_managed_elements.cli.conclusions import conclude
    from dagster_managed_elements.cli.reconciling import check_all
    from dagster_managed_elements.cli.runs import Run

    with Run.begin("check", asked) as run_:
        sections = anyio.run(check_all, run_)
    return conclude(run_, sections, pending=pending)
