"""Which connector a user means by "File", "source-file", "airbyte/source-file" or a definition id. Pure look-up.

Airbyte's names change and are not unique. What fits two connectors equally well is refused with both, never
picked.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, TypeAlias

from dagster_managed_elements.airbyte.wire import Definition, Side, Unreadable

Index: TypeAlias = Mapping[str, Sequence[Definition]]


@dataclass(frozen=True, slots=True)
class Unfound:
    """Why no connector was found: a *message* for the user, with the nearest names or the candidates. *near* has
    those names alone; what *fits several* is not unknown.

    An *unreadable* one is there, or may be, and is not what Airbyte promises: that is the server's fault.
    """

    message: str
    unreadable: bool = False
    near: tuple[str, ...] = field(default=(), compare=False)
    fits_several: bool = field(default=False, compare=False)


class Connectors:
    """The connectors of one side that a workspace may use, indexed to be looked up many times."""

    def __init__(self, side: Side, definitions: Sequence[Definition | Unreadable]) -> None:
        self._side = side
        self._definitions = tuple(definition for definition in definitions if isinstance(definition, Definition))
        self._unreadable = {
            definition.id: definition for definition in definitions if isinstance(definition, Unreadable)
        }
        self._by_id = {definition.id: definition for definition in self._definitions}
        self._found: dict[str, Definition | Unfound] = {}

    # Made once something is looked for by what it is called: who asks by id alone does not wait for that.

    @cached_property
    def _told(self) -> list[Definition]:
        return [
            *self._definitions,
            *(Definition(id=unreadable.id, name=unreadable.name) for unreadable in self._unreadable.values()),
        ]

    @cached_property
    def _tiers(self) -> Sequence[Index]:
        return [_index(self._told, spellings) for spellings in _TIERS]

    @cached_property
    def _squashed(self) -> Index:
        return _index(self._told, self._squashes)

    def get(self, definition_id: str) -> Definition | None:
        """The one with exactly this id, as objects on the server refer to it."""
        return self._by_id.get(definition_id)

    def find(self, wanted: str) -> Definition | Unfound:
        """By id, name, image repository, name without its parenthesis, slug, then by the letters and digits of any
        of these alone; case does not matter.
        """
        if (known := self._found.get(wanted)) is None:
            known = self._found[wanted] = self._find(wanted)
        return known

    def _find(self, wanted: str) -> Definition | Unfound:
        asked = wanted.strip().casefold()
        tries = [
            *((tier, asked) for tier in self._tiers),
            (self._tiers[_REPOSITORY], self._image(wanted)),
            (self._squashed, squashed(wanted)),
        ]
        found = next((tier[spelling] for tier, spelling in tries if spelling in tier), ())
        if not found:
            return self._absent(wanted)
        spelt_so = [definition for definition in found if definition.name == wanted.strip()]
        if len(found) == 1 or len(spelt_so) == 1:
            one = (spelt_so or found)[0]
            if (unreadable := self._unreadable.get(one.id)) is None:
                return one
            text = f"The {self._side} connector {wanted!r} cannot be read: {unreadable.fault}"
            return Unfound(text, unreadable=True)
        listed = ", ".join(f"{one.name!r} ({one.docker_repository}, {one.id})" for one in found)
        text = f"{wanted!r} fits several {self._side} connectors; give the id of one: {listed}."
        return Unfound(text, fits_several=True)

    def _image(self, wanted: str) -> str:
        """As images are named: the source "Sample Data" of `source-faker` is "Faker" to many."""
        return f"{self._side}-{re.sub(r'[^a-z0-9]+', '-', wanted.casefold()).strip('-')}"

    def _slug(self, definition: Definition) -> str:
        return _image_name(definition).removeprefix(f"{self._side}-")

    def _squashes(self, definition: Definition) -> Iterable[str]:
        return map(squashed, (definition.name, _bare_name(definition), self._slug(definition)))

    def _absent(self, wanted: str) -> Unfound:
        unknown = self._unknown(wanted)
        if (first := next(iter(self._unreadable.values()), None)) is None:
            return unknown
        text = f"{unknown.message} It may be one that cannot be read: {first.fault}"
        return replace(unknown, message=text, unreadable=True)

    def _unknown(self, wanted: str) -> Unfound:
        names: dict[str, str] = {}
        for definition in self._definitions:
            for spelling in (definition.name, _bare_name(definition), self._slug(definition).replace("-", " ")):
                names.setdefault(spelling.casefold(), definition.name)
        near = difflib.get_close_matches(wanted.strip().casefold(), names, n=3, cutoff=0.6)
        if near:
            found = tuple(dict.fromkeys(names[spelling] for spelling in near))
            listed = " or ".join(map(repr, found))
            return Unfound(f"There is no {self._side} connector {wanted!r}. Did you mean {listed}?", near=found)
        return Unfound(
            f"There is no {self._side} connector {wanted!r} among the {len(self._definitions)} of this workspace. "
            f"Give its name, its image ({self._side}-...) or its definition id."
        )


def squashed(name: str) -> str:
    """*name* without its case, spaces and signs, as it is in the name of a class: googlesheets."""
    return re.sub(r"[\W_]+", "", name.casefold())


def _index(definitions: Iterable[Definition], spellings: Callable[[Definition], Iterable[str]]) -> Index:
    index: dict[str, list[Definition]] = {}
    for definition in definitions:
        for spelling in {spelling.casefold() for spelling in spellings(definition)} - {""}:
            index.setdefault(spelling, []).append(definition)
    return index


def _image_name(definition: Definition) -> str:
    return definition.docker_repository.rpartition("/")[2]


def _bare_name(definition: Definition) -> str:
    """What everybody calls it: File, for "File (CSV, JSON, Excel, Feather, Parquet)"."""
    return re.sub(r"\s*\([^()]*\)\s*$", "", definition.name).strip()


_TIERS: Final[Sequence[Callable[[Definition], Iterable[str]]]] = (
    lambda definition: (definition.id,),
    lambda definition: (definition.name,),
    lambda definition: (definition.docker_repository, _image_name(definition)),
    lambda definition: (_bare_name(definition),),
)
_REPOSITORY: Final = 2
