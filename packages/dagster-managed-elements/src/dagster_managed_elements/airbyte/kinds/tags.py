"""Tags: a name and a color, for connections to wear. Their names are unique in a workspace."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import ClassVar, Final, cast

import msgspec

from dagster_managed_elements.airbyte.connection_fields import TAG
from dagster_managed_elements.airbyte.elements import AirbyteTag
from dagster_managed_elements.airbyte.gateways import Gateway
from dagster_managed_elements.airbyte.wire import Tag, Unreadable
from dagster_managed_elements.engine.changes import Change, Declared, Observed, Update
from dagster_managed_elements.engine.elements import Element
from dagster_managed_elements.engine.findings import Consequence
from dagster_managed_elements.engine.kinds import Kind
from dagster_managed_elements.engine.values import Ids

GREY: Final = "A6A6A6"
"""Of a new tag of which no color is declared: Airbyte wants one."""


class TagKind(Kind):
    name: ClassVar[str] = TAG
    longest_name: ClassVar[int | None] = 30  # its TagService refuses a longer one
    on_demand: ClassVar[bool] = True
    element: ClassVar[type[Element] | None] = AirbyteTag

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def observe(self) -> Sequence[Observed]:
        return [_observed(tag) for tag in await self._gateway.tags()]

    async def create(self, declared: Declared, ids: Ids) -> str:
        del ids
        return await self._gateway.create_tag(declared.key.name, declared.fields.get("color", GREY))

    async def update(self, change: Update, ids: Ids) -> None:
        """Whole, since Airbyte takes no part of one."""
        del ids
        there = cast("Tag", change.observed.raw)
        color = change.declared.fields.get("color", there.color)
        await self._gateway.update_tag(msgspec.structs.replace(there, name=change.declared.key.name, color=color))

    async def delete(self, observed: Observed) -> None:
        await self._gateway.delete_tag(observed.id)

    def consequences(self, change: Change) -> Iterable[Consequence]:
        for consequence in super().consequences(change):
            yield replace(consequence, text=f"{consequence.text}, and taken off every connection that has it")


def _observed(tag: Tag | Unreadable) -> Observed:
    if isinstance(tag, Unreadable):
        return Observed(kind=TAG, name=tag.name, id=tag.id, fields={}, fault=tag.fault)
    return Observed(kind=TAG, name=tag.name, id=tag.tag_id, fields={"color": tag.color.upper()}, raw=tag)
