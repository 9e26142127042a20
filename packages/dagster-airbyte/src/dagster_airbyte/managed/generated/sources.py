"""Upstream's `dagster_airbyte.managed.generated.sources`."""

from dagster_managed_elements.airbyte.generated.sources import __getattr__  # noqa: F401 - all there is to it
