"""The names that come nearest to a misspelt one, among any number: a bounded search. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from difflib import SequenceMatcher
from typing import Final

_FEW: Final = 40
"""So many names are all looked at."""

_AROUND: Final = 4
"""Of more names, so many on either side of where the misspelt one belongs, in two orders."""

_SEARCHES: Final = 50
"""So many misspelt names are searched for, and no more: who misspelt thousands does not read them one by one."""

_ALIKE: Final = 0.5


def likeness(one: str, other: str) -> float:
    """From 0 to 1; 0 as soon as it can be told that they are not much alike."""
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if matcher.real_quick_ratio() < _ALIKE or matcher.quick_ratio() < _ALIKE:
        return 0.0
    return matcher.ratio()


class NearNames:
    """*names*, to be searched many times. Whether a letter is a capital does not matter."""

    def __init__(self, names: Iterable[str], *, likeness: Callable[[str, str], float] = likeness) -> None:
        self._likeness = likeness
        self._sorted = sorted((name.casefold(), name) for name in names)
        self._reversed = sorted((folded[::-1], name) for folded, name in self._sorted)
        self._searches = 0

    def spelt_like(self, wanted: str) -> list[str]:
        """Those that differ in capitals alone."""
        folded = wanted.casefold()
        start = bisect_left(self._sorted, (folded, ""))
        found: list[str] = []
        while start < len(self._sorted) and self._sorted[start][0] == folded:
            found.append(self._sorted[start][1])
            start += 1
        return found

    def near(self, wanted: str) -> list[str]:
        """At most three, the nearest first; none once many were searched for.

        One slip leaves the beginning or the end of a name as it was, so among many names those are compared that
        begin or end most like it: their number does not grow with that of the names.
        """
        self._searches += 1
        if self._searches > _SEARCHES:
            return []
        folded = wanted.casefold()
        compared = dict.fromkeys((*_around(self._sorted, folded), *_around(self._reversed, folded[::-1])))
        ranked = [(self._likeness(folded, name.casefold()), name) for name in compared]
        alike = sorted((pair for pair in ranked if pair[0] >= _ALIKE), key=lambda pair: -pair[0])
        return [name for _, name in alike[:3]]


def _around(ordered: list[tuple[str, str]], key: str) -> list[str]:
    if len(ordered) <= _FEW:
        return [name for _, name in ordered]
    at = bisect_left(ordered, (key, ""))
    return [name for _, name in ordered[max(0, at - _AROUND) : at + _AROUND]]
