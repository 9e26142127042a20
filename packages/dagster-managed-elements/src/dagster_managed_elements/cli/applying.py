"""`dagster-me apply`: shows what will be done, asks where it destroys, does it, says what became of it."""

from __future__ import annotations

from typing import Any

import click

from dagster_managed_elements.cli.commands import Command
from dagster_managed_elements.cli.options import Asked, shared_options


@click.command("apply", cls=Command)
@shared_options
@click.option("--yes", is_flag=True, help="Go on without asking where the plan deletes, replaces or loses state.")
def apply_cmd(*, yes: bool, **asked: Any) -> int:
    """Make what is there equal what a module declares."""
    return run(Asked(**asked), yes=yes)


def run(asked: Asked, *, yes: bool = False) -> int:
    """*yes* is the answer to every question."""
    import anyio

    from dagster_managed_elements.cli.approving import Apply
    from dagster_managed_elements.cli.conclusions import conclude
    from dagster_managed_elements.cli.inputs import Interruptions
    from dagster_managed_elements.cli.runs import Run

    interruptions = Interruptions()
    with interruptions.received():
        with Run.begin("apply", asked) as run_:
            apply = Apply(run_, interruptions, yes=yes)
            sections = anyio.run(apply.to_the_end)
        return conclude(run_, sections, interrupted=apply.interrupted)
