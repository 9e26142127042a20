"""`dagster-me apply`: shows what will be done, asks where it destroys, does it, says what became of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from dagster_managed_elements.cli.commands import Command
from dagster_managed_elements.cli.options import Asked, Seconds, shared_options

_TRUST: Final = click.option(
    "--trust-secrets",
    is_flag=True,
    help="Record the secrets of which the state knows nothing as what the server has, without sending them.",
)
_LOCK: Final = click.option(
    "--lock-timeout",
    type=Seconds(min=0),
    default=0.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the lock of the state, where somebody else applies.",
)
_DECLARED: Final = "the module declares what it declared before: where that differs, the next apply does it again"
_YES: Final = click.option(
    "--yes", is_flag=True, help="Go on without asking where the plan deletes, replaces or loses state."
)


@click.command("apply", cls=Command)
@click.argument("plan", required=False, metavar="[PLAN]", type=click.Path(dir_okay=False, path_type=Path))
@shared_options
@_YES
@_TRUST
@_LOCK
def apply_cmd(*, yes: bool, plan: Path | None, trust_secrets: bool, lock_timeout: float, **asked: Any) -> int:
    """Make what is there equal what a module declares.

    With PLAN, a file that `check --save` wrote: do exactly that, or nothing where the declarations or what is there
    changed since.
    """
    return run(Asked(**asked), yes=yes, plan=plan, trust_secrets=trust_secrets, lock_timeout=lock_timeout)


@click.command("destroy", cls=Command)
@shared_options
@_YES
@_LOCK
def destroy_cmd(*, yes: bool, lock_timeout: float, **asked: Any) -> int:
    """Delete what a module declares, and nothing else. Asks first; what is protected is refused."""
    return run(Asked(**asked, destroy=True), yes=yes, lock_timeout=lock_timeout)


@click.command("undo", cls=Command)
@click.argument("run_id", required=False, default="last", metavar="[RUN]")
@shared_options
@_YES
@_LOCK
def undo_cmd(*, run_id: str, yes: bool, lock_timeout: float, **asked: Any) -> int:
    """Plan the way back from a run, and do it: from the last that stands, or the RUN that `history` lists.

    What it created is deleted, what it changed or deleted is as it was before. Secrets come from the module, or
    from the variables they came from. What was changed since is named, and asked about.
    """
    return run(Asked(**asked, undo=run_id), yes=yes, lock_timeout=lock_timeout)


def run(
    asked: Asked,
    *,
    yes: bool = False,
    plan: Path | None = None,
    trust_secrets: bool = False,
    lock_timeout: float = 0.0,
) -> int:
    """*yes* is the answer to every question; *plan* is a saved one that is all there is to be done."""
    import anyio

    from dagster_managed_elements.cli.approving import Apply
    from dagster_managed_elements.cli.conclusions import conclude
    from dagster_managed_elements.cli.inputs import Interruptions
    from dagster_managed_elements.cli.plan_files import read_plan
    from dagster_managed_elements.cli.runs import Run

    promise = None
    if plan is not None:
        promise, asked = read_plan(plan, asked)
    interruptions = Interruptions()
    with interruptions.received():
        verb = "undo" if asked.undo else "destroy" if asked.destroy else "apply"
        with Run.begin(verb, asked) as run_:
            apply = Apply(
                run_,
                interruptions,
                yes=yes,
                promise=promise,
                trust_secrets=trust_secrets,
                lock_timeout=lock_timeout,
            )
            sections = anyio.run(apply.to_the_end)
        code = conclude(run_, sections, interrupted=apply.interrupted)
        if (
            asked.undo
            and not asked.quiet
            and any(section.report and section.report.outcomes for section in sections)
        ):
            run_.screen.note(_DECLARED)
        return code
