"""What a replacement or a deletion takes with it: whatever still refers to the object that goes. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from dagster_managed_elements.engine.changes import Change, Create, Delete, Pair, Replace, Update
from dagster_managed_elements.engine.diffing import deletion
from dagster_managed_elements.engine.values import Key, Ref, pointers, references

_Identity: TypeAlias = Ref | Key


def cascade(changes: Iterable[Change], pairs: Iterable[Pair]) -> tuple[Change, ...]:
    """*changes*, and what they take with them: whatever still refers to an object that goes is replaced where
    it is declared, deleted where it is not. Follows references as far as they lead.
    """
    found: dict[_Identity, Change] = {_identity(change): change for change in changes}
    doomed = [change for change in found.values() if isinstance(change, (Replace, Delete))]
    if not doomed:
        return tuple(found.values())  # as of nearly every plan, and who points at whom takes long to find
    referring: dict[Ref, list[Pair]] = defaultdict(list)
    for pair in pairs:
        for ref in set(pointers(pair.observed.fields)) if pair.observed else ():
            referring[ref].append(pair)
    while doomed:
        gone = doomed.pop()
        for pair in referring[gone.observed.ref]:
            taken = _taken_along(pair, gone, found)
            if taken is not None:
                found[_identity(taken)] = taken
                doomed.append(taken)
    return tuple(found.values())


def _taken_along(pair: Pair, gone: Replace | Delete, found: Mapping[_Identity, Change]) -> Replace | Delete | None:
    if (observed := pair.observed) is None:
        return None
    already = found.get(observed.ref)
    if isinstance(already, (Replace, Delete)):
        return None
    if pair.declared is None:
        return deletion(observed, cause=gone.key)
    if isinstance(already, Update) and _turns_away(already, gone):
        return None
    fields = already.fields if already else ()
    return Replace(pair.declared, observed, fields, cause=gone.key)


def _turns_away(change: Update, gone: Replace | Delete) -> bool:
    """Whether an update leaves nothing that points at what goes, nor at what takes its place: that is there
    only once the old one is gone, and the old one cannot go before the update.
    """
    moved = {changed.path[0] for changed in change.fields}
    kept = {name: value for name, value in change.observed.fields.items() if name not in moved}
    points = gone.observed.ref in set(pointers(kept))
    waits = isinstance(gone, Replace) and gone.key in set(references(change.declared.fields))
    return not points and not waits


def _identity(change: Change) -> _Identity:
    return change.key if isinstance(change, Create) else change.observed.ref
