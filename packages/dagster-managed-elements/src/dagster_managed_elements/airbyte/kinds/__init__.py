"""The three kinds of an Airbyte workspace, referred-to first."""

from dagster_managed_elements.airbyte.gateways import Gateway
from dagster_managed_elements.airbyte.kinds.actors import ActorKind, DestinationKind, SourceKind
from dagster_managed_elements.airbyte.kinds.connections import ConnectionKind
from dagster_managed_elements.engine.kinds import Kind

__all__ = ["ActorKind", "ConnectionKind", "DestinationKind", "SourceKind", "kinds_of"]


def kinds_of(gateway: Gateway) -> tuple[Kind, ...]:
    return (SourceKind(gateway), DestinationKind(gateway), ConnectionKind(gateway))
