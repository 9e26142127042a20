"""The same code location by Dagster's own dagster-airbyte: it asks the server whether all is applied, and again for
each connection.
"""

import os

from dagster import Definitions
from dagster_airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteResource,
    AirbyteSource,
    AirbyteSyncMode,
    load_assets_from_connections,
)

STREAMS = ("users", "products", "purchases")
MODES = {stream: AirbyteSyncMode.full_refresh_overwrite() for stream in STREAMS}
FILES = AirbyteDestination("files", "Local JSON", {"destination_path": "/local/out"})

connections = [
    AirbyteConnection(
        name=f"sync-{number}",
        source=AirbyteSource(f"source-{number}", "Sample Data", {"count": 10}),
        destination=FILES,
        stream_config=MODES,
        normalize_data=False,
        prefix=f"of_{number}_",
    )
    for number in range(int(os.environ["CONNECTIONS"]))
]
instance = AirbyteResource(host="127.0.0.1", port=os.environ["AIRBYTE_URL"].rpartition(":")[2], request_timeout=600)
loaded = load_assets_from_connections(instance, connections)
keys = Definitions(assets=[loaded]).get_repository_def().asset_graph.get_all_asset_keys()
if len(keys) != len(STREAMS) * len(connections):
    raise SystemExit(f"{len(keys)} assets")
