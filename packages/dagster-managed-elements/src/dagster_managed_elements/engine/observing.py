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
        return tuple(observed for observed in self.objects if observed.fault is None)

    @property
    def unreadable(self) -> tuple[Observed, ...]:
        return tuple(observed for observed in self.objects if observed.fault is not None)

    @property
    def refs(self) -> frozenset[Ref]:
        return frozenset(observed.ref for observed in self.objects)


async def observe(kinds: Sequence[Kind], declared: Sequence[Declared], *, exhaustive: bool) -> Reading:
    """Every kind that is asked for at once, and again where something declared is absent or rows repeat; with
    *exhaustive*, because what is not declared is to go, every kind of which there is anything.
    """
    wanted = frozenset(element.key for element in declared)
    mentioned = {key.kind for element in declared for key in (element.key, *references(element.fields))}
    asked = [kind for kind in kinds if not kind.on_demand or kind.name in mentioned]

    def suspect(kind: Kind, first: Sequence[Observed]) -> bool:
        names = {observed.key for observed in first}
        missing = any(key.kind == kind.name and key not in names for key in wanted)
        return missing or _repeats(first) or bool(exhaustive and first)

    for kind in asked:
        kind.expect([element for element in declared if element.key.kind == kind.name])
    first = await _read_all(asked)
    doubtful = [kind for kind in asked if suspect(kind, first[kind.name])]
    reading = await _confirmed(asked, first, doubtful)
    return replace(reading, confirmed=reading.confirmed.union(kind.name for kind in kinds if kind not in asked))


def needed(reading: Reading, declared: Iterable[Declared]) -> Iterator[Observed]:
    """What cannot be read and has to be: it has a declared name, or none, while a declared one is absent."""
    names = {observed.key for observed in reading.readable}
    wanted = [element.key for element in declared]
    old = {Key(element.key.kind, element.renamed_from) for element in declared if element.renamed_from is not None}
    absent = {key.kind for key in wanted if key not in names}
    for observed in reading.unreadable:
        if observed.key in old.union(wanted) or (not observed.name and observed.kind in absent):
            yield observed


async def confirm(kinds: Sequence[Kind], reading: Reading) -> Reading:
    """*reading* with every kind confirmed: for a plan that destroys, which must not miss what depends on it."""
    known = {kind.name: [observed for observed in reading.objects if observed.kind == kind.name] for kind in kinds}
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
    once = {observed.ref: observed for kind in kinds for observed in found[kind.name]}
    return Reading(tuple(once.values()), frozenset(confirmed))


async def _agreed(kind: Kind, first: Sequence[Observed]) -> Sequence[Observed]:
    """Reads until two in a row agree. Nothing at all is not believed of a list that had something."""
    reads = [first]
    while len(reads) < _MOST_READS:
        reads.append(await kind.observe())
        before, now = ({observed.id for observed in read} for read in reads[-2:])
        if before == now and (now or not any(reads)):
            return reads[-1]
    text = f"The list of {kind.name}s changes from read to read; nothing is concluded from it. Try again."
    raise ServerFault(text)


def _repeats(read: Sequence[Observed]) -> bool:
    return len({observed.id for observed in read}) < len(read)
