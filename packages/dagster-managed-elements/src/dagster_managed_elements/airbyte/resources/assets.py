"""Declared Airbyte connections as Dagster's assets."""

from __future__ import annotations

from dagster import AssetsDefinition

from dagster_managed_elements.definitions.assets import build_assets

__all__ = ["AssetsDefinition", "build_assets"]
