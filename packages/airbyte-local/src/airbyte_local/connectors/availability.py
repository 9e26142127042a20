"""What becomes of a connector here, in words: for the command line and the pages."""

from __future__ import annotations

import importlib.util
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


def availability(image: str, connector: Connector) -> tuple[Standing, str]:
    """How the connector stands that acts for *image* (as `ActorDefinition.connector` says it), and why so."""
    if isinstance(connector, ExternalSource):
        return "runs", f"real: {connector.title}"
    if isinstance(connector, Uninstalled):
        if connector.install is not None:
            return "runs", "real, installed by its first use"
        return "installable", f"airbyte-local install {connector.name}"
    if isinstance(connector, (Source, Destination)):
        return "runs", _built_in(image)
    return "imitated", _why(image)


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
