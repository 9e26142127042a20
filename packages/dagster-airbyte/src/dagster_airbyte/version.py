"""Upstream's `dagster_airbyte.version`."""

from importlib.metadata import version

__version__ = version("dagster-airbyte")
