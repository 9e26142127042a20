"""Airbyte instances declared as other tools' resources: Dagster's own, and those of upstream's users."""
