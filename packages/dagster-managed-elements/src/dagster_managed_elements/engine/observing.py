"""Reads a place until what is absent is proven absent: one listing may repeat and skip rows, so two must agree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from dagster_managed_elements.engine.changes import Declared, Observed
from dagster_managed_elements.engine.concurrency import concurrently
from dagster_managed_elements.engine.errors import ServerFault
from dagster_managed_elements.engine.kinds import Kind
from dagster_managed_elements.engine.values import Key, Ref, references

_MOST_READS = 5


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read, each object once, and of which kinds two reads agreed, or nobody asks."""

    objects: tuple[Observed, ...]
    confirmed: frozenset[str]

    @property
    def readable(self) -> tuple[Observed, ...]:
        return tuple(each for each in self.objects if each.fault is None)

    @property
    def unreadable(self) -> tuple[Observed, ...]:
        return tuple(each for each in self.objects if each.fault is not None)

    @property
    def refs(self) -> frozenset[Ref]:
        return frozenset(each.ref for each in self.objects)


async def observe(kinds: Sequence[Kind], declared: Sequence[Declared], *, exhaustive: bool) -> Reading:
    """Every kind that is asked for at once, and again where something declared is absent or rows repeat; with
    *exhaustive*, because what is not declared is to go, every kind of which there is anything.
    """
    wanted = frozenset(each.key for each in declared)
    mentioned = {key.kind for each in declared for key in (each.key, *references(each.fields))}
    asked = [kind for kind in kinds if not kind.on_demand or kind.name in mentioned]

    def suspect(kind: Kind, first: Sequence[Observed]) -> bool:
        names = {each.key for each in first}
        missing = any(key.kind == kind.name and key not in names for key in wanted)
        return missing or _repeats(first) or bool(exhaustive and first)

    for kind in asked:
        kind.expect([each for each in declared if each.key.kind == kind.name])
    first = await _read_all(asked)
    doubtful = [kind for kind in asked if suspect(kind, first[kind.name])]
    reading = await _confirmed(asked, first, doubtful)
    return replace(reading, confirmed=reading.confirmed.union(kind.name for kind in kinds if kind not in asked))


def needed(reading: Reading, declared: Iterable[Declared]) -> Iterator[Observed]:
    """What cannot be read and has to be: it has a declared name, or none, while a declared one is absent."""
    names = {each.key for each in reading.readable}
    wanted = [each.key for each in declared]
    old = {Key(each.key.kind, each.renamed_from) for each in declared if each.renamed_from is not None}
    absent = {key.kind for key in wanted if key not in names}
    for each in reading.unreadable:
        if each.key in old.union(wanted) or (not each.name and each.kind in absent):
            yield each


async def confirm(kinds: Sequence[Kind], reading: Reading) -> Reading:
    """*reading* with every kind confirmed: for a plan that destroys, which must not miss what depends on it."""
    known = {kind.name: [each for each in reading.objects if each.kind == kind.name] for kind in kinds}
    rest = await _confirmed(kinds, known, [kind for kind in kinds if kind.name not in reading.confirmed])
    return replace(rest, confirmed=rest.confirmed | reading.confirmed)


async def _read_all(kinds: Iterable[Kind]) -> dict[str, Sequence[Observed]]:
    found: dict[str, Sequence[Observed]] = {}

    async def read(kind: Kind) -> None:
        found[kind.name] = await kind.observe()

    await concurrently(*(partial(read, kind) for kind in kinds))
    return found


async def _confirmed(
    kinds: Sequence[Kind], known: Mapping[str, Sequence[Observed]], doubtful: Iterable[Kind]
) -> Reading:
    found = dict(known)
    confirmed: set[str] = set()

    async def read(kind: Kind) -> None:
        found[kind.name] = await _agreed(kind, known[kind.name])
        confirmed.add(kind.name)

    await concurrently(*(partial(read, kind) for kind in doubtful))
    once = {each.ref: each for kind in kinds for each in found[kind.name]}
    return Reading(tuple(once.values()), frozenset(confirmed))


async def _agreed(kind: Kind, first: Sequence[Observed]) -> Sequence[Observed]:
    """Reads until two in a row agree. Nothing at all is not believed of a list that had something."""
    reads = [first]
    while len(reads) < _MOST_READS:
        reads.append(await kind.observe())
        before, now = ({each.id for each in read} for read in reads[-2:])
        if before == now and (now or not any(reads)):
            return reads[-1]
    text = f"The list of {kind.name}s changes from read to read; nothing is concluded from it. Try again."
    raise ServerFault(text)


def _repeats(read: Sequence[Observed]) -> bool:
    return len({each.id for each in read}) < len(read)
