"""One declaration, three Airbytes: a function of what differs, and a reconciler for each."""

from collections.abc import Iterator
from dataclasses import dataclass

from dagster import EnvVar
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteInstanceResource,
    AirbyteManagedElementReconciler,
    AirbyteSource,
    AirbyteSyncMode,
)


@dataclass(frozen=True)
class Environment:
    name: str
    rows: int


FLEET = [
    Environment("staging", rows=10),
    Environment("north", rows=1000),
    Environment("south", rows=1000),
]


def connections(environment: Environment) -> Iterator[AirbyteConnection]:
    yield AirbyteConnection(
        name="shop to lake",
        source=AirbyteSource("shop", "Sample Data", {"count": environment.rows}),
        destination=AirbyteDestination("lake", "Local JSON", {"destination_path": f"/local/{environment.name}"}),
        stream_config={"users": AirbyteSyncMode.full_refresh_overwrite()},
    )


def reconciler(environment: Environment) -> AirbyteManagedElementReconciler:
    ending = environment.name.upper()
    airbyte = AirbyteInstanceResource(
        url=EnvVar(f"AIRBYTE_URL_{ending}"),
        client_id="dagster",
        client_secret=EnvVar(f"AIRBYTE_SECRET_{ending}"),
    )
    return AirbyteManagedElementReconciler(airbyte, list(connections(environment)), name=environment.name)


fleet = [reconciler(environment) for environment in FLEET]
