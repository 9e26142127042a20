"""Connectors of an image: those that users added, and of all others the version that is in use.

Airbyte has hundreds of them for everybody; none of those is ever created, renamed or deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import ClassVar, cast

from dagster_managed_elements.airbyte.breaking_changes import BreakingChange, between
from dagster_managed_elements.airbyte.connector_elements import (
    AirbyteDestinationDefinition,
    AirbyteSourceDefinition,
)
from dagster_managed_elements.airbyte.gateways import LONGEST_NAME, Gateway, Side
from dagster_managed_elements.airbyte.near_names import NearNames
from dagster_managed_elements.airbyte.references import (
    DESTINATION_DEFINITION,
    LOW_CODE_CONNECTOR,
    SOURCE_DEFINITION,
)
from dagster_managed_elements.airbyte.registries import Limits
from dagster_managed_elements.airbyte.wire import Actor, Definition, Unreadable
from dagster_managed_elements.engine.adoption import AdoptContext, Adopted, not_adopted
from dagster_managed_elements.engine.changes import Change, Declared, Delete, Observed, Pair, Update
from dagster_managed_elements.engine.findings import Consequence, Notice, Problem
from dagster_managed_elements.engine.ignoring import is_ignored
from dagster_managed_elements.engine.kinds import Kind, ResolveContext
from dagster_managed_elements.engine.values import UNSET, Ids

REPOSITORY, TAG, PAGE = "docker repository", "docker image tag", "documentation url"


class DefinitionKind(Kind):
    side: ClassVar[Side]
    longest_name: ClassVar[int | None] = LONGEST_NAME
    on_demand: ClassVar[bool] = True

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._low_code: set[str] = set()

    async def observe(self) -> Sequence[Observed]:
        """They come in one answer, which the kinds of what is made of them ask for too: it is asked for once."""
        found = await self._gateway.definitions(self.side)
        self._low_code = {
            definition.name for definition in found if isinstance(definition, Definition) and definition.is_low_code
        }
        return [
            self._observed(definition)
            for definition in found
            if isinstance(definition, Unreadable) or not definition.is_low_code
        ]

    def elsewhere(self, name: str) -> str:
        return LOW_CODE_CONNECTOR if name in self._low_code else ""

    def _observed(self, definition: Definition | Unreadable) -> Observed:
        if isinstance(definition, Unreadable):
            fault = definition.fault
            return Observed(kind=self.name, name=definition.name, id=definition.id, fields={}, fault=fault)
        fields = {
            REPOSITORY: definition.docker_repository,
            TAG: definition.docker_image_tag,
            PAGE: definition.documentation_url,
        }
        return Observed(kind=self.name, name=definition.name, id=definition.id, fields=fields, raw=definition)

    def is_own(self, observed: Observed) -> bool:
        return observed.fault is not None or cast("Definition", observed.raw).custom is True

    async def adopt(self, observed: Sequence[Observed], context: AdoptContext) -> Sequence[Adopted | Notice]:
        """With the version that is in use. Of Airbyte's own only those that something here is made of."""
        made = AirbyteSourceDefinition if self.side == "source" else AirbyteDestinationDefinition
        used = set[str]()
        if not all(map(self.is_own, observed)):
            actors = await self._gateway.actors(self.side)
            used = {actor.definition_id for actor in actors if isinstance(actor, Actor)}
        found: list[Adopted | Notice] = []
        for definition in observed:
            is_own = self.is_own(definition)
            if not is_own and definition.id not in used:
                continue
            repository, tag, page = (definition.fields[label] or UNSET for label in (REPOSITORY, TAG, PAGE))
            if tag is UNSET:
                found.append(not_adopted(definition.key, "this API does not tell which version of it is in use"))
            elif is_own:
                element = made(
                    definition.name, docker_repository=repository, docker_image_tag=tag, documentation_url=page
                )
                context.elements[definition.ref] = element
                found.append(Adopted(element=element, group=definition.name if self.side == "source" else ""))
            else:
                found.append(Adopted(element=made(definition.name, docker_image_tag=tag)))
        return found

    async def find(self, name: str) -> Sequence[Observed]:
        self._gateway.registry.forget()
        return await super().find(name)

    async def resolve(self, pairs: Sequence[Pair], context: ResolveContext) -> Sequence[Pair | Problem | Notice]:
        """What is not declared and not for certain somebody's own is kept back: nobody can have it deleted."""
        del context
        if not pairs:
            return []
        limits = await self._gateway.registry.limits()
        found: list[Pair | Problem | Notice] = []
        for pair in pairs:
            if pair.declared is None:
                found += [pair] if _is_own(pair) and limits.images is None else []
            elif problems := list(self._problems(pair.declared, pair.observed, limits, pairs)):
                found += problems
            else:
                found.append(Pair(await self._informed(pair.declared, pair.observed), pair.observed))
        return found

    def _problems(
        self, declared: Declared, observed: Observed | None, limits: Limits, pairs: Sequence[Pair]
    ) -> Iterator[Problem]:
        if observed is None:
            if REPOSITORY not in declared.fields:
                yield Problem(declared.key, (), self._unknown(declared.key.name, pairs))
            elif limits.images is not None:
                yield Problem(declared.key, (), limits.images)
            return
        definition = cast("Definition", observed.raw)
        is_public = definition.custom is False
        differing = {
            label
            for label, value in declared.fields.items()
            if value != observed.fields[label] and not is_ignored((label,), declared.ignore)
        }
        for label in sorted(differing & {REPOSITORY, PAGE}):
            yield Problem(declared.key, (label,), _unchangeable(label, definition, is_public=is_public))
        if (
            TAG in differing
            and REPOSITORY not in differing
            and (why := limits.public if is_public else limits.images) is not None
        ):
            yield Problem(declared.key, (TAG,), why)
        if declared.key.name != observed.name:
            why = "this is Airbyte's own connector, and nobody can rename it" if is_public else limits.renames
            if (why := why or limits.images) is not None:
                yield Problem(declared.key, ("name",), why)

    def _unknown(self, name: str, pairs: Sequence[Pair]) -> str:
        known = [pair.observed.name for pair in pairs if pair.observed is not None]
        near = NearNames(known).near(name)
        meant = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        return (
            f"there is no {self.side} connector of this name, and a new one needs docker_repository= and "
            f"docker_image_tag=.{meant}"
        )

    async def _informed(self, declared: Declared, observed: Observed | None) -> Declared:
        """With the breaking changes on the way to the declared version: asked for only where it is another one."""
        after = declared.fields.get(TAG)
        if observed is None or after is None or after == observed.fields[TAG]:
            return declared
        actors = [actor for actor in await self._gateway.actors(self.side) if isinstance(actor, Actor)]
        return replace(declared, facts=between(actors, observed.id, observed.fields[TAG], after))

    async def create(self, declared: Declared, ids: Ids) -> str:
        del ids
        fields = declared.fields
        new = Definition(
            id="",
            name=declared.key.name,
            docker_repository=fields[REPOSITORY],
            docker_image_tag=fields[TAG],
            documentation_url=fields.get(PAGE, ""),
        )
        return await self._gateway.registry.create_definition(self.side, new)

    async def update(self, change: Update, ids: Ids) -> None:
        del ids
        changed = {field.path[0] for field in change.fields}
        definition = cast("Definition", change.observed.raw)
        await self._gateway.registry.update_definition(
            self.side,
            definition,
            name=change.declared.key.name if "name" in changed else definition.name,
            tag=change.declared.fields[TAG] if TAG in changed else definition.docker_image_tag,
        )

    async def delete(self, observed: Observed) -> None:
        await self._gateway.registry.delete_definition(self.side, observed.id)

    def consequences(self, change: Change) -> Iterable[Consequence]:
        for consequence in super().consequences(change):
            yield taken_along(consequence, self.side) if isinstance(change, Delete) else consequence
        if isinstance(change, Update) and any(changed.path == (TAG,) for changed in change.fields):
            for breaking in cast("list[BreakingChange]", change.declared.facts or []):
                yield Consequence(change.key, "breaking-change", f"{change.key}: {breaking}")


def taken_along(consequence: Consequence, side: Side) -> Consequence:
    """Airbyte deletes what is made of a connector with it, wherever that is."""
    return replace(consequence, text=f"{consequence.text}, and every {side} made of it, in other workspaces too")


def _is_own(pair: Pair) -> bool:
    return pair.observed is not None and cast("Definition", pair.observed.raw).custom is True


def _unchangeable(label: str, definition: Definition, *, is_public: bool) -> str:
    if label == REPOSITORY and is_public:
        return (
            "Airbyte's own connector of this name has another image; give yours another name, or leave "
            "docker_repository out to manage the version of that one"
        )
    value = definition.docker_repository if label == REPOSITORY else definition.documentation_url
    return f"it is {value!r}, and Airbyte cannot change it; declare it so, or a connector of another name"


class SourceDefinitionKind(DefinitionKind):
    name: ClassVar[str] = SOURCE_DEFINITION
    side: ClassVar[Side] = "source"


class DestinationDefinitionKind(DefinitionKind):
    name: ClassVar[str] = DESTINATION_DEFINITION
    side: ClassVar[Side] = "destination"
