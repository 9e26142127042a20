"""Somebody else who applies at the same time: what they created meanwhile, and what is there twice in the end.

No server locks anything. What can be seen by a read is seen, before a create and after all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Final

import anyio

from dagster_managed_elements.engine.changes import Observed
from dagster_managed_elements.engine.errors import ManagedElementsError
from dagster_managed_elements.engine.kinds import Kind, Kinds
from dagster_managed_elements.engine.values import Key

_A_PAGE: Final = 100
"""Objects; where there are more of a kind, reading them again before each create would cost more than a page."""


class Rivals:
    """What is there by now. *seen* are the ids that the plan rests on, by kind."""

    def __init__(self, seen: Mapping[str, frozenset[str]]) -> None:
        self._seen = seen
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
        except ManagedElementsError:
            return None
        return next((row.id for row in rows if row.name == name and row.id not in seen), None)

    async def _rows(self, kind: Kind) -> Sequence[Observed]:
        """All there is, by a read that begins after this call: those that wait for one share the next."""
        asked = next(self._moments)
        async with self._locks[kind.name]:
            begun, rows = self._last.get(kind.name, (0, ()))
            if begun < asked:
                begun, rows = next(self._moments), await kind.observe()
                self._last[kind.name] = (begun, rows)
            return rows


async def doubled(created: Mapping[Key, str], kinds: Kinds) -> dict[Key, tuple[str, ...]]:
    """Of what was *created*, with its id: the ids of others of its name. One listing of each kind; what cannot be
    read is left out.
    """
    found: dict[Key, tuple[str, ...]] = {}
    for name in {key.kind: None for key in created}:
        try:
            rows = await kinds[name].observe()
        except ManagedElementsError:
            continue
        named: defaultdict[str, set[str]] = defaultdict(set)
        for row in rows:
            named[row.name].add(row.id)
        for key, id_ in created.items():
            if key.kind == name and (others := named[key.name] - {id_}):
                found[key] = tuple(sorted(others))
    return found
