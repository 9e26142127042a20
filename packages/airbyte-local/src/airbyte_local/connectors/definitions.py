"""Connector definitions as this instance has them: the public table, custom ones, and versions it overrides."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import Any

from airbyte_local.connectors.external.pins import manifest_specification
from airbyte_local.connectors.external.workshop import Workshop
from airbyte_local.connectors.imitated import Imitated
from airbyte_local.connectors.protocol import Connector, PublicDefinition
from airbyte_local.connectors.registry import PUBLIC
from airbyte_local.connectors.specifications import entries
from airbyte_local.model.errors import NotFound
from airbyte_local.model.json_values import Json, form, is_object
from airbyte_local.model.records import Definition
from airbyte_local.model.vocabulary import ActorKind

TYPES = {"source": "STANDARD_SOURCE_DEFINITION", "destination": "STANDARD_DESTINATION_DEFINITION"}
FACTS: list[Json] = [{fact.name: getattr(public, fact.name) for fact in fields(public)} for public in PUBLIC]
DECLARATIVE_IMAGE = "airbyte/source-declarative-manifest"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorDefinition(PublicDefinition):
    """A definition of this instance, and the *workshop* that knows which connector acts for it."""

    workshop: Workshop
    tombstone: bool = False
    grants: tuple[str, ...] = ()
    details: Json = field(default_factory=dict[str, Any])

    @property
    def connector(self) -> Connector:
        return self.workshop.connector(self)

    @property
    def runs(self) -> str:
        """What really runs, to the version: what was discovered by another is stale."""
        return self.workshop.runs(self) or self.image

    @property
    def image(self) -> str:
        return f"{self.repository}:{self.tag}"

    @property
    def declarative(self) -> bool:
        """Made of a manifest: a low-code connector."""
        return "manifest" in self.details

    @property
    def breaking_changes(self) -> Json | None:
        """Those of later versions than the one in use."""
        image = self.repository.rpartition("/")[2]
        told: list[Json] = [] if self.custom else entries().get(image, {}).get("breaking", [])
        upcoming = [change for change in told if _number(change["version"]) > _number(self.tag)]
        if not upcoming:
            return None
        first = min(upcoming, key=lambda change: change["upgradeDeadline"])
        return form(
            "breaking_changes",
            upcomingBreakingChanges=[form("breaking_change", **change) for change in upcoming],
            minUpgradeDeadline=first["upgradeDeadline"],
            deadlineAction=first["deadlineAction"],
        )

    @property
    def type_name(self) -> str:
        """What the Public API calls the type of an actor: nothing where the connector is a custom one."""
        return "" if self.custom else self.repository.rpartition("/")[2].removeprefix(f"{self.kind}-")


def _number(tag: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", tag)[:3]]


class Directory:
    """All definitions of one kind: the public ones, as *stored* rows change them, and those that are custom."""

    def __init__(self, kind: ActorKind, stored: dict[str, Definition], workshop: Workshop) -> None:
        self._kind: ActorKind = kind
        public = (facts for facts in FACTS if facts["kind"] == kind)
        self._by_id = {facts["id"]: _public(facts, stored.get(facts["id"]), workshop) for facts in public}
        self._by_id |= {row.id: _custom(kind, row, workshop) for row in stored.values() if row.custom}

    def all(self) -> list[ActorDefinition]:
        return [definition for definition in self._by_id.values() if not definition.tombstone]

    def get(self, definition_id: str) -> ActorDefinition:
        """Deleted ones too.

        Raises:
            NotFound: nobody knows the id.
        """
        if definition_id not in self._by_id:
            raise NotFound(type=TYPES[self._kind], id=definition_id)
        return self._by_id[definition_id]


def _public(facts: Json, row: Definition | None, workshop: Workshop) -> ActorDefinition:
    if row is not None:
        tag = row.details.get("dockerImageTag", facts["tag"])
        facts = {**facts, "tag": tag, "tombstone": row.tombstone, "details": row.details}
    return ActorDefinition(**facts, workshop=workshop)


def _custom(kind: ActorKind, row: Definition, workshop: Workshop) -> ActorDefinition:
    """An image that we know acts as that connector; of any other, every configuration is taken."""
    repository, manifest = row.details["dockerRepository"], row.details.get("manifest")
    twin = next((public for public in PUBLIC if public.kind == kind and public.repository == repository), None)
    # A manifest brings its own specification; without one, every configuration is taken.
    specification = manifest_specification(manifest if is_object(manifest) else {})
    return ActorDefinition(
        kind=kind,
        id=row.id,
        name=row.details["name"],
        repository=repository,
        tag=row.details["dockerImageTag"],
        stand_in=twin.stand_in if twin else Imitated(specification=specification),
        manifest=manifest,
        workshop=workshop,
        custom=True,
        tombstone=row.tombstone,
        grants=row.grants,
        support_level="none",
        source_type="custom" if kind == "source" else None,
        sync_modes=twin.sync_modes if twin else ("overwrite", "append"),
        supports_refreshes=bool(twin and twin.supports_refreshes),
        details=row.details,
    )
