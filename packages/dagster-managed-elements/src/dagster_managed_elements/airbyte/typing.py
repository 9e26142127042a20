"""Typed classes for connectors of a live Airbyte: which ones are wanted, and what each is configured with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from dagster_managed_elements.airbyte.elements import AirbyteDestination, AirbyteSource
from dagster_managed_elements.airbyte.gateways import Gateway, Side
from dagster_managed_elements.airbyte.specs.classes import Described, module_text
from dagster_managed_elements.airbyte.specs.connectors import Connectors, Unfound
from dagster_managed_elements.airbyte.wire import Definition
from dagster_managed_elements.engine.concurrency import concurrently
from dagster_managed_elements.engine.elements import Element
from dagster_managed_elements.engine.errors import DeclarationError, ServerFault
from dagster_managed_elements.engine.values import Key

_SIDES: Final[Sequence[Side]] = ("source", "destination")


async def classes_of(gateway: Gateway, elements: Sequence[Element], named: Sequence[str]) -> str:
    """The text of typed classes for the connectors that are *named*, else for those that *elements* use.

    Asks for the list of connectors, and once for each specification. A name that is that of a source and of a
    destination means both. Raises DeclarationError where a connector is unknown or fits several, where there is
    none, and where this API does not tell what one is configured with.
    """
    used = sorted(set(_used(elements)))
    if not (named or used):
        raise DeclarationError(
            "No source or destination is declared; name the connectors that are to have a class."
        )
    sides: dict[Side, Connectors] = {}
    for side in _SIDES:
        if named or side in dict(used):
            sides[side] = Connectors(side, await gateway.definitions(side))
    found: dict[tuple[Side, str], Definition] = {}
    for side, definition in (
        _chosen(sides, named) if named else (_of_side(sides[side], side, name) for side, name in used)
    ):
        found[side, definition.id] = definition
    described: list[Described] = []
    untold: list[str] = []

    async def describe(side: Side, definition: Definition) -> None:
        specification = await gateway.specification(side, definition.id)
        if specification.is_partial:
            untold.append(definition.name)
        described.append(Described(side, definition, specification.connection_specification))

    await concurrently(*(partial(describe, side, definition) for (side, _), definition in found.items()))
    if untold:
        names = ", ".join(sorted(untold))
        raise DeclarationError(
            f"This API does not tell what {names} is configured with; give specs= to the instance."
        )
    return module_text(described)


def _used(elements: Iterable[Element]) -> Iterator[tuple[Side, str]]:
    for element in elements:
        if isinstance(element, (AirbyteSource, AirbyteDestination)):
            side: Side = "source" if isinstance(element, AirbyteSource) else "destination"
            declared = element.fields()["type"]
            yield side, declared.name if isinstance(declared, Key) else str(declared)
        yield from _used(element.parts())


def _of_side(known: Connectors, side: Side, name: str) -> tuple[Side, Definition]:
    found = known.find(name)
    if isinstance(found, Unfound):
        raise ServerFault(found.message) if found.unreadable else DeclarationError(found.message)
    return side, found


def _chosen(sides: Mapping[Side, Connectors], named: Iterable[str]) -> Iterator[tuple[Side, Definition]]:
    for name in named:
        unfound: list[tuple[Side, Unfound]] = []
        for side, known in sides.items():
            found = known.find(name)
            if not isinstance(found, Unfound):
                yield side, found
            elif found.fits_several or found.unreadable:
                _of_side(known, side, name)
            else:
                unfound.append((side, found))
        if len(unfound) == len(sides):
            near = " or ".join(f"{like!r} ({side})" for side, one in unfound for like in one.near)
            meant = f"Did you mean {near}?" if near else "Give its name, its image or its definition id."
            raise DeclarationError(f"There is no connector {name!r} in this workspace. {meant}")
