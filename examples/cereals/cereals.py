"""The seed page's example: a CSV file that goes to a local JSON file, through an Airbyte."""

import os

from dagster_airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteManagedElementReconciler,
    AirbyteSource,
    AirbyteSyncMode,
    airbyte_resource,
)

airbyte_instance = airbyte_resource.configured(
    {
        "host": "localhost",
        "port": {"env": "AIRBYTE_PORT"},
        # If using basic auth, include username and password:
        "username": "airbyte",
        "password": {"env": "AIRBYTE_PASSWORD"},
    }
)

cereals_csv_source = AirbyteSource(
    name="cereals-csv",
    source_type="File",
    source_configuration={
        "url": os.environ["CEREALS_URL"],
        "format": "csv",
        "provider": {"storage": "HTTPS", "user_agent": False},
        "dataset_name": "cereals",
    },
)

local_json_destination = AirbyteDestination(
    name="local-json",
    destination_type="Local JSON",
    destination_configuration={"destination_path": "/local/cereals_out.json"},
)

cereals_connection = AirbyteConnection(
    name="download-cereals",
    source=cereals_csv_source,
    destination=local_json_destination,
    stream_config={"cereals": AirbyteSyncMode.FULL_REFRESH_OVERWRITE},
)

reconciler = AirbyteManagedElementReconciler(
    airbyte=airbyte_instance,
    connections=[cereals_connection],
)
