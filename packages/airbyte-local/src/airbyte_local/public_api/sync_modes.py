"""The names that the Public API has for pairs of sync modes. Pure."""

from __future__ import annotations

from collections.abc import Collection

from airbyte_local.model.json_values import Json

DEFAULT = "full_refresh_overwrite"
PAIRS = {
    "full_refresh_overwrite": ("full_refresh", "overwrite"),
    "full_refresh_overwrite_deduped": ("full_refresh", "overwrite_dedup"),
    "full_refresh_append": ("full_refresh", "append"),
    "full_refresh_update": ("full_refresh", "update"),
    "full_refresh_soft_delete": ("full_refresh", "soft_delete"),
    "incremental_append": ("incremental", "append"),
    "incremental_deduped_history": ("incremental", "append_dedup"),
    "incremental_update": ("incremental", "update"),
    "incremental_soft_delete": ("incremental", "soft_delete"),
}
NAMES = {pair: name for name, pair in PAIRS.items()}
# Which modes have their cursor or key looked at. The others take whatever they are given.
CURSOR_CHECKED = {"incremental_append", "incremental_deduped_history"}
KEY_CHECKED = {"incremental_deduped_history", "incremental_update", "full_refresh_update"}
KEYLESS = {"full_refresh_overwrite", "full_refresh_append"}


def possible(stream: Json, destination_modes: Collection[str]) -> list[str]:
    """What both the stream and the destination can do."""
    supported = stream.get("supportedSyncModes") or ["full_refresh"]
    return [name for name, (mode, into) in PAIRS.items() if mode in supported and into in destination_modes]
