"""Where Airbyte's Config API keeps what, as data: one table for sources and destinations alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dagster_managed_elements.airbyte.wire import Side

ROOT: Final = "/api/v1"
PUBLIC_ROOT: Final = "/api/public/v1"
"""Where the same server has the Public API, since 0.63.10."""
NIL: Final = "00000000-0000-0000-0000-000000000000"
"""The id of the default organization and of the default user of a self-managed Airbyte."""

INSTANCE: Final = f"{ROOT}/instance_configuration"
WORKSPACE: Final = f"{ROOT}/workspaces/get"
CONNECTIONS: Final = f"{ROOT}/connections"
CATALOG: Final = f"{ROOT}/web_backend/connections/get"
OPERATIONS: Final = f"{ROOT}/operations"
STATE: Final = f"{ROOT}/state"
TAGS: Final = f"{ROOT}/tags"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorNames:
    """What the Config API calls the things of one side of a connection."""

    side: Side

    @property
    def actors(self) -> str:
        return f"{ROOT}/{self.side}s"

    @property
    def check_unsaved(self) -> str:
        return f"{ROOT}/scheduler/{self.side}s/check_connection"

    @property
    def definitions(self) -> str:
        return f"{ROOT}/{self.side}_definitions/list_for_workspace"

    @property
    def specification(self) -> str:
        return f"{ROOT}/{self.side}_definition_specifications/get"

    @property
    def specification_of(self) -> str:
        return f"{self.specification}_for_{self.side}"

    @property
    def rows(self) -> str:
        return f"{self.side}s"

    @property
    def id(self) -> str:
        return f"{self.side}Id"

    @property
    def definition_id(self) -> str:
        return f"{self.side}DefinitionId"

    @property
    def definition_rows(self) -> str:
        return f"{self.side}Definitions"


NAMES: Final[Mapping[Side, ActorNames]] = {
    "source": ActorNames(side="source"),
    "destination": ActorNames(side="destination"),
}
