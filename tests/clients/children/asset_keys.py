"""Which keys and groups Dagster's own dagster-airbyte gives to tables of connections, and if it builds them."""

import json
import sys
from typing import Any

import loopback  # noqa: F401 - before the client
from dagster import DagsterError, Definitions, multi_asset
from dagster_airbyte import AirbyteConnectionTableProps, DagsterAirbyteTranslator
from dagster_airbyte.utils import clean_name, get_airbyte_connection_table_name


def specs(connection: dict[str, Any]) -> list[Any]:
    return [
        DagsterAirbyteTranslator().get_asset_spec(
            AirbyteConnectionTableProps(
                table_name=get_airbyte_connection_table_name(connection["prefix"], stream),
                stream_prefix=connection["prefix"],
                stream_name=stream,
                json_schema={},
                connection_id="c",
                connection_name=connection["name"],
                destination_type="postgres",
                database=None,
                schema=None,
            )
        )
        for stream in connection["streams"]
    ]


def builds(connection: dict[str, Any]) -> bool:
    """As `airbyte_assets` does it."""
    try:

        @multi_asset(name=f"airbyte_{clean_name(connection['name'])}", can_subset=True, specs=specs(connection))
        def synced():
            yield from ()

        Definitions(assets=[synced]).get_repository_def()
    except DagsterError:
        return False
    return True


json.dump(
    [
        {
            "keys": [spec.key.path for spec in specs(connection)],
            "group": clean_name(connection["name"]),
            "builds": builds(connection),
        }
        for connection in json.load(sys.stdin)
    ],
    sys.stdout,
)
