"""Replacements that earlier runs began and did not end: which go on with what was made, what of it goes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from dagster_managed_elements.engine.cascading import cascade
from dagster_managed_elements.engine.changes import Change, Delete, Pair, Replace, Update
from dagster_managed_elements.engine.diffing import deletion
from dagster_managed_elements.engine.kinds import Kind
from dagster_managed_elements.engine.values import Key, Ref, pointers

_OF_NO_USE: Final = "it was made for a replacement that was cut off, and is of no use any more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Continued:
    """All *changes*, what goes spread to whatever refers to it. Of what earlier runs made: the *halves* to go on
    with, by the keys of their elements, and the ends of those that are of no use.
    """

    changes: tuple[Change, ...]
    halves: Mapping[Key, Update]
    ended: Sequence[Delete]


def is_half(pair: Pair, interims: frozenset[Ref]) -> bool:
    """Whether it is what an earlier run made, beside its element; alone it is one more object nobody declared."""
    return pair.declared is not None and pair.observed is not None and pair.observed.ref in interims


def go_on(kind: Kind, halves: Iterable[Change], found: Sequence[Change], pairs: Sequence[Pair]) -> Continued:
    """What the *halves* of one kind come to, beside all that was *found* so far.

    One is of no use where it would be replaced itself, lacks what the old object has by now, or refers to what
    goes; then it goes too, and with it what refers to it, which may be more of this kind.
    """
    every = [half for half in halves if isinstance(half, (Update, Replace))]
    useful = [half for half in every if isinstance(half, Update)]
    while True:
        chosen = {half.key: half for half in reversed(useful)}
        used = {half.observed.ref for half in chosen.values()}
        ended = [deletion(half.observed, reason=_OF_NO_USE) for half in every if half.observed.ref not in used]
        # From the start each time: what was taken along before its own kind was resolved is put right by it.
        changes = cascade([*found, *ended], pairs)
        going = {change.observed.ref for change in changes if isinstance(change, (Delete, Replace))}
        replaced = {change.key: change for change in changes if isinstance(change, Replace)}
        kept = [
            half
            for half in useful
            if half.key in replaced
            and kind.serves(half, replaced[half.key])
            and going.isdisjoint([half.observed.ref, *pointers(half.observed.fields)])
        ]
        if len(kept) == len(used):
            break
        useful = kept
    successors = {change.observed.ref: change.key for change in replaced.values()}
    return Continued(
        changes=tuple(_caused(change, successors) if isinstance(change, Replace) else change for change in changes),
        halves={key: _unnamed(half) for key, half in chosen.items()},
        ended=ended,
    )


def _caused(change: Replace, successors: Mapping[Ref, Key]) -> Replace:
    """*change* as what it is where it only follows from a replacement that was begun: it refers to the old object
    still, and is to refer to the one of the same name that is there already.
    """
    following = [
        changed
        for changed in change.fields
        if isinstance(changed.before, Ref) and successors.get(changed.before) == changed.after
    ]
    if not following:
        return change
    fields = tuple(changed for changed in change.fields if changed not in following)
    return replace(change, fields=fields, cause=change.cause or following[0].after)


def _unnamed(change: Update) -> Update:
    """*change* but for the name: that is not free yet."""
    fields = tuple(changed for changed in change.fields if changed.path != ("name",))
    return replace(change, declared=replace(change.declared, key=change.observed.key), fields=fields)
