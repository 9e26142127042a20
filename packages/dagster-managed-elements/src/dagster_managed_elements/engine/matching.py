"""Pairs what is declared with what is observed. Pure; picks nothing silently."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from dagster_managed_elements.engine.changes import Declared, Memory, Observed, Pair, Problem
from dagster_managed_elements.engine.elements import Element, Key


def gather(owned: Iterable[tuple[str, Iterable[Element]]]) -> tuple[list[Declared], list[Problem]]:
    """Every element of every owner and what it refers to, each key once, referred-to first.

    One key declared twice alike is one element; declared twice differently is a Problem.
    """
    declared: dict[Key, Declared] = {}
    problems: list[Problem] = []
    for owner, elements in owned:
        for element in _with_parts(elements):
            new = declare(element, owner)
            old = declared.setdefault(new.key, new)
            if not new.key.name.strip():
                problems.append(Problem(new.key, (), f"a {new.key.kind} needs a name"))
            elif not _alike(old, new):
                text = f"two different {new.key.kind}s are declared with this name"
                problems.append(Problem(new.key, (), text))
    return list(declared.values()), list(dict.fromkeys(problems))


def declare(element: Element, owner: str = "") -> Declared:
    return Declared(
        key=element.key,
        fields=element.fields(),
        owner=owner,
        protect=element.protect,
        ignore=element.ignore,
        renamed_from=element.renamed_from,
    )


def _with_parts(elements: Iterable[Element]) -> Iterable[Element]:
    for element in elements:
        yield from _with_parts(element.parts())
        yield element


def _alike(one: Declared, other: Declared) -> bool:
    def facets(of: Declared) -> tuple[object, ...]:
        return (of.fields, of.protect, of.ignore, of.renamed_from)

    return facets(one) == facets(other)


def match(
    declared: Sequence[Declared], observed: Iterable[Observed], memory: Memory
) -> tuple[list[Pair], list[Problem]]:
    """Pair by recorded id, then by `renamed_from`, then by name; what is left over is observed alone.

    Two objects of one declared name are a Problem that shows both ids: Airbyte, for one, lets names repeat.
    """
    named: dict[Key, list[Observed]] = defaultdict(list)
    for each in observed:
        named[each.key].append(each)
    by_id = {(each.kind, each.id): each for group in named.values() for each in group}
    claims = _claims(declared, named)
    claimed = set(claims.values())
    problems = [problem for each in declared for problem in _unclear(each, named, claims)]
    taken: dict[Key, Observed] = {}
    for each in declared:
        recorded = by_id.get((each.key.kind, memory.ids.get(each.key, "")))
        wanted = claims.get(each.key, each.key)
        free = [] if wanted == each.key and wanted in claimed else named.get(wanted, [])
        if (found := recorded or next(iter(free), None)) is not None:
            taken[each.key] = found
    used = {found.ref for found in taken.values()}
    left = [each for group in named.values() for each in group if each.ref not in used]
    pairs = [Pair(each, taken.get(each.key)) for each in declared]
    pairs += [Pair(None, each) for each in sorted(left, key=lambda each: (each.kind, each.name, each.id))]
    return pairs, problems


def _claims(declared: Iterable[Declared], named: Mapping[Key, Sequence[Observed]]) -> dict[Key, Key]:
    """Which renamed element takes which old name: only where its new name is not there yet."""
    return {
        each.key: Key(each.key.kind, each.renamed_from)
        for each in declared
        if each.renamed_from is not None
        and each.key not in named
        and Key(each.key.kind, each.renamed_from) in named
    }


def _unclear(
    each: Declared, named: Mapping[Key, Sequence[Observed]], claims: Mapping[Key, Key]
) -> Iterable[Problem]:
    wanted = claims.get(each.key, each.key)
    if len(found := named.get(wanted, ())) > 1:
        ids = ", ".join(sorted(observed.id for observed in found))
        text = f"the server has {len(found)} {each.key.kind}s of this name ({ids}); delete or rename all but one"
        yield Problem(each.key, (), text)
    if wanted != each.key and list(claims.values()).count(wanted) > 1:
        yield Problem(each.key, (), f"several elements are declared as renamed from {wanted.name!r}")
