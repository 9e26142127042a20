"""What is declared in the runs that are measured: PAIRS sources, each with a connection to one destination."""

import os

from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteInstance,
    AirbyteManagedElementReconciler,
    AirbyteSource,
    AirbyteSyncMode,
)

STREAMS = ("users", "products", "purchases")
MODES = dict.fromkeys(STREAMS, AirbyteSyncMode.FULL_REFRESH_OVERWRITE)
FILES = AirbyteDestination("files", "Local JSON", {"destination_path": "/local/out"})


def source(number: int) -> AirbyteSource:
    """CHANGED makes the first of them another one than before."""
    count = 11 if number == 0 and os.environ.get("CHANGED") else 10
    return AirbyteSource(f"source-{number}", "Sample Data", {"count": count})


reconciler = AirbyteManagedElementReconciler(
    AirbyteInstance(url=os.environ["AIRBYTE_URL"], request_timeout=600),
    [AirbyteConnection(f"sync-{n}", source(n), FILES, MODES) for n in range(int(os.environ["PAIRS"]))],
)
