"""What becomes of a connector here, in words: for the command line and the pages."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Literal

from airbyte_local.connectors.external.pins import BY_IMAGE
from airbyte_local.connectors.external.sources import ExternalSource
from airbyte_local.connectors.external.workshop import Uninstalled
from airbyte_local.connectors.protocol import Connector, Destination, Source

Standing = Literal["runs", "installable", "imitated"]
EXTRAS = {
    "airbyte/destination-duckdb": ("duckdb", "duckdb"),
    "airbyte/destination-postgres": ("psycopg", "postgres"),
}
JAVA = frozenset(
    {"airbyte/source-mysql", "airbyte/source-postgres", "airbyte/destination-bigquery"}
    | {"airbyte/destination-s3", "airbyte/destination-snowflake"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    standing: Standing
    how: str

    @property
    def runs(self) -> bool:
        """Whether it moves data, at the latest once it is used."""
        return self.standing == "runs"


def availability(image: str, connector: Connector) -> Availability:
    """Of the connector that acts for *image*, as `ActorDefinition.connector` says it."""
    if isinstance(connector, ExternalSource):
        return Availability(standing="runs", how=f"real: {connector.title}")
    if isinstance(connector, Uninstalled):
        if connector.install is not None:
            return Availability(standing="runs", how="real, installed by its first use")
        return Availability(standing="installable", how=f"airbyte-local install {connector.name}")
    if isinstance(connector, (Source, Destination)):
        return Availability(standing="runs", how=_built_in(image))
    return Availability(standing="imitated", how=_why(image))


def _built_in(image: str) -> str:
    library, extra = EXTRAS.get(image, (None, None))
    if library is not None and importlib.util.find_spec(library) is None:
        return f"built in, with pip install 'airbyte-local[{extra}]'"
    pin = BY_IMAGE.get(image)
    return f"built in; the real one: airbyte-local install {pin.name}" if pin else "built in"


def _why(image: str) -> str:
    if image in JAVA:
        return "a Java image, which needs Docker"
    if "/destination-" in image:
        return "no package of the index is known to work"
    return "no package is pinned; a manifest or a command can act for it"
