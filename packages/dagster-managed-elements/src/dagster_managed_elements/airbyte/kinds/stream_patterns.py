"""Patterns among the streams that a connection declares, and the streams they take in. Pure.

A name is a pattern where it holds `*`, `?` or `[`, unless the source has a stream of exactly that name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from sys import maxunicode
from typing import Any, Final

from dagster_managed_elements.airbyte.stream_config import EXCLUDED
from dagster_managed_elements.airbyte.stream_names import Identity, identity, named, spelt
from dagster_managed_elements.airbyte.wire import ConfiguredStream

_WILD: Final = frozenset("*?[")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expanded:
    """What patterns came to: *streams* by label, without those that are excluded, and for each the pattern it is
    *of*. What names nothing that is there stays as it is declared. *clashes* are the streams that several patterns
    take in alike, and why that is a problem; *idle* the patterns that exclude nothing.
    """

    streams: Mapping[str, Any]
    of: Mapping[str, str] = field(default_factory=dict[str, str])
    clashes: Mapping[str, str] = field(default_factory=dict[str, str])
    idle: tuple[str, ...] = ()


def is_pattern(label: str) -> bool:
    return not _WILD.isdisjoint(label)


def expanded(streams: Mapping[str, Any], entries: Mapping[str, ConfiguredStream]) -> Expanded:
    """*streams* as declared, with each pattern as those of *entries* that it takes in and no narrower one does."""
    patterns = [label for label in streams if is_pattern(label) and label not in entries]
    if not patterns and EXCLUDED not in streams.values():
        return Expanded(streams=streams)
    found: dict[str, list[str]] = {pattern: [] for pattern in patterns}
    taking: set[str] = set()
    clashes: dict[str, str] = {}
    for label in sorted(entries):
        candidates = [pattern for pattern in patterns if _takes(pattern, identity(entries[label].stream))]
        taking.update(candidates)
        if label in streams:
            continue
        narrowest = [one for one in candidates if not any(_is_narrower(other, one) for other in candidates)]
        if not narrowest or any(streams[pattern] is EXCLUDED for pattern in narrowest):
            continue
        if any(streams[pattern] != streams[narrowest[0]] for pattern in narrowest):
            listed = ", ".join(spelt(named(pattern)) for pattern in narrowest)
            clashes[label] = f"several patterns take it in and none is narrower: {listed}; give it a key of its own"
        found[narrowest[0]].append(label)
    excluding = {pattern for pattern in patterns if streams[pattern] is EXCLUDED}
    return Expanded(
        streams=dict(_spread(streams, found, unmatched=set(patterns) - taking - excluding, entries=entries)),
        of={label: pattern for pattern, labels in found.items() for label in labels},
        clashes=clashes,
        idle=tuple(pattern for pattern in patterns if pattern in excluding - taking),
    )


def _spread(
    streams: Mapping[str, Any],
    found: Mapping[str, Iterable[str]],
    *,
    unmatched: set[str],
    entries: Mapping[str, Any],
) -> Iterator[tuple[str, Any]]:
    for label, value in streams.items():
        if label in found and label not in unmatched:
            yield from ((inner, value) for inner in found[label])
        elif not (value is EXCLUDED and label in entries):
            yield label, value


def _parts(pattern: str) -> tuple[str, str]:
    """Of a plain text any namespace is meant."""
    name = named(pattern)
    return ("*", name) if isinstance(name, str) else name


def _takes(pattern: str, stream: Identity) -> bool:
    return all(fnmatchcase(text, part) for text, part in zip(stream, _parts(pattern), strict=True))


def _is_narrower(one: str, other: str) -> bool:
    return _covers(other, one) and not _covers(one, other)


def _covers(one: str, other: str) -> bool:
    """Whether *one* takes in whatever *other* does."""
    return all(_includes(outer, inner) for outer, inner in zip(_parts(one), _parts(other), strict=True))


_PIECE: Final = re.compile(r"\[(?:!.|[^!])[^]]*\]|.", re.DOTALL)
"""Of a pattern: what stands for one character, or `*`."""


@cache
def _includes(outer: str, inner: str) -> bool:
    """Whether *outer* fits whatever text *inner* fits: both read the same letters side by side,
    wherever these lead. Letters between two that are named are all alike, so that one of them stands for all.
    """
    if outer in ("*", inner):
        return True
    outer_pieces, inner_pieces = _PIECE.findall(outer), _PIECE.findall(inner)
    telling = {*outer_pieces, *inner_pieces} - {"*", "?"}
    following = (chr(min(ord(letter) + 1, maxunicode)) for piece in telling if len(piece) > 1 for letter in piece)
    letters = {"\0", *"".join(telling), *following}
    states = [(_reached(outer_pieces, {0}), _reached(inner_pieces, {0}))]
    seen = set(states)
    for in_outer, in_inner in states:
        if len(inner_pieces) in in_inner and len(outer_pieces) not in in_outer:
            return False
        for letter in letters:
            after = (_read(outer_pieces, in_outer, letter), _read(inner_pieces, in_inner, letter))
            if after[1] and after not in seen:
                seen.add(after)
                states.append(after)
    return True


def _read(pieces: Sequence[str], places: Iterable[int], letter: str) -> frozenset[int]:
    """From *places* in a pattern, those where *letter* leads to."""
    fitting = [place for place in places if place < len(pieces) and fnmatchcase(letter, pieces[place])]
    return _reached(pieces, {place if pieces[place] == "*" else place + 1 for place in fitting})


def _reached(pieces: Sequence[str], places: set[int]) -> frozenset[int]:
    """*places*, and those behind each `*` there, which fits nothing as well."""
    for place, piece in enumerate(pieces):
        if piece == "*" and place in places:
            places.add(place + 1)
    return frozenset(places)
