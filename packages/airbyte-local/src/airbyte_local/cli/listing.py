"""`airbyte-local connectors`: what can run here, and why the others cannot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from airbyte_local.cli.options import data_option

HEADINGS = {
    "runs": ("Runs here", "green"),
    "installable": ("Can be installed", "yellow"),
    "imitated": ("Only imitated: can be configured and checked, moves no data", "bright_black"),
}


Row = tuple[str, tuple[str, str, str], str]
"""Where it stands; its kind, its name and its image; and how it runs, or why not."""


@click.command()
@data_option
def connectors(*, data: Path) -> None:
    """List the connectors, and which of them can run here."""
    rows = sorted(_rows(data), key=lambda row: (row[1][0] != "source", row[1][1].casefold()))
    widths = [max(map(len, column)) for column in zip(*(cells for _, cells, _ in rows), strict=True)]
    for place, (standing, (heading, colour)) in enumerate(HEADINGS.items()):
        click.secho(("\n" if place else "") + heading, bold=True, fg=colour)
        for _, cells, how in (row for row in rows if row[0] == standing):
            kind, name, image = (text.ljust(width) for text, width in zip(cells, widths, strict=True))
            click.echo(f"  {kind}  {click.style(name, bold=True)}  {click.style(image, dim=True)}  {how}")


def _rows(data: Path) -> Iterator[Row]:
    from airbyte_local.connectors.external.pins import LOW_CODE
    from airbyte_local.connectors.external.workshop import FOLDER_NAME, Workshop, availability
    from airbyte_local.connectors.registry import PUBLIC

    workshop = Workshop(data / FOLDER_NAME)
    for public in PUBLIC:
        standing, found = availability(public.repository, workshop.connector(public))
        pinned = workshop.runs(public)
        tag = (
            f", where the definition says {public.tag}" if pinned and not pinned.endswith(f" {public.tag}") else ""
        )
        cells = (public.kind, public.name.partition(" (")[0], public.repository)
        yield standing, cells, found + tag
    runner = workshop.environments.find(LOW_CODE)
    how = f"real: {LOW_CODE.package} {LOW_CODE.version}" if runner else f"airbyte-local install {LOW_CODE.name}"
    yield "runs" if runner else "installable", ("source", LOW_CODE.title, "(any manifest)"), how
    for registered in workshop.choices.commands():
        yield "runs", ("source", "(custom)", registered.image), f"command: {' '.join(registered.command)}"
