"""The kinds of an Airbyte workspace, referred-to first."""

from dagster_managed_elements.airbyte.gateways import Gateway
from dagster_managed_elements.airbyte.kinds.actors import ActorKind, DestinationKind, SourceKind
from dagster_managed_elements.airbyte.kinds.connections import ConnectionKind
from dagster_managed_elements.airbyte.kinds.tags import TagKind
from dagster_managed_elements.engine.kinds import Kind

__all__ = ["ActorKind", "ConnectionKind", "DestinationKind", "SourceKind", "TagKind", "kinds_of"]

_KINDS = (
    SourceKind,
    DestinationKind,
    TagKind,
    ConnectionKind,
)


def kinds_of(gateway: Gateway) -> tuple[Kind, ...]:
    return tuple(kind(gateway) for kind in _KINDS)
