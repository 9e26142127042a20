"""The seam between the control plane and whatever runs a connector: spec, check, discover.

A connector gets a configuration with its secrets in clear text and the folders it may read; it knows no store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from airbyte_local.json_values import Json

ActorKind = Literal["source", "destination"]


class ConnectorFailed(Exception):
    """The connector says in its own words that this configuration does not work."""


class ConnectorCrashed(Exception):
    """The connector ended without saying anything: the job itself failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a connector may reach on this machine."""

    local_root: Path  # `/local` of a configuration


class Connector(Protocol):
    """check and discover may take seconds: they run outside any transaction."""

    def spec(self) -> Json:
        """The JSON Schema of the configuration, secrets marked `airbyte_secret`."""
        ...

    def check(self, configuration: Json, around: Surroundings, /) -> None:
        """Return when the configuration works.

        Raises:
            ConnectorFailed: with the reason a user reads.
            ConnectorCrashed: where even the check did not run.
        """
        ...

    def discover(self, configuration: Json, around: Surroundings, /) -> list[Json]:
        """The streams, each as `AirbyteStream` of the vendor's protocol in camelCase. Raises as `check`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicDefinition:
    """One connector of the public registry: facts of the vendor, specification of ours."""

    kind: ActorKind
    id: str
    name: str
    repository: str
    tag: str
    connector: Connector
    source_type: str | None = None
    support_level: str = "community"
    sync_modes: Sequence[str] = ()  # of destinations
    supports_refreshes: bool = True
    suggested_streams: Sequence[str] = field(default=())
