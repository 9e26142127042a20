"""The table of public connectors: ids, names, images and tags are the vendor's facts; the rest is ours."""

from __future__ import annotations

from airbyte_local.connectors import databases, services, storages
from airbyte_local.connectors.destinations.dev_null import DevNull
from airbyte_local.connectors.destinations.duckdb import DuckDB
from airbyte_local.connectors.destinations.local_csv import LocalCsv
from airbyte_local.connectors.destinations.local_json import LocalJson
from airbyte_local.connectors.destinations.postgres import Postgres
from airbyte_local.connectors.destinations.sqlite import Sqlite
from airbyte_local.connectors.end_to_end import END_TO_END
from airbyte_local.connectors.file import File
from airbyte_local.connectors.protocol import Connector, PublicDefinition
from airbyte_local.connectors.sample_data import SampleData

PLAIN = ("overwrite", "append")
DEDUPING = ("overwrite", "append", "append_dedup")
SOURCES: dict[str, tuple[str, Connector]] = {
    "source-file": ("file", File()),
    "source-faker": ("api", SampleData()),
    "source-e2e-test": ("api", END_TO_END),
    "source-github": ("api", services.GITHUB),
    "source-google-sheets": ("file", storages.GOOGLE_SHEETS_SOURCE),
    "source-hardcoded-records": ("api", services.HARDCODED_RECORDS),
    "source-hubspot": ("api", services.HUBSPOT),
    "source-mysql": ("database", databases.MYSQL_SOURCE),
    "source-onesignal": ("api", services.ONESIGNAL),
    "source-paystack": ("api", services.PAYSTACK),
    "source-pokeapi": ("api", services.POKEAPI),
    "source-postgres": ("database", databases.POSTGRES_SOURCE),
    "source-s3": ("file", storages.S3_SOURCE),
    "source-slack": ("api", storages.SLACK),
    "source-stripe": ("api", services.STRIPE),
}
DESTINATIONS: dict[str, tuple[tuple[str, ...], Connector]] = {
    "destination-local-json": (PLAIN, LocalJson()),
    "destination-csv": (PLAIN, LocalCsv()),
    "destination-sqlite": (DEDUPING, Sqlite()),
    "destination-duckdb": (DEDUPING, DuckDB()),
    "destination-dev-null": (DEDUPING, DevNull()),
    "destination-bigquery": (DEDUPING, databases.BIGQUERY_DESTINATION),
    "destination-postgres": (DEDUPING, Postgres()),
    "destination-s3": (PLAIN, storages.S3_DESTINATION),
    "destination-snowflake": (DEDUPING, databases.SNOWFLAKE_DESTINATION),
    "destination-weaviate": (DEDUPING, storages.WEAVIATE),
}
CERTIFIED = frozenset(
    {"source-github", "source-google-sheets", "source-hubspot", "source-mysql", "source-postgres", "source-s3"}
    | {"source-slack", "source-stripe", "destination-bigquery", "destination-postgres", "destination-s3"}
    | {"destination-snowflake"}
)


def _public(image: str, tag: str, definition_id: str, name: str) -> PublicDefinition:
    is_source = image in SOURCES
    modes = () if is_source else DESTINATIONS[image][0]
    return PublicDefinition(
        kind="source" if is_source else "destination",
        id=definition_id,
        name=name,
        repository=f"airbyte/{image}",
        tag=tag,
        connector=(SOURCES if is_source else DESTINATIONS)[image][1],
        source_type=SOURCES[image][0] if is_source else None,
        support_level="certified" if image in CERTIFIED else "community",
        sync_modes=modes,
        supports_refreshes=is_source or modes == DEDUPING,
    )


PUBLIC: tuple[PublicDefinition, ...] = (
    _public(
        "source-file", "0.6.0", "778daa7c-feaf-4db6-96f3-70fd645acc77", "File (CSV, JSON, Excel, Feather, Parquet)"
    ),
    _public("source-faker", "7.2.1", "dfd88b22-b603-4c3d-aad7-3701784586b1", "Sample Data"),
    _public("source-e2e-test", "2.2.2", "d53f9084-fa6b-4a5a-976c-5b8392f4ad8a", "E2E Testing"),
    _public("source-github", "2.1.14", "ef69ef6e-aa7f-4af1-a01d-ef775033524e", "GitHub"),
    _public("source-google-sheets", "0.12.22", "71607ba1-c0ac-4799-8049-7f4b90dd50f7", "Google Sheets"),
    _public("source-hardcoded-records", "0.0.46", "084124ab-22db-4019-b36d-630418541bf7", "Hardcoded Records"),
    _public("source-hubspot", "6.3.1", "36c891d9-4bd9-43ac-bad2-10e12756272c", "HubSpot"),
    _public("source-mysql", "3.51.5", "435bb9a5-7887-4809-aa58-28c27df0d7ad", "MySQL"),
    _public("source-onesignal", "1.2.49", "bb6afd81-87d5-47e3-97c4-e2c2901b1cf8", "OneSignal"),
    _public("source-paystack", "1.1.26", "193bdcb8-1dd9-48d1-aade-91cadfd74f9b", "Paystack"),
    _public("source-pokeapi", "0.3.50", "6371b14b-bc68-4236-bfbd-468e8df8e968", "PokeAPI"),
    _public("source-postgres", "3.7.2", "decd338e-5647-4c0b-adf4-da0e75f5a750", "Postgres"),
    _public("source-s3", "4.15.2", "69589781-7828-43c5-9f63-8925b1c1ccc2", "S3"),
    _public("source-slack", "3.1.12", "c2281cee-86f9-4a86-bb48-d23286b4c7bd", "Slack"),
    _public("source-stripe", "5.15.22", "e094cb9a-26de-4645-8761-65c0c425d1de", "Stripe"),
    _public("destination-local-json", "0.2.13", "a625d593-bba5-4a1c-a53d-2d246268a816", "Local JSON"),
    _public("destination-csv", "1.0.2", "8be1cf83-fde1-477f-a4ad-318d23c9f3c6", "Local CSV"),
    _public("destination-sqlite", "0.2.9", "b76be0a6-27dc-4560-95f6-2623da0bd7b6", "Local SQLite"),
    _public("destination-duckdb", "0.6.0", "94bd199c-2ff0-4aa2-b98e-17f0acb72610", "DuckDB"),
    _public(
        "destination-dev-null", "0.9.3", "a7bcc9d8-13b3-4e49-b80d-d020b90045e3", "End-to-End Testing (/dev/null)"
    ),
    _public("destination-bigquery", "3.0.17", "22f6c74f-5699-40ff-833c-4a879ea40133", "BigQuery"),
    _public("destination-postgres", "3.0.11", "25c5221d-dce2-4163-ade9-739ef790f503", "Postgres"),
    _public("destination-s3", "1.9.7", "4816b78f-1489-44c1-9060-4b19d5fa9362", "S3"),
    _public("destination-snowflake", "4.0.39", "424892c4-daac-4491-b35d-c6688ba547ba", "Snowflake"),
    _public("destination-weaviate", "0.2.60", "7b7d7a0d-954c-45a0-bcfc-39a634b97736", "Weaviate"),
)
