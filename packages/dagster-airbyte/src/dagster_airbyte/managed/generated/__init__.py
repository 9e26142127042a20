"""Upstream's `dagster_airbyte.managed.generated`: a class for every connector, made when it is asked for."""
