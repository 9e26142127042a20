"""Upstream's `dagster_airbyte.cli`, the script `dagster-airbyte`: the command line `dagster-me` by that name."""

from dagster_managed_elements.cli import main

__all__ = ["main"]
