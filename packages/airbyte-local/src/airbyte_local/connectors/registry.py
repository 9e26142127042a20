"""The table of public connectors: ids, names, images and tags are the vendor's facts; the rest is ours."""

from __future__ import annotations

from airbyte_local.connectors.destinations.duckdb import DuckDB
from airbyte_local.connectors.destinations.files import LocalCsv, LocalJson
from airbyte_local.connectors.destinations.postgres import Postgres
from airbyte_local.connectors.destinations.sqlite import Sqlite
from airbyte_local.connectors.end_to_end import DevNull, EndToEnd
from airbyte_local.connectors.file import File
from airbyte_local.connectors.imitated import imitated
from airbyte_local.connectors.protocol import Connector, PublicDefinition
from airbyte_local.connectors.sample_data import SampleData
from airbyte_local.connectors.specifications import entries
from airbyte_local.model.json_values import Json

BUILT_IN: dict[str, Connector] = {
    "source-file": File(),
    "source-faker": SampleData(),
    "source-e2e-test": EndToEnd(),
    "destination-local-json": LocalJson(),
    "destination-csv": LocalCsv(),
    "destination-sqlite": Sqlite(),
    "destination-duckdb": DuckDB(),
    "destination-dev-null": DevNull(),
    "destination-postgres": Postgres(),
}


def _public(image: str, entry: Json) -> PublicDefinition:
    is_source = image.startswith("source-")
    modes = ("overwrite", "append", *(["append_dedup"] if entry.get("deduplicates") else []))
    return PublicDefinition(
        kind="source" if is_source else "destination",
        id=entry["id"],
        name=entry["name"],
        repository=f"airbyte/{image}",
        tag=entry["tag"],
        stand_in=BUILT_IN.get(image) or imitated(image),
        source_type=entry.get("type"),
        support_level="certified" if entry.get("certified") else "community",
        sync_modes=() if is_source else modes,
        supports_refreshes=is_source or "append_dedup" in modes,
    )


PUBLIC = tuple(_public(image, entry) for image, entry in entries().items())
