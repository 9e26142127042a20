"""What of a changed configuration is sent: as little as is safe. Pure.

A partial update merges: it can neither remove a key nor restore a secret, and takes one that stands in the branch
left into the branch chosen. A whole update replaces, and keeps a secret where the server's own mask is sent back.
(Airbyte's ConfigurationUpdate; sources/update, partial_update.)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from dagster_managed_elements.airbyte.specs.specifications import is_chosen_anew, mask_allowed, stand_ins_allowed
from dagster_managed_elements.airbyte.wire import Specification
from dagster_managed_elements.engine.changes import Update
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import ABSENT, SECRET_MASK, Masked, Path, at, replaced, walk

_CONFIGURATION = "configuration"
MASK_DECLARED: Final = "this is the mask that Airbyte shows in place of a secret; give the secret itself"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A configuration to be sent, its secrets not read yet, or the mask where that keeps the secret."""

    configuration: Mapping[str, Any]
    whole: bool


def patch(change: Update, raw: Mapping[str, Any], specification: Specification) -> Patch:
    """*raw* is the configuration just as the server returned it. Raises DeclarationError where the mask is declared
    and would be stored as the secret.
    """
    sent = _patch(change, raw, specification)
    if lost := next((path for path, leaf in walk(sent.configuration) if isinstance(leaf, Masked)), None):
        raise DeclarationError(f"{change.key}: {'.'.join(lost)}: {MASK_DECLARED}")
    return sent


def _patch(change: Update, raw: Mapping[str, Any], specification: Specification) -> Patch:
    changed = [field for field in change.fields if field.path[0] == _CONFIGURATION]
    declared = cast("Mapping[str, Any]", change.declared.fields[_CONFIGURATION])
    if any(field.after is ABSENT for field in changed):
        return _whole(declared, raw, specification, frozenset(field.path[1:] for field in changed))
    merged: dict[str, Any] = {}
    paths = {field.path[1:] for field in changed}
    schema = specification.connection_specification
    # What a connector of which nothing is known makes of a mask is not known either.
    unkept = [
        path
        for path, leaf in walk(declared)
        if isinstance(leaf, Secret)
        and not _is_within(path, paths)
        and (
            specification.is_unknown
            or not stand_ins_allowed(path, declared, schema)
            or is_chosen_anew(path, raw, declared, schema)
            or (specification.is_partial and _may_be_elsewhere(path, paths))
        )
    ]
    for path in (*paths, *unkept):
        _copy(path, declared, merged)
    return Patch(configuration=merged, whole=False)


def unfounded(declared: Any, observed: Any) -> Iterator[Path]:
    """Where the mask is declared, as if copied from Airbyte, and no secret is there that it could stand for."""
    for path, leaf in walk(declared):
        if leaf == SECRET_MASK or (isinstance(leaf, Masked) and not isinstance(at(observed, path), Masked)):
            yield path


def resent(change: Update, sent: Patch) -> Iterator[Path]:
    """The secrets that are sent although they did not change."""
    changed = {field.path[1:] for field in change.fields if field.path[0] == _CONFIGURATION}
    for path, leaf in walk(sent.configuration):
        if isinstance(leaf, Secret) and not _is_within(path, changed):
            yield path


def _is_within(path: Path, changed: Iterable[Path]) -> bool:
    return any(path[: len(of)] == of for of in changed)


def _copy(path: Path, declared: Mapping[str, Any], into: dict[str, Any]) -> None:
    """Put what stands at *path* into a patch. A merge replaces a list whole, so a path ends at a list."""
    around = (length for length in range(1, len(path)) if not isinstance(at(declared, path[:length]), Mapping))
    copied = path[: next(around, len(path))]
    for key in copied[:-1]:
        into = into.setdefault(key, {})
    into[copied[-1]] = at(declared, copied)


def _whole(
    declared: Mapping[str, Any], raw: Mapping[str, Any], specification: Specification, changed: frozenset[Path]
) -> Patch:
    schema = specification.connection_specification
    kept = {
        path: SECRET_MASK
        for path, leaf in walk(declared)
        if isinstance(leaf, (Secret, Masked))
        and not _is_within(path, changed)
        and not (specification.is_partial and _may_be_elsewhere(path, changed))
        and mask_allowed(path, raw, declared, schema)
    }
    injected = {key: value for key, value in raw.items() if key.startswith("__injected_")}
    return Patch(configuration={**injected, **replaced(declared, kept)}, whole=True)


def _may_be_elsewhere(path: Path, changed: Collection[Path]) -> bool:
    """Whether a change beside the secret may have chosen another branch; what tells no branches cannot deny it."""
    return len(path) > 1 and any(of[0] == path[0] for of in changed)
