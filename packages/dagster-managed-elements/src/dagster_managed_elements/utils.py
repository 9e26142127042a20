"""Upstream's door to comparing two plain maps. The engine compares on its own, and does not use it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, cast

from dagster_managed_elements.engine.values import UNSET
from dagster_managed_elements.types import ManagedElementDiff

__all__ = ["UNSET", "diff_dicts"]

Compare: TypeAlias = Callable[[str, Any, Any], bool | None]
_NOTHING: Final[Mapping[str, Any]] = {}


def diff_dicts(
    config_dict: Mapping[str, Any] | None,
    dst_dict: Mapping[str, Any] | None,
    custom_compare_fn: Compare | None = None,
) -> ManagedElementDiff:
    """What makes *dst_dict* equal *config_dict*, in the order of *config_dict*, maps within maps as nested diffs.

    *custom_compare_fn* is asked about each key that is no map, with UNSET for an absent side: True where the sides
    are the same, False where they differ, None for an opinion of our own.
    """
    config, dst = config_dict or _NOTHING, dst_dict or _NOTHING
    compare = custom_compare_fn or _no_opinion
    diff = ManagedElementDiff()
    for key in dict.fromkeys((*config, *dst)):
        diff = _with_key(diff, key, (config.get(key, UNSET), dst.get(key, UNSET)), compare)
    return diff


def _no_opinion(_key: str, _config: Any, _dst: Any) -> bool | None:
    return None


def _with_key(diff: ManagedElementDiff, key: str, sides: tuple[Any, Any], compare: Compare) -> ManagedElementDiff:
    maps = [cast("Mapping[str, Any]", side) if isinstance(side, Mapping) and side else None for side in sides]
    if any(maps):
        inner = diff_dicts(maps[0], maps[1], compare)
        diff = diff if inner.is_empty() else diff.with_nested(key, inner)
    config, dst = (UNSET if map_ else side for side, map_ in zip(sides, maps, strict=True))
    opinion = None if config is UNSET and dst is UNSET else compare(key, config, dst)
    if opinion is True or (config is UNSET and dst is UNSET):
        return diff
    if dst is UNSET:
        return diff.add(key, config)
    if config is UNSET:
        return diff.delete(key, dst)
    return diff if opinion is None and _equal(config, dst) else diff.modify(key, dst, config)


def _equal(config: Any, dst: Any) -> bool:
    # To Python 1 == True; to whoever reads a configuration these are two things.
    return bool(config == dst) and isinstance(config, bool) == isinstance(dst, bool)
