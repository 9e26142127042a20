"""A code location with the assets of CONNECTIONS connections, and the reconciler that applies them."""

import os

from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteDestinationNamespace,
    AirbyteInstance,
    AirbyteManagedElementReconciler,
    AirbyteSource,
    AirbyteSyncMode,
)

STREAMS = ("users", "products", "purchases")
FILES = AirbyteDestination("files", "Local JSON", {"destination_path": "/local/out"})

reconciler = AirbyteManagedElementReconciler(
    AirbyteInstance(url=os.environ["AIRBYTE_URL"], request_timeout=600),
    [
        AirbyteConnection(
            f"sync-{number}",
            AirbyteSource(f"source-{number}", "Sample Data", {"count": 10}),
            FILES,
            dict.fromkeys(STREAMS, AirbyteSyncMode.full_refresh_overwrite()),
            destination_namespace=AirbyteDestinationNamespace.SAME_AS_SOURCE,
            prefix=f"of_{number}_",
        )
        for number in range(int(os.environ["CONNECTIONS"]))
    ],
)

if __name__ == "__main__":
    from dagster import Definitions
    from dagster_managed_elements.airbyte import load_assets_from_connections

    connections = [element for element in reconciler.elements if isinstance(element, AirbyteConnection)]
    loaded = load_assets_from_connections(reconciler, connections)
    keys = Definitions(assets=[loaded]).get_repository_def().asset_graph.get_all_asset_keys()
    if len(keys) != len(STREAMS) * len(connections):
        raise SystemExit(f"{len(keys)} assets")
