"""Upstream's `dagster_airbyte.managed.generated.destinations`."""

from dagster_managed_elements.airbyte.generated.destinations import __getattr__  # noqa: F401 - all there is to it
