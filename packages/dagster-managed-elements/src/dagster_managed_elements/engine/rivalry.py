"""Somebody else who applies at the same time: what they created meanwhile, and what is there twice in the end.

No server locks anything. What can be seen by a read is seen, before a create and after all of them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Final

import anyio

from dagster_managed_elements.engine.changes import Observed
from dagster_managed_elements.engine.kinds import Kind, Kinds
from dagster_managed_elements.engine.values import Key

_A_PAGE: Final = 100
"""Objects; where there are more of a kind, reading them again before each create would cost more than a page.
Where more are to be created, all of them rest on one read, after the plan was agreed to.
"""


class Rivals:
    """What is there by now. *seen* are the ids that the plan rests on, by kind; *created* the keys it creates."""

    def __init__(self, seen: Mapping[str, frozenset[str]], created: Iterable[Key] = ()) -> None:
        self._seen = seen
        self._coming = Counter(key.kind for key in created)
        self._moments = count(1)
        self._locks: defaultdict[str, anyio.Lock] = defaultdict(anyio.Lock)
        self._last: dict[str, tuple[int, Sequence[Observed]]] = {}

    async def taken(self, kind: Kind, name: str) -> str | None:
        """The id of an object of this name that was not there when the plan was made; None where nobody can say."""
        seen = self._seen.get(kind.name)
        if seen is None or max(len(seen), len(self._last.get(kind.name, (0, ()))[1])) > _A_PAGE:
            return None
        try:
            rows = await self._rows(kind)
        except Exception:  # noqa: BLE001 - a fault in looking says nothing of what is there
            return None
        return next((row.id for row in rows if row.name == name and row.id not in seen), None)

    async def _rows(self, kind: Kind) -> Sequence[Observed]:
        """All there is, by a read that begins after this call: those that wait for one share the next."""
        asked = 1 if self._coming[kind.name] > _A_PAGE else next(self._moments)
        async with self._locks[kind.name]:
            begun, rows = self._last.get(kind.name, (0, ()))
            if begun < asked:
                begun, rows = next(self._moments), await kind.observe()
                self._last[kind.name] = (begun, rows)
            return rows


async def holders(created: Mapping[Key, str], kinds: Kinds) -> dict[Key, frozenset[str] | None]:
    """The ids that have the name of each key that was *created*, as its id is given: one listing of each kind, and
    another where something is not in it, since one may skip a row. None where that cannot be read.
    """
    found: dict[Key, frozenset[str] | None] = {}
    for name in {key.kind: None for key in created}:
        made = {key: id_ for key, id_ in created.items() if key.kind == name}
        try:
            named = _named(await kinds[name].observe())
            if any(id_ not in named[key.name] for key, id_ in made.items()):
                for holder, ids in _named(await kinds[name].observe()).items():
                    named[holder] |= ids
        except Exception:  # noqa: BLE001 - a fault in looking says nothing of what is there
            found |= dict.fromkeys(made)
            continue
        found |= {key: frozenset(named[key.name]) for key in made}
    return found


def _named(rows: Sequence[Observed]) -> defaultdict[str, set[str]]:
    named: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        named[row.name].add(row.id)
    return named
