"""The table of public connectors: ids, names and images are the vendor's facts; the rest is ours."""

from __future__ import annotations

from airbyte_local.connectors import databases, services, storages
from airbyte_local.connectors.file import File
from airbyte_local.connectors.local_json import LocalJson
from airbyte_local.connectors.protocol import Connector, PublicDefinition
from airbyte_local.connectors.sample_data import SampleData

PLAIN = ("overwrite", "append")
DEDUPING = ("overwrite", "append", "append_dedup")


def _source(
    name: str, id: str, image: str, tag: str, connector: Connector, type: str, level: str = "community"
) -> PublicDefinition:
    return PublicDefinition(
        kind="source",
        id=id,
        name=name,
        repository=f"airbyte/{image}",
        tag=tag,
        connector=connector,
        source_type=type,
        support_level=level,
    )


def _destination(
    name: str, id: str, image: str, tag: str, connector: Connector, modes: tuple[str, ...], level: str = "community"
) -> PublicDefinition:
    return PublicDefinition(
        kind="destination",
        id=id,
        name=name,
        repository=f"airbyte/{image}",
        tag=tag,
        connector=connector,
        sync_modes=modes,
        support_level=level,
        supports_refreshes=modes == DEDUPING,
    )


# fmt: off
PUBLIC: tuple[PublicDefinition, ...] = (
    _source("File (CSV, JSON, Excel, Feather, Parquet)", "778daa7c-feaf-4db6-96f3-70fd645acc77", "source-file", "0.6.0", File(), "file"),
    _source("Sample Data", "dfd88b22-b603-4c3d-aad7-3701784586b1", "source-faker", "6.2.24", SampleData(), "api"),
    _source("E2E Testing", "d53f9084-fa6b-4a5a-976c-5b8392f4ad8a", "source-e2e-test", "2.2.2", services.E2E_SOURCE, "api"),
    _source("GitHub", "ef69ef6e-aa7f-4af1-a01d-ef775033524e", "source-github", "2.1.14", services.GITHUB, "api", "certified"),
    _source("Google Sheets", "71607ba1-c0ac-4799-8049-7f4b90dd50f7", "source-google-sheets", "0.12.22", storages.GOOGLE_SHEETS_SOURCE, "file", "certified"),
    _source("HubSpot", "36c891d9-4bd9-43ac-bad2-10e12756272c", "source-hubspot", "6.3.1", services.HUBSPOT, "api", "certified"),
    _source("MySQL", "435bb9a5-7887-4809-aa58-28c27df0d7ad", "source-mysql", "3.51.5", databases.MYSQL_SOURCE, "database", "certified"),
    _source("OneSignal", "bb6afd81-87d5-47e3-97c4-e2c2901b1cf8", "source-onesignal", "1.2.49", services.ONESIGNAL, "api"),
    _source("Paystack", "193bdcb8-1dd9-48d1-aade-91cadfd74f9b", "source-paystack", "1.1.26", services.PAYSTACK, "api"),
    _source("PokeAPI", "6371b14b-bc68-4236-bfbd-468e8df8e968", "source-pokeapi", "0.3.50", services.POKEAPI, "api"),
    _source("Postgres", "decd338e-5647-4c0b-adf4-da0e75f5a750", "source-postgres", "3.7.2", databases.POSTGRES_SOURCE, "database", "certified"),
    _source("S3", "69589781-7828-43c5-9f63-8925b1c1ccc2", "source-s3", "4.15.2", storages.S3_SOURCE, "file", "certified"),
    _source("Slack", "c2281cee-86f9-4a86-bb48-d23286b4c7bd", "source-slack", "3.1.12", storages.SLACK, "api", "certified"),
    _source("Stripe", "e094cb9a-26de-4645-8761-65c0c425d1de", "source-stripe", "5.15.22", services.STRIPE, "api", "certified"),
    _destination("Local JSON", "a625d593-bba5-4a1c-a53d-2d246268a816", "destination-local-json", "0.2.13", LocalJson(), PLAIN),
    _destination("Local CSV", "8be1cf83-fde1-477f-a4ad-318d23c9f3c6", "destination-csv", "1.0.2", storages.LOCAL_CSV, PLAIN),
    _destination("Local SQLite", "b76be0a6-27dc-4560-95f6-2623da0bd7b6", "destination-sqlite", "0.2.9", storages.SQLITE, PLAIN),
    _destination("DuckDB", "94bd199c-2ff0-4aa2-b98e-17f0acb72610", "destination-duckdb", "0.6.0", storages.DUCKDB, PLAIN),
    _destination("End-to-End Testing (/dev/null)", "a7bcc9d8-13b3-4e49-b80d-d020b90045e3", "destination-dev-null", "0.9.3", services.DEV_NULL, DEDUPING),
    _destination("BigQuery", "22f6c74f-5699-40ff-833c-4a879ea40133", "destination-bigquery", "3.0.17", databases.BIGQUERY_DESTINATION, DEDUPING, "certified"),
    _destination("Postgres", "25c5221d-dce2-4163-ade9-739ef790f503", "destination-postgres", "3.0.11", databases.POSTGRES_DESTINATION, DEDUPING, "certified"),
    _destination("S3", "4816b78f-1489-44c1-9060-4b19d5fa9362", "destination-s3", "1.9.7", storages.S3_DESTINATION, PLAIN, "certified"),
    _destination("Snowflake", "424892c4-daac-4491-b35d-c6688ba547ba", "destination-snowflake", "4.0.39", databases.SNOWFLAKE_DESTINATION, DEDUPING, "certified"),
    _destination("Weaviate", "7b7d7a0d-954c-45a0-bcfc-39a634b97736", "destination-weaviate", "0.2.60", storages.WEAVIATE, DEDUPING),
)
# fmt: on
