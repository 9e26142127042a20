"""Upstream's `dagster_airbyte.managed.reconciliation`: what reconciles it."""

from typing import NoReturn

from dagster_managed_elements.airbyte import AirbyteManagedElementReconciler

from dagster_airbyte._elsewhere import refuse

__all__ = ["AirbyteManagedElementReconciler"]


def __getattr__(name: str) -> NoReturn:
    refuse(__name__, name)
