"""`dagster-me --version`: what is installed, and whether the import path dagster_airbyte leads to our door."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import click

_BESIDE: Final = ("dagster-airbyte", "airbyte-local", "dagster")
_MARK: Final = "dagster_managed_elements.airbyte"


def show(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click calls it so
    if not wanted or ctx.resilient_parsing:
        return
    click.echo(f"dagster-me {_version('dagster-managed-elements') or '(not installed)'}")
    click.echo(f"Python {platform.python_version()}")
    for name in _BESIDE:
        if (found := _version(name)) is not None:
            click.echo(f"{name} {found}")
    for warning in _shadowed():
        click.echo(f"warning: {warning}", err=True)
    ctx.exit()


def _version(name: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _shadowed() -> Iterator[str]:
    """What stands in the way of the door: Dagster's own package of the same name, which is looked at, not run."""
    spec = find_spec("dagster_airbyte")
    if spec is None or spec.origin is None:
        return
    if _MARK not in Path(spec.origin).read_text(encoding="utf-8", errors="replace"):
        yield (
            f"dagster_airbyte in {Path(spec.origin).parent} is not the one of dagster-managed-elements. "
            "Import from dagster_managed_elements.airbyte, or install our dagster-airbyte in its place."
        )
