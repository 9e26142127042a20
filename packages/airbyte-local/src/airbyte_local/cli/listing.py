"""`airbyte-local connectors`: what can run here, and why the others cannot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from airbyte_local.cli.options import data_option

HEADINGS = {
    "runs": ("Runs here", "green"),
    "installable": ("Can be installed", "yellow"),
    "imitated": ("Only imitated: can be configured and checked, moves no data", "bright_black"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    standing: str
    kind: str
    name: str
    image: str
    how: str


@click.command()
@data_option
def connectors(*, data: Path) -> None:
    """List the connectors, and which of them can run here."""
    rows = list(_rows(data))
    widths = [max(len(text) for text in column) for column in zip(*(_cells(row) for row in rows), strict=True)]
    for place, (standing, (heading, colour)) in enumerate(HEADINGS.items()):
        click.secho(("\n" if place else "") + heading, bold=True, fg=colour)
        for row in sorted((row for row in rows if row.standing == standing), key=_order):
            padded = [text.ljust(width) for text, width in zip(_cells(row), widths, strict=True)]
            kind, name, image = padded
            click.echo(f"  {kind}  {click.style(name, bold=True)}  {click.style(image, dim=True)}  {row.how}")


def _rows(data: Path) -> Iterator[Row]:
    from airbyte_local.connectors import PUBLIC
    from airbyte_local.connectors.availability import availability
    from airbyte_local.connectors.external.pins import LOW_CODE
    from airbyte_local.connectors.external.workshop import FOLDER_NAME, Workshop

    workshop = Workshop(data / FOLDER_NAME)
    for public in PUBLIC:
        found = availability(public.repository, workshop.connector(public))
        pinned = workshop.runs(public)
        tag = (
            f", where the definition says {public.tag}" if pinned and not pinned.endswith(f" {public.tag}") else ""
        )
        yield Row(
            standing=found.standing,
            kind=public.kind,
            name=public.name.partition(" (")[0],
            image=public.repository,
            how=found.how + tag,
        )
    runner = workshop.environments.find(LOW_CODE)
    yield Row(
        standing="runs" if runner else "installable",
        kind="source",
        name=LOW_CODE.title,
        image="(any manifest)",
        how=f"real: {LOW_CODE.package} {LOW_CODE.version}" if runner else f"airbyte-local install {LOW_CODE.name}",
    )
    for registered in workshop.choices.commands():
        how = f"command: {' '.join(registered.command)}"
        yield Row(standing="runs", kind="source", name="(custom)", image=registered.image, how=how)


def _cells(row: Row) -> tuple[str, str, str]:
    return row.kind, row.name, row.image


def _order(row: Row) -> tuple[bool, str]:
    return row.kind != "source", row.name.casefold()
