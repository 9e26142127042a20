"""A plan as its reader sees it: an entry a change, fields by the paths shown, references by name. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dagster_managed_elements.engine.changes import Action, Change, Create, Delete, FieldChange, Replace
from dagster_managed_elements.engine.kinds import Kinds
from dagster_managed_elements.engine.secrets import masked_beside
from dagster_managed_elements.engine.values import Key, Named, Ref, mapped


@dataclass(frozen=True, slots=True)
class Entry:
    """A change as the user reads it: what happens to which element, and its fields by their shown paths."""

    action: Action
    key: Key
    id: str | None
    fields: tuple[FieldChange, ...]
    owner: str = ""
    cause: Key | None = None
    reason: str = ""

    @property
    def aside(self) -> str:
        """What is said behind its name: that it is replaced, on whose account it goes, or why."""
        if self.reason:
            return f"removed: {self.reason}"
        if self.action == "replace":
            return f"replaced with {self.cause.name}" if self.cause else "replaced"
        return f"deleted with {self.cause.name}" if self.cause else ""


def presented(changes: Iterable[Change], kinds: Kinds, names: Mapping[Ref, str]) -> tuple[Entry, ...]:
    """One entry a change, in their order. *names* are those of the observed objects."""
    return tuple(_entry(change, kinds, names) for change in changes)


def _entry(change: Change, kinds: Kinds, names: Mapping[Ref, str]) -> Entry:
    shown = kinds[change.key.kind].show(change)
    return Entry(
        action=change.action,
        key=change.key,
        id=None if isinstance(change, Create) else change.observed.id,
        fields=tuple(
            replace(field, before=masked_beside(_legible(field.before, names), field.after)) for field in shown
        ),
        owner=change.declared.owner if change.declared is not None else "",
        cause=change.cause if isinstance(change, (Replace, Delete)) else None,
        reason=removal.reason if change.declared and (removal := change.declared.removal) else "",
    )


def _legible(value: Any, names: Mapping[Ref, str]) -> Any:
    """*value* with every pointer as the name of what it points at."""
    return mapped(
        value,
        lambda leaf: Named(leaf.id, names.get(leaf, leaf.label or leaf.id)) if isinstance(leaf, Ref) else leaf,
    )


def labels(entries: Sequence[Entry]) -> list[str]:
    """A name for each entry: its own, with its kind where two kinds share it, with its id where even that
    leaves two alike.
    """
    names = Counter(entry.key.name for entry in entries)
    keys = Counter(entry.key for entry in entries)

    def label(entry: Entry) -> str:
        if names[entry.key.name] == 1:
            return entry.key.name
        return f"{entry.key.name} ({entry.key.kind}{f' {entry.id}' if keys[entry.key] > 1 else ''})"

    return [label(entry) for entry in entries]
