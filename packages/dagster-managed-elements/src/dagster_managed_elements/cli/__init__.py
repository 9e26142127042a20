"""The command line `dagster-me`: one file a command, and upstream's functions under their names.

A command prints, asks and returns an exit code; what it does is done below. Starting it imports no integration.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import click

from dagster_managed_elements.cli.applying import apply_cmd, destroy_cmd, undo_cmd
from dagster_managed_elements.cli.checking import check_cmd, plan_cmd
from dagster_managed_elements.cli.commands import Program
from dagster_managed_elements.cli.completing import completion_cmd
from dagster_managed_elements.cli.exporting import export_cmd
from dagster_managed_elements.cli.serving import serve_cmd
from dagster_managed_elements.cli.snapshotting import snapshot_cmd
from dagster_managed_elements.cli.telling import history_cmd
from dagster_managed_elements.cli.typing import types_cmd
from dagster_managed_elements.cli.unlocking import unlock_cmd
from dagster_managed_elements.cli.versions import show
from dagster_managed_elements.types import ManagedElementDiff, ManagedElementReconciler

__all__ = [
    "apply",
    "apply_cmd",
    "check",
    "check_cmd",
    "completion_cmd",
    "destroy_cmd",
    "export_cmd",
    "get_reconcilable_objects",
    "get_reconcilable_objects_from_module",
    "history_cmd",
    "main",
    "plan_cmd",
    "serve_cmd",
    "snapshot_cmd",
    "types_cmd",
    "undo_cmd",
    "unlock_cmd",
]


@click.group(
    cls=Program,
    commands=[
        check_cmd,
        plan_cmd,
        apply_cmd,
        destroy_cmd,
        history_cmd,
        undo_cmd,
        export_cmd,
        snapshot_cmd,
        serve_cmd,
        types_cmd,
        completion_cmd,
        unlock_cmd,
    ],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=show, help="Show what is installed."
)
def main() -> None:
    """Config as code for data movers: check what differs, apply it."""


def get_reconcilable_objects(module: ModuleType) -> list[ManagedElementReconciler]:
    """Every reconciler in *module*, each once."""
    from dagster_managed_elements.loading import reconcilers_of

    return [loaded.reconciler for loaded in reconcilers_of(module)]


def get_reconcilable_objects_from_module(
    module_dir: str | Path | None, import_str: str
) -> list[ManagedElementReconciler]:
    """The reconcilers *import_str* names: `package.module`, or `package.module:attribute,attribute.nested`."""
    from dagster_managed_elements.loading import load

    return [loaded.reconciler for loaded in load(import_str, Path(module_dir) if module_dir else None)]


def check(module_dir: str | Path | None, import_str: str, **kwargs: Any) -> ManagedElementDiff:
    """What differs, of all reconcilers in one diff. Raises ManagedElementsError where one cannot say."""
    from dagster_managed_elements.reconciler import check_together

    return _joined("check", check_together, module_dir, import_str, kwargs)


def apply(module_dir: str | Path | None, import_str: str, **kwargs: Any) -> ManagedElementDiff:
    """Apply and return what was changed. Destructive plans need `allow_destructive=True`."""
    from dagster_managed_elements.reconciler import apply_together

    return _joined("apply", apply_together, module_dir, import_str, kwargs)


def _joined(
    verb: Literal["check", "apply"],
    together: Callable[..., ManagedElementDiff],
    module_dir: str | Path | None,
    import_str: str,
    kwargs: dict[str, Any],
) -> ManagedElementDiff:
    """Ours together, as the command does: else two of one place might delete each other's elements."""
    from dagster_managed_elements.cli.reconciling import reconcilers, split
    from dagster_managed_elements.loading import load
    from dagster_managed_elements.third_party import call

    ours, theirs = split(load(import_str, Path(module_dir) if module_dir else None))
    diff = together(reconcilers(ours), **kwargs) if ours else ManagedElementDiff()
    for loaded in theirs:
        diff = diff.join(call(loaded.reconciler, verb, kwargs))
    return diff
