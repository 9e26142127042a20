"""Several multi-assets as the one object that upstream's idiom, `Definitions(assets=[x])`, has a place for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256

from dagster import AssetsDefinition

# What upstream returned, and the only such object that Dagster takes; it has no public name.
from dagster._core.definitions.assets.definition.cacheable_assets_definition import (
    AssetsDefinitionCacheableData,
    CacheableAssetsDefinition,
)


class LoadedAssets(CacheableAssetsDefinition):
    """Assets that are there already: nothing is computed when a code location is loaded, and nothing is cached.

    Iterating over it gives each multi-asset: `Definitions(assets=[*loaded])` is the same.

    Args:
        assets: All of them.
    """

    def __init__(self, assets: Sequence[AssetsDefinition]) -> None:
        self.assets = tuple(assets)
        keys = sorted(key.to_string() for definition in self.assets for key in definition.keys)
        super().__init__(f"managed_elements_{sha256(repr(keys).encode()).hexdigest()}")

    def __iter__(self) -> Iterator[AssetsDefinition]:
        return iter(self.assets)

    def compute_cacheable_data(self) -> Sequence[AssetsDefinitionCacheableData]:
        return [AssetsDefinitionCacheableData()]

    def build_definitions(self, data: Sequence[AssetsDefinitionCacheableData]) -> Sequence[AssetsDefinition]:
        del data
        return self.assets
