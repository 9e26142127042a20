"""Upstream's `dagster_airbyte.managed.reconciliation`: what reconciles it."""

from dagster_managed_elements.airbyte import AirbyteManagedElementReconciler

from dagster_airbyte import _door

__all__ = ["AirbyteManagedElementReconciler"]

__getattr__ = _door.of(__name__)
