"""What the local Airbyte knows about connectors: a table of public ones, and those it can really run."""

from airbyte_local.connectors.protocol import Connector, ConnectorCrashed, ConnectorFailed, PublicDefinition
from airbyte_local.connectors.registry import PUBLIC

__all__ = ["PUBLIC", "Connector", "ConnectorCrashed", "ConnectorFailed", "PublicDefinition"]
