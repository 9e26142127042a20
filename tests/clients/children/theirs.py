"""The cereals example as Dagster's own package wants it: by the definition's whole name, streams by a method."""

import os

import loopback  # noqa: F401 - before the client
from dagster_airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteManagedElementReconciler,
    AirbyteSource,
    AirbyteSyncMode,
    airbyte_resource,
)

instance = airbyte_resource.configured(
    {
        "host": "127.0.0.1",
        "port": {"env": "AIRBYTE_PORT"},
        "username": "airbyte",
        "password": "password",
        "request_max_retries": 0,
    }
)
source = AirbyteSource(
    name="cereals-csv",
    source_type="File (CSV, JSON, Excel, Feather, Parquet)",
    source_configuration={
        "url": os.environ["CEREALS_URL"],
        "format": "csv",
        "provider": {"storage": "HTTPS", "user_agent": os.environ.get("USER_AGENT") == "yes"},
        "dataset_name": "cereals",
    },
)
destination = AirbyteDestination(
    name="local-json",
    destination_type="Local JSON",
    destination_configuration={"destination_path": "/local/cereals_out.json"},
)
connection = AirbyteConnection(
    name="download-cereals",
    source=source,
    destination=destination,
    stream_config={"cereals": AirbyteSyncMode.full_refresh_overwrite()},
    normalize_data=False,
)
reconciler = AirbyteManagedElementReconciler(airbyte=instance, connections=[connection])
