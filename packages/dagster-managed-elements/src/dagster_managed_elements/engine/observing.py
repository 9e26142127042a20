"""Reads a place until what is absent is proven absent: one listing may repeat and skip rows, so two must agree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import anyio

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

    async def of(self, kind: Kind) -> Sequence[Observed]:
        return [observed for observed in self.objects if observed.kind == kind.name]

    @property
    def refs(self) -> frozenset[Ref]:
        return frozenset(observed.ref for observed in self.objects)


class Arriving:
    """Every kind that is asked for, read at once and again where something declared is absent or rows repeat; with
    *exhaustive*, because what is not declared is to go, every kind of which there is anything. What there is `of` a
    kind is told once that kind is read, whatever is still missing of others.
    """

    def __init__(self, kinds: Sequence[Kind], declared: Sequence[Declared], *, exhaustive: bool) -> None:
        self._kinds, self._declared, self._exhaustive = kinds, declared, exhaustive
        self._wanted = frozenset(element.key for element in declared)
        self._found: dict[str, tuple[Observed, ...]] = {}
        self._confirmed: set[str] = set()
        self._is_read = {kind.name: anyio.Event() for kind in kinds}

    async def read(self) -> None:
        """Raises what reading raises: `of` waits in vain then, and is to be ended with this."""
        mentioned = {key.kind for element in self._declared for key in (element.key, *references(element.fields))}
        asked = [kind for kind in self._kinds if not kind.on_demand or kind.name in mentioned]
        for kind in asked:
            kind.expect([element for element in self._declared if element.key.kind == kind.name])
        for kind in self._kinds:
            if kind not in asked:
                self._confirmed.add(kind.name)
                self._keep(kind, ())
        await concurrently(*(partial(self._read, kind) for kind in asked))

    async def of(self, kind: Kind) -> Sequence[Observed]:
        await self._is_read[kind.name].wait()
        return self._found[kind.name]

    def whole(self) -> Reading:
        """Of what `read` has read to its end."""
        return _together(self._kinds, self._found, self._confirmed)

    async def _read(self, kind: Kind) -> None:
        found = await kind.observe()
        names = {observed.key for observed in found}
        is_missing = any(key.kind == kind.name and key not in names for key in self._wanted)
        if is_missing or _repeats(found) or (self._exhaustive and found):
            found = await _agreed(kind, found)
            self._confirmed.add(kind.name)
        self._keep(kind, found)

    def _keep(self, kind: Kind, found: Iterable[Observed]) -> None:
        self._found[kind.name] = tuple({observed.ref: observed for observed in found}.values())
        self._is_read[kind.name].set()


async def observe(kinds: Sequence[Kind], declared: Sequence[Declared], *, exhaustive: bool) -> Reading:
    """All of it, as it is `Arriving`."""
    arriving = Arriving(kinds, declared, exhaustive=exhaustive)
    await arriving.read()
    return arriving.whole()


def needed(observed: Sequence[Observed], declared: Iterable[Declared]) -> Iterator[Observed]:
    """What cannot be read and has to be: it has a declared name, or none, while a declared one is absent."""
    unreadable = [one for one in observed if one.fault is not None]
    if not unreadable:
        return
    names = {one.key for one in observed if one.fault is None}
    wanted = [element.key for element in declared]
    old = {Key(element.key.kind, element.renamed_from) for element in declared if element.renamed_from is not None}
    absent = {key.kind for key in wanted if key not in names}
    for one in unreadable:
        if one.key in old.union(wanted) or (not one.name and one.kind in absent):
            yield one


async def confirm(kinds: Sequence[Kind], reading: Reading) -> Reading:
    """*reading* with every kind confirmed: for a plan that destroys, which must not miss what depends on it."""
    found = {kind.name: await reading.of(kind) for kind in kinds}

    async def read(kind: Kind) -> None:
        found[kind.name] = await _agreed(kind, found[kind.name])

    await concurrently(*(partial(read, kind) for kind in kinds if kind.name not in reading.confirmed))
    return _together(kinds, found, (kind.name for kind in kinds))


def _together(kinds: Sequence[Kind], found: Mapping[str, Sequence[Observed]], confirmed: Iterable[str]) -> Reading:
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
