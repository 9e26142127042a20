"""The kinds of an Airbyte workspace, referred-to first."""

from dagster_managed_elements.airbyte.gateways import Gateway
from dagster_managed_elements.airbyte.kinds.actors import ActorKind, DestinationKind, SourceKind
from dagster_managed_elements.airbyte.kinds.connections import ConnectionKind
from dagster_managed_elements.airbyte.kinds.definitions import DestinationDefinitionKind, SourceDefinitionKind
from dagster_managed_elements.airbyte.kinds.low_code import LowCodeKind
from dagster_managed_elements.airbyte.kinds.tags import TagKind
from dagster_managed_elements.airbyte.kinds.workspaces import WorkspaceKind
from dagster_managed_elements.engine.kinds import Kind

__all__ = ["ActorKind", "ConnectionKind", "DestinationKind", "SourceKind", "TagKind", "kinds_of"]

_BEFORE = (
    WorkspaceKind,
    SourceDefinitionKind,
    LowCodeKind,
    DestinationDefinitionKind,
    SourceKind,
    DestinationKind,
    TagKind,
)
"""What a connection may refer to."""


def kinds_of(gateway: Gateway, *, refresh_catalogs: bool = False) -> tuple[Kind, ...]:
    """With *refresh_catalogs* the streams of sources are found out anew where patterns depend on them."""
    connections = ConnectionKind(gateway, refresh_catalogs=refresh_catalogs)
    return (*(kind(gateway) for kind in _BEFORE), connections)
