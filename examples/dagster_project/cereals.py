"""What is to be there: a CSV file that goes to a local JSON file, through an Airbyte."""

import os

from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteInstance,
    AirbyteManagedElementReconciler,
    AirbyteSource,
    AirbyteSyncMode,
)

AIRBYTE_URL = os.environ.get("AIRBYTE_URL", "http://localhost:8000")

airbyte = AirbyteInstance(url=AIRBYTE_URL)

cereals_csv = AirbyteSource(
    name="cereals-csv",
    source_type="File",
    source_configuration={
        "url": f"{AIRBYTE_URL}/_local/files/cereals.csv",
        "format": "csv",
        "provider": {"storage": "HTTPS", "user_agent": False},
        "dataset_name": "cereals",
    },
)

local_json = AirbyteDestination(
    name="local-json",
    destination_type="Local JSON",
    destination_configuration={"destination_path": "/local/cereals_out.json"},
)

download_cereals = AirbyteConnection(
    name="download-cereals",
    source=cereals_csv,
    destination=local_json,
    stream_config={"cereals": AirbyteSyncMode.FULL_REFRESH_OVERWRITE},
    status="active",
)

reconciler = AirbyteManagedElementReconciler(airbyte, [download_cereals], name="cereals")
