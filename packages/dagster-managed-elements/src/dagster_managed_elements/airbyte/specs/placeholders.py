"""A configuration as plain JSON for a validator, secrets included, with a note of where they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import (
    SECRET_MASK,
    Masked,
    Path,
    mapped,
    printable_path,
    unsendable,
    unsendable_leaf,
    walk,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """*instance* is what a validator sees. *masked_paths* are the paths of secrets; *quiet* are the
    paths of which the validator's word does not count: secrets whose value is not known here, and *problems*,
    values that are no JSON.
    """

    instance: Any = field(repr=False)
    masked_paths: frozenset[Path]
    quiet: frozenset[Path]
    problems: tuple[tuple[Path, str], ...]


def fill(configuration: Mapping[str, Any]) -> Filled:
    """*configuration* with every marker replaced by a value."""
    secrets = {path: leaf for path, leaf in walk(configuration) if isinstance(leaf, (Secret, Masked))}
    given = mapped(configuration, _known)
    odd = {path: leaf for path, leaf in walk(given) if not _is_json(leaf)}
    strange = [
        (printable_path(path), f"is no JSON value ({type(leaf).__name__})")
        for path, leaf in odd.items()
        if not isinstance(leaf, (*_JSON, Secret, Masked))
    ]
    return Filled(
        instance=mapped(given, _filled, key=lambda key: printable_path((key,))[0]),
        masked_paths=frozenset(map(printable_path, secrets)),
        quiet=frozenset(map(printable_path, odd)),
        problems=tuple(dict.fromkeys((*unsendable(given), *strange))),
    )


_JSON: Final = (type(None), str, int, float, Mapping, list, tuple)


def _known(leaf: Any) -> Any:
    """What may be read at a check; that something cannot be is told where secrets are read, with what to do."""
    try:
        return leaf.read() if isinstance(leaf, Secret) and leaf.cheap else leaf
    except DeclarationError:
        return leaf


def _is_json(leaf: Any) -> bool:
    return isinstance(leaf, _JSON) and unsendable_leaf(leaf) is None


def _filled(leaf: Any) -> Any:
    if isinstance(leaf, (Secret, Masked)):
        return SECRET_MASK
    if not _is_json(leaf):
        return None
    return str(leaf) if isinstance(leaf, str) else leaf
