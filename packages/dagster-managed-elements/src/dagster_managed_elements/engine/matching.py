"""Pairs what is declared with what is observed. Pure; picks nothing silently."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from dagster_managed_elements.engine.changes import Declared, Memory, Observed, Pair, Removal
from dagster_managed_elements.engine.concurrency import paced
from dagster_managed_elements.engine.elements import Element, Removed, Restored, key_of, reachable
from dagster_managed_elements.engine.errors import ManagedElementsError
from dagster_managed_elements.engine.findings import Problem
from dagster_managed_elements.engine.succession import read_interim
from dagster_managed_elements.engine.values import DEEPEST, Key, Ref, is_sendable, nests_too_deep


class Gathering:
    """The elements of one owner and what they refer to, read as far as there was time: `ahead` while something else
    is waited for, and the rest when it is `whole`.
    """

    def __init__(self, owner: str, elements: Iterable[Element]) -> None:
        self.problems: list[Problem] = []
        self._found: list[tuple[Element, Declared]] = []
        self._rest = _with_parts(elements, owner, set(), self.problems)

    async def ahead(self) -> None:
        async for found in paced(self._rest):
            self._found.append(found)

    def whole(self) -> Sequence[tuple[Element, Declared]]:
        self._found += self._rest
        return self._found


def gather(owned: Iterable[tuple[str, Iterable[Element]]]) -> tuple[list[Declared], list[Problem]]:
    """Every element of every owner and what it refers to, each key once, referred-to first.

    One key declared twice alike is one element; declared twice differently is a Problem.
    """
    return merged([Gathering(owner, elements) for owner, elements in owned])


def merged(gatherings: Sequence[Gathering]) -> tuple[list[Declared], list[Problem]]:
    """As `gather`, of what may have been read ahead."""
    declared: dict[Key, Declared] = {}
    problems: list[Problem] = []
    for gathering in gatherings:
        for element, new in gathering.whole():
            problems += (Problem(new.key, (), text) for text in _mistakes(element))
            old = declared.setdefault(new.key, new)
            if old is not new and not _alike(old, new):
                text = f"two different {new.key.kind}s are declared with this name"
                if (old.removal is None) != (new.removal is None):
                    text = f"this {new.key.kind} is declared, and declared as removed"
                problems.append(Problem(new.key, (), text))
        problems += gathering.problems
    return list(declared.values()), list(dict.fromkeys(problems))


def mentioned(elements: Iterable[Element]) -> frozenset[Key]:
    """The keys of *elements* and of all that they refer to as elements. Those must have been gathered before."""
    return frozenset(map(key_of, reachable(elements)))


def _with_parts(
    elements: Iterable[Element], owner: str, seen: set[int], problems: list[Problem]
) -> Iterator[tuple[Element, Declared]]:
    """Each object once, however many others share it: what refers to it may be shared in turn."""
    for element in elements:
        if id(element) in seen:
            continue
        seen.add(id(element))
        try:
            parts, new = element.parts(), declare(element, owner)
        except Exception as error:  # noqa: BLE001 - a mapping or an element of the user's own may do anything
            problems.append(Problem(key_of(element), (), _unreadable(error)))
            continue
        yield from _with_parts(parts, owner, seen, problems)
        if nests_too_deep(new.fields):
            problems.append(Problem(new.key, (), _ENDLESS))
        else:
            yield element, new


_ENDLESS: Final = f"it contains itself, or nests more than {DEEPEST} levels deep"


def _unreadable(error: Exception) -> str:
    """Without the text of what the user's own code raised: it may quote a value."""
    if isinstance(error, RecursionError):
        return _ENDLESS
    said = f": {error}" if isinstance(error, ManagedElementsError) else ""
    return f"what it declares cannot be read, {type(error).__name__} was raised{said}"


def _mistakes(element: Element) -> Iterator[str]:
    """What is wrong with what every element has; types are not checked where it is made."""
    name, ignore, old = cast("tuple[object, ...]", (element.name, element.ignore, element.renamed_from))
    if not (isinstance(name, str) and name.strip()):
        yield f"a {element.kind} needs a name"
    elif not is_sendable(name):
        yield "its name has half a character in it (a lone surrogate)"
    if not _are_paths(ignore):
        yield f"ignore= wants a list of paths, not {type(ignore).__name__}"
    if not (old is None or isinstance(old, str)):
        yield f"renamed_from= wants a name, not {type(old).__name__}"


def _are_paths(ignore: object) -> bool:
    return isinstance(ignore, (list, tuple)) and all(isinstance(path, str) for path in cast("list[Any]", ignore))


def declare(element: Element, owner: str = "") -> Declared:
    return Declared(
        key=key_of(element),
        fields=element.fields(),
        owner=owner,
        protect=bool(element.protect),
        ignore=element.ignore if _are_paths(element.ignore) else (),
        renamed_from=element.renamed_from if isinstance(element.renamed_from, str) else None,
        removal=Removal(element.reason, element.on) if isinstance(element, Removed) else None,
        in_place_of=element.in_place_of if isinstance(element, Restored) else None,
    )


def _alike(one: Declared, other: Declared) -> bool:
    def facets(of: Declared) -> tuple[object, ...]:
        return (of.fields, of.protect, of.ignore, of.renamed_from, of.removal)

    return facets(one) == facets(other)


def match(
    declared: Sequence[Declared], observed: Iterable[Observed], memory: Memory
) -> tuple[list[Pair], list[Problem]]:
    """Pair by recorded id, then by name or, where there is none of it, `renamed_from`; the rest is observed alone.

    Two objects of one declared name are a Problem that shows both ids: Airbyte, for one, lets names repeat.
    """
    named: dict[Key, list[Observed]] = defaultdict(list)
    for there in observed:
        named[there.key].append(there)
    recorded = _recorded(declared, named, memory)
    taken = dict(recorded)
    used = {found.ref for found in taken.values()}
    free = {
        key: left for key, group in named.items() if (left := [there for there in group if there.ref not in used])
    }
    claims = _claims([element for element in declared if element.key not in taken], free)
    left_behind = set(claims.values())
    for element in declared:
        wanted = claims.get(element.key, element.key)
        is_leaving = wanted == element.key and wanted in left_behind
        if element.key not in taken and not is_leaving and (found := free.get(wanted)):
            taken[element.key] = found[0]
    used = {found.ref for found in taken.values()}
    left = [there for group in named.values() for there in group if there.ref not in used]
    pairs = [Pair(element, taken.get(element.key)) for element in declared]
    pairs += [Pair(None, there) for there in sorted(left, key=lambda there: (there.kind, there.name, there.id))]
    return pairs, list(_unclear([element for element in declared if element.key not in recorded], free, claims))


@dataclass(frozen=True, slots=True, kw_only=True)
class Interims:
    """What replacements that were cut in two left behind. In *pairs* an object with an interim name stands for the
    element whose old object is gone; *begun* are all the others, each beside its element.
    """

    pairs: Sequence[Pair]
    begun: Sequence[Pair] = ()


def match_interims(pairs: Sequence[Pair], longest: Mapping[str, int | None]) -> Interims:
    """Pairs what has an interim name with the element it is on its way to be; of several, the last attempt.

    *longest* says by kind how many characters of a name there is room for.
    """
    alone = [pair.observed for pair in pairs if pair.observed is not None and pair.declared is None]
    found = [(interim, observed) for observed in alone if (interim := read_interim(observed.name)) is not None]
    if not found:
        return Interims(pairs=pairs)
    there = {pair.observed.id for pair in pairs if pair.observed}
    ending: dict[Key, Observed] = {}
    begun: list[Pair] = []
    for interim, observed in sorted(found, key=lambda each: (-each[0].attempt, each[1].id)):
        for pair in pairs:
            declared = pair.declared
            if declared is None or declared.key.kind != observed.kind:
                continue
            if not interim.is_for(declared.key.name, longest.get(observed.kind)):
                continue
            if pair.observed is None and interim.replaces not in there and declared.key not in ending:
                ending[declared.key] = observed
            else:
                begun.append(Pair(declared, observed))
    taken = {observed.ref for observed in ending.values()}
    kept = [pair for pair in pairs if pair.declared or (pair.observed and pair.observed.ref not in taken)]
    return Interims(pairs=[_ended(pair, ending) for pair in kept], begun=begun)


def _ended(pair: Pair, ending: Mapping[Key, Observed]) -> Pair:
    if pair.declared is None or pair.declared.key not in ending:
        return pair
    return Pair(pair.declared, ending[pair.declared.key])


def _recorded(
    declared: Sequence[Declared], named: Mapping[Key, Sequence[Observed]], memory: Memory
) -> dict[Key, Observed]:
    """By its own id, or by that of the name it is renamed from, unless that is declared itself. Two names of one id
    are nobody's.
    """
    if not memory.ids:
        return {}
    by_id = {there.ref: there for group in named.values() for there in group}
    keys = frozenset(element.key for element in declared)
    found: dict[Key, Observed] = {}
    for element in declared:
        old = Key(element.key.kind, element.renamed_from or "")
        for key in (element.key, *(() if old in keys else (old,))):
            observed = by_id.get(Ref(key.kind, memory.ids.get(key, "")))
            if observed is not None:
                found[element.key] = observed
                break
    held = Counter(observed.ref for observed in found.values())
    return {key: observed for key, observed in found.items() if held[observed.ref] == 1}


def _claims(declared: Iterable[Declared], free: Mapping[Key, Sequence[Observed]]) -> dict[Key, Key]:
    """Which renamed element takes which old name: where its new name is not there, or is itself being left
    by another one that is renamed. Where both names are there to stay, the rename was done before.
    """
    renames = {
        element.key: old
        for element in declared
        if element.renamed_from is not None and (old := Key(element.key.kind, element.renamed_from)) in free
    }
    claims: dict[Key, Key] = {}
    for new in (key for key in renames if key not in free):
        name = new
        while name in renames and name not in claims:
            claims[name] = renames[name]
            name = renames[name]
    return claims


def _unclear(
    declared: Iterable[Declared], named: Mapping[Key, Sequence[Observed]], claims: Mapping[Key, Key]
) -> Iterator[Problem]:
    claimants = Counter(claims.values())
    for element in declared:
        wanted = claims.get(element.key, element.key)
        if len(found := named.get(wanted, ())) > 1:
            ids = ", ".join(sorted(observed.id for observed in found))
            name = "this name" if wanted == element.key else f"the name {wanted.name!r}"
            text = f"the server has {len(found)} {wanted.kind}s of {name} ({ids}); delete or rename all but one"
            yield Problem(element.key, (), text)
        if claimants[wanted] > 1 and wanted != element.key:
            text = f"several elements are declared as renamed from {wanted.name!r}; it can become only one of them"
            yield Problem(element.key, (), text)
