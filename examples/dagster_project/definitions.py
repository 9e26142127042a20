"""The declaration as Dagster shows it: an asset a table, a check for whatever drifts, a job that mends it."""

from cereals import reconciler
from dagster import Definitions, asset, in_process_executor
from dagster_managed_elements.airbyte import build_connection_assets
from dagster_managed_elements.definitions import (
    build_drift_checks,
    build_drift_schedule,
    build_drift_sensor,
    build_reconcile_job,
    build_reconciler_assets,
)

cereal_assets = build_connection_assets(reconciler, group_name="breakfast")
drift_checks = build_drift_checks(reconciler, assets=cereal_assets)


@asset(deps=["cereals"], group_name="breakfast")
def sweetest_cereals() -> None:
    """What is made of the table: whatever depends on it waits for its sync."""


defs = Definitions(
    assets=[*cereal_assets, sweetest_cereals, *build_reconciler_assets(reconciler)],
    asset_checks=drift_checks,
    jobs=[build_reconcile_job(reconciler)],
    schedules=[build_drift_schedule(drift_checks)],
    sensors=[build_drift_sensor(reconciler, drift_checks)],
    executor=in_process_executor,  # each step is one sync or one look: no process of its own is worth it
)
