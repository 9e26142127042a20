"""The same pairs as `declared.py` has, as Dagster's own dagster-airbyte declares them."""

import os

from dagster_airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteManagedElementReconciler,
    AirbyteSource,
    AirbyteSyncMode,
    airbyte_resource,
)

STREAMS = ("users", "products", "purchases")
MODES = {stream: AirbyteSyncMode.full_refresh_overwrite() for stream in STREAMS}
FILES = AirbyteDestination("files", "Local JSON", {"destination_path": "/local/out"})


def source(number: int) -> AirbyteSource:
    count = 11 if number == 0 and os.environ.get("CHANGED") else 10
    return AirbyteSource(f"source-{number}", "Sample Data", {"count": count})


instance = airbyte_resource.configured(
    {"host": "127.0.0.1", "port": os.environ["AIRBYTE_URL"].rpartition(":")[2], "request_timeout": 600}
)
reconciler = AirbyteManagedElementReconciler(
    airbyte=instance,
    connections=[
        AirbyteConnection(
            name=f"sync-{n}", source=source(n), destination=FILES, stream_config=MODES, normalize_data=False
        )
        for n in range(int(os.environ["PAIRS"]))
    ],
)
