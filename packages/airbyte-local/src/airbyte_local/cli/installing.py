"""`airbyte-local install` and `uninstall`: real connectors, and commands that act for an image."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from airbyte_local.cli.options import data_option, fail

if TYPE_CHECKING:
    from airbyte_local.connectors.external.pins import Pin
    from airbyte_local.connectors.external.workshop import Workshop


@click.command()
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option("--image", help="With --command: the image of a custom definition that it acts for, without a tag.")
@click.option("--command", help="With --image: a program that speaks Airbyte's protocol, as a shell would be told.")
@data_option
def install(*, names: tuple[str, ...], image: str | None, command: str | None, data: Path) -> None:
    """Install real connectors, each in an environment of its own below the folder of data.

    `airbyte-local connectors` shows the names. Where one is built in, the real one runs from now on.
    """
    if (image is None) != (command is None) or bool(names) == bool(image):
        fail("Name connectors to install, or give both --image and --command.")
    from airbyte_local.connectors.external.workshop import FOLDER_NAME, Workshop

    workshop = Workshop(data / FOLDER_NAME)
    try:
        if image is not None and command is not None:
            _register(workshop, image, command)
        for pin in [_known(name) for name in names]:
            _install(workshop, pin)
    finally:
        workshop.close()


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@data_option
def uninstall(*, names: tuple[str, ...], data: Path) -> None:
    """Remove real connectors, or the command of an image. What is built in or imitated acts again."""
    from airbyte_local.connectors.external.pins import find_pin
    from airbyte_local.connectors.external.workshop import FOLDER_NAME, Workshop

    workshop = Workshop(data / FOLDER_NAME)
    for name in names:
        pin = find_pin(name)
        removed = workshop.environments.remove(pin) if pin else False
        forgotten = workshop.choices.forget(pin.image if pin else name)
        if not removed and not forgotten:
            fail(f"{name} is not installed in {data}.")
        click.echo(f"{pin.title if pin else name} is uninstalled.")


def _known(name: str) -> Pin:
    from airbyte_local.connectors.external.pins import PINS, find_pin

    pin = find_pin(name)
    if pin is None:
        names = ", ".join(pin.name for pin in PINS)
        fail(f"There is no {name!r} to install; there are {names}. Another can be had with --image and --command.")
    return pin


def _install(workshop: Workshop, pin: Pin) -> None:
    from airbyte_local.connectors.protocol import ConnectorFailed

    say, done = _progress()
    try:
        workshop.install(pin, say)
    except ConnectorFailed as failed:
        done()
        fail(str(failed), code=3)
    done()
    if pin.here == "built in":
        workshop.choices.prefer(pin.image, pin.version)
    tick = click.style("✓ ", fg="green") if sys.stdout.isatty() else ""
    click.echo(f"{tick}Installed {pin.package} {pin.version} for {pin.title}.")


def _register(workshop: Workshop, image: str, command: str) -> None:
    from airbyte_local.connectors.protocol import ConnectorCrashed, ConnectorFailed

    arguments = shlex.split(command)
    program = shutil.which(arguments[0]) if arguments else None
    if program is None:
        fail(f"There is no program {command!r}.")
    if "destination" in image.rpartition("/")[2]:
        fail("Only sources run as commands; destinations are built in.")
    try:
        workshop.register(image.partition(":")[0], (str(Path(program).absolute()), *arguments[1:]))
    except (ConnectorCrashed, ConnectorFailed) as failed:
        fail(str(failed), code=3)
    click.echo(f"Custom definitions of {image.partition(':')[0]} run {command}.")


def _progress() -> tuple[Callable[[str], None], Callable[[], None]]:
    """The newest line of a log, in one line of a terminal; nothing elsewhere. And what clears that line."""
    if not sys.stdout.isatty():
        return (lambda _: None), (lambda: None)
    width = shutil.get_terminal_size().columns - 3

    def say(line: str) -> None:
        click.echo(f"\r\x1b[2K{click.style('⠿', fg='cyan')} {line.strip()[:width]}", nl=False)

    return say, lambda: click.echo("\r\x1b[2K", nl=False)
