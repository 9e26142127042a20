"""Where Airbyte's Config API keeps what, as data: one table for sources and destinations alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dagster_managed_elements.airbyte.servers.api_roots import CONFIG_ROOT
from dagster_managed_elements.airbyte.wire import Side

WORKSPACE: Final = f"{CONFIG_ROOT}/workspaces/get"
CONNECTIONS: Final = f"{CONFIG_ROOT}/connections"
CATALOG: Final = f"{CONFIG_ROOT}/web_backend/connections/get"
OPERATIONS: Final = f"{CONFIG_ROOT}/operations"
STATE: Final = f"{CONFIG_ROOT}/state"
TAGS: Final = f"{CONFIG_ROOT}/tags"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorNames:
    """What the Config API calls the things of one side of a connection."""

    side: Side

    @property
    def actors(self) -> str:
        return f"{CONFIG_ROOT}/{self.side}s"

    @property
    def check_unsaved(self) -> str:
        return f"{CONFIG_ROOT}/scheduler/{self.side}s/check_connection"

    @property
    def definitions(self) -> str:
        return f"{CONFIG_ROOT}/{self.side}_definitions/list_for_workspace"

    @property
    def specification(self) -> str:
        return f"{CONFIG_ROOT}/{self.side}_definition_specifications/get"

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
