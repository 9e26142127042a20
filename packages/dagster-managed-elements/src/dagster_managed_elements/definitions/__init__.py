"""Dagster's room: assets, checks, sensors and jobs of what is declared. What needs Dagster is served lazily."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dagster_managed_elements.deferred import deferred
from dagster_managed_elements.definitions.ports import (
    Amounts,
    Column,
    Job,
    StreamProps,
    SyncedConnection,
    Syncs,
)

if TYPE_CHECKING:
    from dagster_managed_elements.definitions.assets import build_assets
    from dagster_managed_elements.definitions.component import ManagedElementsComponent
    from dagster_managed_elements.definitions.drift import Drift, Finding
    from dagster_managed_elements.definitions.drift_automation import build_drift_schedule, build_drift_sensor
    from dagster_managed_elements.definitions.drift_checks import (
        DriftUnknown,
        build_drift_checks,
        build_reconciler_assets,
        find_double_triggers,
    )
    from dagster_managed_elements.definitions.reconciling import (
        DriftFound,
        build_drift_job,
        build_drift_op,
        build_reconcile_job,
    )
    from dagster_managed_elements.definitions.translating import SyncTranslator

__all__ = [
    "Amounts",
    "Column",
    "Drift",
    "DriftFound",
    "DriftUnknown",
    "Finding",
    "Job",
    "ManagedElementsComponent",
    "StreamProps",
    "SyncTranslator",
    "SyncedConnection",
    "Syncs",
    "build_assets",
    "build_drift_checks",
    "build_drift_job",
    "build_drift_op",
    "build_drift_schedule",
    "build_drift_sensor",
    "build_reconcile_job",
    "build_reconciler_assets",
    "find_double_triggers",
]

_HOMES: Final = {
    "Drift": "drift",
    "Finding": "drift",
    "DriftFound": "reconciling",
    "DriftUnknown": "drift_checks",
    "build_drift_checks": "drift_checks",
    "build_drift_job": "reconciling",
    "build_drift_op": "reconciling",
    "build_drift_schedule": "drift_automation",
    "build_drift_sensor": "drift_automation",
    "build_reconcile_job": "reconciling",
    "build_reconciler_assets": "drift_checks",
    "find_double_triggers": "drift_checks",
    "ManagedElementsComponent": "component",
    "SyncTranslator": "translating",
    "build_assets": "assets",
}
"""The module of each name that needs Dagster."""


def __getattr__(name: str) -> Any:
    return deferred(__name__, _HOMES, name)
