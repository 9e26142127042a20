"""Declared beside observed, field by field, into Changes. Pure.

Top-level fields are open (only declared ones are compared, None is shown and never differs), nested maps exact,
lists compared item by item.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from dagster_managed_elements.engine.changes import (
    Change,
    Changes,
    Create,
    Declared,
    Delete,
    FieldChange,
    Memory,
    Observed,
    Pair,
    Replace,
    Update,
    Why,
    Within,
)
from dagster_managed_elements.engine.findings import Notice, written
from dagster_managed_elements.engine.ignoring import is_ignored, left_alone
from dagster_managed_elements.engine.kinds import Kind, Kinds
from dagster_managed_elements.engine.secrets import Resent, Secret, judge, masked_beside, unsecret
from dagster_managed_elements.engine.values import (
    ABSENT,
    Ids,
    Key,
    Later,
    Masked,
    Path,
    Ref,
    equal,
    is_leaf,
    leaves,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a comparison rests on beside the two sides: *ids* of what is referred to, *memory* of earlier runs.

    Of the secrets the server holds those that are to be *resent* are listed as changed.
    """

    kinds: Kinds
    ids: Ids
    memory: Memory = field(default_factory=Memory)
    resent: Resent = field(default_factory=Resent)


def diff(pairs: Iterable[Pair], basis: Basis) -> Changes:
    """What makes the observed sides equal the declared ones. What is observed alone is left alone."""
    items: list[Change] = []
    notices: list[Notice] = []
    for pair in pairs:
        match pair:
            case Pair(Declared() as declared, None):
                items.append(Create(declared, _all_of(declared)))
            case Pair(Declared() as declared, Observed() as observed):
                change, said = _Comparison(declared, observed, basis).change()
                notices += said
                items += [change] if change else []
            case _:
                pass
    notices += [notice for item in items for notice in later(item, basis.ids)]
    return Changes(tuple(items), tuple(notices))


def made_anew(change: Replace, basis: Basis) -> tuple[Replace, Sequence[Notice]]:
    """*change* with what differs and is ignored: what is kept as it is on the server, all else as declared, which
    is shown and said.
    """
    comparison = _Comparison(change.declared, change.observed, basis)
    written_anew = comparison.written_anew()
    shown = [changed for changed in written_anew if changed.why != "unknown"]
    anew = replace(change, declared=comparison.keeping(change.declared), fields=(*change.fields, *shown))
    return anew, [comparison.notice(changed, "not-ignored") for changed in written_anew]


def as_made_anew(half: Pair, old: Pair, basis: Basis) -> Pair:
    """*half*, which an earlier run made in the place of *old*, declared as it would be made today: whatever else it
    is differs, and nothing of that is ignored.
    """
    if half.declared is None or old.declared is None or old.observed is None:
        return half
    declared = _Comparison(old.declared, old.observed, basis).keeping(half.declared)
    return replace(half, declared=replace(declared, ignore=()))


def undeclared(pairs: Iterable[Pair], kept: Container[Ref]) -> Iterator[Delete]:
    """The end of what is observed and not declared, except what is to be *kept*."""
    for pair in pairs:
        if pair.declared is None and pair.observed is not None and pair.observed.ref not in kept:
            yield deletion(pair.observed, reason="it is not declared")


def later(change: Change, ids: Ids) -> Iterator[Notice]:
    """What of *change* is known only once something else is done; *ids* are of what is there."""
    if isinstance(change, Delete):
        return
    for name, value in change.declared.fields.items():
        if isinstance(value, Later):
            text = f"verified once {value.on} is {'changed' if value.on in ids else 'created'}"
            yield Notice(change.key, (name,), "later", text)


def deletion(
    observed: Observed, *, cause: Key | None = None, reason: str = "", declared: Declared | None = None
) -> Delete:
    fields = tuple(FieldChange((name,), value, ABSENT) for name, value in observed.fields.items())
    return Delete(observed, fields, cause, reason, declared)


def _all_of(declared: Declared) -> tuple[FieldChange, ...]:
    return tuple(FieldChange((name,), ABSENT, value) for name, value in declared.fields.items())


@dataclass(frozen=True, slots=True)
class _Comparison:
    """One declared element beside one observed object."""

    declared: Declared
    observed: Observed
    basis: Basis

    @property
    def kind(self) -> Kind:
        return self.basis.kinds[self.declared.key.kind]

    def change(self) -> tuple[Change | None, list[Notice]]:
        found = list(self._changes())
        ignored = [changed for changed in found if self._is_ignored(changed)]
        heeded = [changed for changed in found if not self._is_ignored(changed)]
        unknown = [changed for changed in heeded if changed.why == "unknown"]
        kept = [changed for changed in heeded if changed.why != "unknown"]
        notices = [self.notice(changed, "ignored") for changed in ignored]
        untold = "secret-unknown" if self.basis.memory.sign is None else "secret-unrecorded"
        notices += [self.notice(changed, untold) for changed in unknown]
        if not kept:
            return None, notices
        update = Update(left_alone(self.declared, ignored), self.observed, tuple(kept))
        if self.kind.replaces(update):
            return Replace(self.declared, self.observed, update.fields), notices
        return update, notices

    def written_anew(self) -> list[FieldChange]:
        """What differs and is ignored, and is as declared where this is made anew."""
        return [changed for changed in self._ignored() if not self._is_kept(changed)]

    def keeping(self, declared: Declared) -> Declared:
        """*declared*, the same element, with what is ignored and kept where it is made anew."""
        kept = {changed.path[0]: changed.before for changed in self._ignored() if self._is_kept(changed)}
        fields = {name: value for name, value in {**declared.fields, **kept}.items() if value is not ABSENT}
        return replace(declared, fields=fields) if kept else declared

    def _ignored(self) -> list[FieldChange]:
        if not self.declared.ignore:
            return []
        return [changed for changed in self._changes() if self._is_ignored(changed)]

    def _is_kept(self, changed: FieldChange) -> bool:
        """Only what can be sent as it was observed: a whole field, with nothing in it that is masked or refers."""
        name = changed.path[0]
        return (
            self.kind.takes_over
            and changed.path == (name,)
            and name in self.declared.fields
            and not isinstance(self.declared.fields[name], Later)
            and not changed.why
            and not any(isinstance(leaf, (Masked, Ref)) for leaf in leaves(changed.before))
        )

    def _changes(self) -> Iterator[FieldChange]:
        if self.declared.key.name != self.observed.name:
            yield FieldChange(("name",), self.observed.name, self.declared.key.name)
        for name, after in self.declared.fields.items():
            if after is not None:
                yield from self._compare((name,), self.observed.fields.get(name, ABSENT), after)

    def _is_ignored(self, changed: FieldChange) -> bool:
        return is_ignored(self.kind.shown(changed.path), self.declared.ignore)

    def notice(self, changed: FieldChange, code: str) -> Notice:
        path = self.kind.shown(changed.path)
        text = {
            "ignored": "differs, and is ignored as declared",
            "not-ignored": "it is ignored, but is written as declared where this is made anew",
            "secret-unknown": "the server does not show this secret, so it is taken as unchanged",
            "secret-unrecorded": "nothing is recorded of this secret, so it is taken as what the server has",
        }[code]
        if isinstance(changed.after, Secret) and not changed.after.cheap and code == "secret-unknown":
            text += "; a new reference of it changes nothing by itself"
        return Notice(self.declared.key, path, code, text)

    def _compare(self, path: Path, before: Any, after: Any) -> Iterator[FieldChange]:
        after = after.value if isinstance(after, Later) else after
        if isinstance(after, Secret):
            yield from self._secret(path, before, after)
        elif not is_leaf(after.__class__) and isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from self._maps(path, cast("Mapping[str, Any]", before), cast("Mapping[str, Any]", after))
        elif isinstance(before, list) and isinstance(after, list):
            yield from self._lists(path, cast("list[Any]", before), cast("list[Any]", after))
        elif not self._equal(before, after):
            yield FieldChange(path, before, after)

    def _maps(self, path: Path, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[FieldChange]:
        for key, value in after.items():
            yield from self._compare((*path, key), before.get(key, ABSENT), value)
        for key, value in before.items():
            if key not in after and value is not None:
                yield FieldChange((*path, key), value, ABSENT)

    def _lists(self, path: Path, before: Sequence[Any], after: Sequence[Any]) -> Iterator[FieldChange]:
        """A list is sent whole, unless only secrets in it are to be said."""
        inner = [
            changed
            for index, (old, new) in enumerate(zip(before, after, strict=False))
            for changed in self._compare((*path, str(index)), old, new)
        ]
        if len(before) == len(after) and all(changed.why for changed in inner):
            yield from inner
        else:
            parts = [part for changed in inner for part in changed.parts]
            within: Within = tuple((part.path[len(path) :], _sent(part.why)) for part in parts)
            yield FieldChange(path, before, after, within=within if _is_in_pairs(before, after) else ())

    def _secret(self, path: Path, before: Any, after: Secret) -> Iterator[FieldChange]:
        key, ref, memory = self.declared.key, self.observed.ref, self.basis.memory
        where = written(key, self.kind.shown(path))
        record = memory.recorded(key, ref, path)
        now = memory.signed(ref, path, after) if record else None
        verdict = judge(before, after, record, now, force=where in self.basis.resent)
        if verdict == "same":
            return
        masked = before if before is ABSENT or before is None else Masked()
        yield FieldChange(path, masked, after, verdict)

    def _equal(self, before: Any, after: Any) -> bool:
        if isinstance(after, Key):
            return isinstance(before, Ref) and before == Ref(after.kind, self.basis.ids.get(after, ""))
        if isinstance(after, Masked):
            return isinstance(before, Masked)
        return equal(before, after)


def _sent(why: Why) -> Why:
    """Of what is part of a list that is sent whole."""
    return "sent-along" if why == "unknown" else why


def _is_in_pairs(before: Sequence[Any], after: Sequence[Any]) -> bool:
    """Whether each item is what became of the one in its place: none came, went or moved. Secrets do not tell."""
    if len(before) != len(after) or not all(isinstance(item, Mapping) for item in (*before, *after)):
        return False
    before, after = unsecret(masked_beside(before, after)), unsecret(after)
    changed = [index for index, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    return not any(before[old] == after[new] for old in changed for new in changed)
