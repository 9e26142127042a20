"""Plans in files: `check --save FILE` writes one, `apply FILE` is held to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

from dagster_managed_elements.cli.files import write
from dagster_managed_elements.cli.options import Asked
from dagster_managed_elements.cli.screen import Screen
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.saving import Promise, ShownPlan, read_promise, save
from dagster_managed_elements.state.fingerprints import fingerprinted

_SHAPING: Final = (
    "target",
    "exclude",
    "include_secret",
    "include_all_secrets",
    "refresh_catalogs",
    "destroy",
    "undo",
    "allow",
    "max_changes",
)
"""The options by which a plan comes to what it is; each as what it is in JSON."""


def write_plan(file: Path, plans: Sequence[ShownPlan | None], asked: Asked, screen: Screen) -> None:
    """Whole or not at all; not where some place could not be planned. Raises DeclarationError."""
    whole = [shown for shown in plans if shown is not None]
    if len(whole) < len(plans):
        screen.note(f"no plan was saved in {file}, since not everything could be planned")
        return
    promised = save(map(fingerprinted, whole), {name: getattr(asked, name) for name in _SHAPING})
    write(file, promised.decode(), private=True)


def refuse_third_parties(paths: Iterable[str]) -> None:
    """Raises DeclarationError: what they would do nobody knows before they do it."""
    if listed := ", ".join(paths):
        raise DeclarationError(
            f"{listed}: only what a Reconciler of this library declares can be saved, destroyed or undone; "
            "name those with -m MODULE:ATTRIBUTE."
        )


def read_plan(file: Path, asked: Asked) -> tuple[Promise, Asked]:
    """The promise in *file*, and *asked* as the plan was asked for. Raises DeclarationError, in one line."""
    if given := [name for name in _SHAPING if getattr(asked, name) not in {None, False, ()}]:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise DeclarationError(f"A saved plan is applied as it was made; {options} cannot be given with it.")
    try:
        promise = read_promise(file.read_bytes())
        return promise, replace(asked, **_shape(promise.asked))
    except OSError as error:
        raise DeclarationError(f"The plan {file} cannot be read: {error.strerror or error}.") from error
    except DeclarationError as error:
        raise DeclarationError(f"The plan {file} cannot be read: {error}.") from error


def _shape(asked: Mapping[str, Any]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for name in _SHAPING:
        value, empty = asked.get(name), getattr(_DEFAULTS, name)
        if isinstance(empty, tuple):
            rows = cast("list[Any]", value) if isinstance(value, list) else [None]
            is_fit, value = all(isinstance(text, str) for text in rows), tuple(rows)
        elif name == "undo":
            is_fit = value is None or isinstance(value, str)
        elif name == "max_changes":
            is_fit = value is None or (isinstance(value, (int, float)) and 0 <= value <= 1)
        else:
            is_fit = type(value) is type(empty)
        if not is_fit:
            raise DeclarationError(f"its asked.{name} is not what it should be")
        read[name] = value
    return read


_DEFAULTS: Final = Asked(module="")
