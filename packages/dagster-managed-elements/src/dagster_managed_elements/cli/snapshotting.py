"""`dagster-me snapshot`: what is there, as its API tells it, without secrets, in a file to compare with offline."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dagster_managed_elements.cli.commands import Command
from dagster_managed_elements.cli.files import write
from dagster_managed_elements.cli.options import snapshot_options
from dagster_managed_elements.cli.screen import DONE, Screen
from dagster_managed_elements.engine.errors import DeclarationError

if TYPE_CHECKING:
    from dagster_managed_elements.engine.kinds import Instance, Settings
    from dagster_managed_elements.reconciler import Reconciler


@click.command("snapshot", cls=Command, short_help="Write what is there into a file to compare with offline.")
@snapshot_options
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write, JSON; without, it is printed.",
)
def snapshot_cmd(
    *,
    module: str | None,
    instance: str | None,
    working_directory: Path | None,
    timeout: float,
    verbose: bool,
    output: Path | None,
) -> int:
    """Write what is there, without secrets, into a file that `check --against` compares with.

    \b
      dagster-me snapshot -m my_module -o airbyte.json
      dagster-me check -m my_module --against airbyte.json

    Of MODULE all that a check of it needs is kept, of an instance all that is there. The file is for whoever may
    see configurations and no credentials: a pull request is checked with it, and no server is asked.
    """  # noqa: D301 - click's mark, not a backslash
    import anyio

    from dagster_managed_elements.cli.reconciling import reconcilers, split
    from dagster_managed_elements.cli.runs import request_log
    from dagster_managed_elements.engine.kinds import Settings
    from dagster_managed_elements.engine.recording import Recording
    from dagster_managed_elements.loading import load, load_instance

    if (module is None) == (instance is None):
        raise DeclarationError("Give --module, or --instance: one of the two says what is looked at.")
    of = reconcilers(split(load(module, working_directory))[0]) if module else []
    instances = (
        [load_instance(instance, working_directory)[1]] if instance else [reconciler.instance for reconciler in of]
    )
    recording = Recording()
    settings = Settings(timeout=timeout, recording=recording)
    with request_log(wanted=verbose):
        anyio.run(_observe, of, list(dict.fromkeys(instances)), settings)
    recording.mask(_declared(of))
    if not recording.answers:
        raise DeclarationError(
            "Nothing was asked in a way that a snapshot keeps; there is none of this integration."
        )
    screen = Screen()
    if output is None:
        screen.result(recording.document().rstrip("\n"))
    else:
        write(output, recording.document())
        screen.say(f"Wrote {output}.")
    return DONE


def _declared(of: Sequence[Reconciler]) -> dict[str, list[Any]]:
    """The fields of all elements, together and each, by the names that they are called there."""
    from dagster_managed_elements.engine.matching import gather

    found: dict[str, list[Any]] = {}
    for declared in gather(("", reconciler.elements) for reconciler in of)[0]:
        for name in filter(None, (declared.key.name, declared.renamed_from)):
            found.setdefault(name, []).extend((declared.fields, *declared.fields.values()))
    return found


async def _observe(of: Sequence[Reconciler], instances: Sequence[Instance], settings: Settings) -> None:
    """All that a check asks, and an export. What is wrong with a declaration is for the check to say."""
    from dagster_managed_elements.engine.adopting import adopt
    from dagster_managed_elements.reconciling import Options, check

    for result in await check(of, Options(settings=settings, secrets_known=False)):
        if result.error is not None and not isinstance(result.error, DeclarationError):
            raise result.error
    for instance in instances:
        async with instance.connect(settings) as session:
            if any(kind.adopts for kind in session.kinds):
                await adopt(session)
