"""`dagster-me types`: typed classes for connectors' configurations, in a file that CI can check."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from dagster_managed_elements.cli.commands import Command
from dagster_managed_elements.cli.files import quoted, read, write
from dagster_managed_elements.cli.options import reading_options
from dagster_managed_elements.cli.screen import DONE, PENDING, Screen
from dagster_managed_elements.engine.errors import DeclarationError

if TYPE_CHECKING:
    from dagster_managed_elements.engine.kinds import Settings
    from dagster_managed_elements.reconciler import Reconciler

_MOST: Final = 20
"""Lines of a diff that are shown."""


@click.command("types", cls=Command, short_help="Write typed classes for connectors' configurations.")
@click.argument("connectors", nargs=-1, metavar="[CONNECTOR]...")
@reading_options
@click.option(
    "--output",
    "-o",
    required=True,
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The Python file to write; it is written whole or not at all.",
)
@click.option(
    "--check",
    is_flag=True,
    help="Write nothing: say what differs from the file, and end with 1 where something does.",
)
def types_cmd(
    *,
    connectors: tuple[str, ...],
    module: str,
    working_directory: Path | None,
    timeout: float,
    verbose: bool,
    output: Path,
    check: bool,
) -> int:
    """Write a typed class for the configuration of each CONNECTOR, or of all that the module uses.

    The classes come from the specifications of the server at which the module's elements are: an editor completes
    their settings and knows the choices, and what is wrong is an error where it is written.

    \b
      dagster-me types -m my_module -o connectors.py
      dagster-me types -m my_module File source-postgres -o connectors.py
      dagster-me types -m my_module -o connectors.py --check

    A CONNECTOR is named as in a source or a destination: its name, its image or its definition id. The module may
    declare nothing but where the server is.
    """  # noqa: D301 - click's mark, not a backslash
    from dagster_managed_elements.cli.runs import request_log

    folder = output.resolve().parent
    if not folder.is_dir():
        raise DeclarationError(f"{output} cannot be written: there is no folder {folder}.")
    with request_log(wanted=verbose):
        classes = _classes(module, working_directory, connectors, timeout)
    where = [] if working_directory is None else ["-d", quoted(str(working_directory))]
    words = ["dagster-me types -m", module, *where, *map(quoted, connectors), "-o", quoted(str(output))]
    text = f"# Written by `{' '.join(words)}`; run that again rather than edit it.\n# ruff: noqa\n{classes}"
    there = read(output)
    screen = Screen()
    if there == text or (check and _classes_of(there) == _classes_of(text)):
        screen.say(f"{output} is up to date.")
        return DONE
    if check:
        screen.say(_difference(output, there, text))
        return PENDING
    write(output, text)
    screen.say(f"Wrote {output}.")
    return DONE


def _classes(module: str, directory: Path | None, connectors: Sequence[str], timeout: float) -> str:
    import anyio

    from dagster_managed_elements.cli.reconciling import reconcilers, split
    from dagster_managed_elements.engine.kinds import Settings
    from dagster_managed_elements.loading import load

    ours, theirs = split(load(module, directory))
    if not ours:
        raise DeclarationError(f"{theirs[0].path} is another library's, which has no typed classes.")
    return anyio.run(_asked, module, reconcilers(ours), connectors, Settings(timeout=timeout))


async def _asked(module: str, of: Sequence[Reconciler], connectors: Sequence[str], settings: Settings) -> str:
    """The classes, from the one server that the module speaks of."""
    from dagster_managed_elements.engine.surveying import Declaration
    from dagster_managed_elements.places import Member, connected

    members = [
        Member(instance=reconciler.instance, declaration=Declaration(owner="", elements=reconciler.elements))
        for reconciler in of
    ]
    async with connected(members, settings) as (places, failures):
        for _, error in failures:
            raise error
        if len(places) > 1:
            names = "; ".join(place.name for place in places)
            raise DeclarationError(f"{module} speaks of several places ({names}); say which: {module}:attribute.")
        if (classes := places[0].session.classes) is None:
            raise DeclarationError(f"There are no typed classes for what {module} declares.")
        return await classes([element for reconciler in of for element in reconciler.elements], connectors)


def _classes_of(text: str) -> str:
    """All but the line that says how it was written: the same, called from another folder, is no difference."""
    return text.partition("\n")[2]


def _difference(file: Path, there: str, wanted: str) -> Iterator[str]:
    if not there:
        yield f"{file} is not there, or empty."
        return
    old, new = _classes_of(there).splitlines(), _classes_of(wanted).splitlines()
    lines = difflib.unified_diff(old, new, lineterm="", n=0)
    changed = [line for line in list(lines)[2:] if not line.startswith("@@")]
    yield f"{file} is not what it would be written as:"
    yield from changed[:_MOST]
    if len(changed) > _MOST:
        yield f"and {len(changed) - _MOST} lines more."
