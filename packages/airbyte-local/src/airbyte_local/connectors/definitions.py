"""Connector definitions as this instance has them: the public table, custom ones, and versions it overrides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from airbyte_local.connectors import PUBLIC, Connector
from airbyte_local.connectors.external.low_code import manifest_specification
from airbyte_local.connectors.external.workshop import Candidate, Workshop
from airbyte_local.connectors.imitated import Imitated
from airbyte_local.model.errors import NotFound
from airbyte_local.model.json_values import Json, is_object
from airbyte_local.model.vocabulary import ActorKind
from airbyte_local.store import Definition

TYPES = {"source": "STANDARD_SOURCE_DEFINITION", "destination": "STANDARD_DESTINATION_DEFINITION"}
DECLARATIVE_IMAGE = "airbyte/source-declarative-manifest"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorDefinition(Candidate):
    id: str
    name: str
    tag: str
    workshop: Workshop
    tombstone: bool
    grants: tuple[str, ...]
    support_level: str
    source_type: str | None
    sync_modes: tuple[str, ...]
    supports_refreshes: bool
    suggested_streams: tuple[str, ...]
    details: Json

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
    def type_name(self) -> str:
        """What the Public API calls the type of an actor: nothing where the connector is a custom one."""
        return "" if self.custom else self.repository.rpartition("/")[2].removeprefix(f"{self.kind}-")


class Directory:
    """All definitions of one kind: the public ones, as *stored* rows change them, and those that are custom."""

    def __init__(self, kind: ActorKind, stored: dict[str, Definition], workshop: Workshop) -> None:
        self._kind: ActorKind = kind
        own = {row.id: _custom(kind, row, workshop) for row in stored.values() if row.custom}
        self._by_id = _public(kind, stored, workshop) | own

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


def _public(kind: ActorKind, stored: dict[str, Definition], workshop: Workshop) -> dict[str, ActorDefinition]:
    found: dict[str, ActorDefinition] = {}
    for public in PUBLIC:
        if public.kind != kind:
            continue
        override = stored.get(public.id)
        details = override.details if override else {}
        found[public.id] = ActorDefinition(
            kind=kind,
            id=public.id,
            name=public.name,
            repository=public.repository,
            tag=details.get("dockerImageTag", public.tag),
            stand_in=public.connector,
            workshop=workshop,
            custom=False,
            tombstone=bool(override and override.tombstone),
            grants=(),
            support_level=public.support_level,
            source_type=public.source_type,
            sync_modes=tuple(public.sync_modes),
            supports_refreshes=public.supports_refreshes,
            suggested_streams=tuple(public.suggested_streams),
            details=details,
        )
    return found


def _custom(kind: ActorKind, row: Definition, workshop: Workshop) -> ActorDefinition:
    """An image that we know acts as that connector; of any other, every configuration is taken."""
    repository = row.details["dockerRepository"]
    twin = next((public for public in PUBLIC if public.kind == kind and public.repository == repository), None)
    return ActorDefinition(
        kind=kind,
        id=row.id,
        name=row.details["name"],
        repository=repository,
        tag=row.details["dockerImageTag"],
        stand_in=twin.connector if twin else _of_manifest(row.details.get("manifest")),
        manifest=row.details.get("manifest"),
        workshop=workshop,
        custom=True,
        tombstone=row.tombstone,
        grants=row.grants,
        support_level="none",
        source_type="custom" if kind == "source" else None,
        sync_modes=tuple(twin.sync_modes) if twin else ("overwrite", "append"),
        supports_refreshes=bool(twin and twin.supports_refreshes),
        suggested_streams=(),
        details=row.details,
    )


def _of_manifest(manifest: Any) -> Connector:
    """A manifest brings its own specification; without one, every configuration is taken."""
    return Imitated(specification=manifest_specification(manifest if is_object(manifest) else {}))
