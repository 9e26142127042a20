"""A local Airbyte for tests and first steps: no Docker, no account, one process."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airbyte_local.http.faults import Fault
    from airbyte_local.http.request_log import Exchange
    from airbyte_local.jobs.world import NoSuchAirbyte
    from airbyte_local.serving.local import LocalAirbyte, server

__all__ = ["Exchange", "Fault", "LocalAirbyte", "NoSuchAirbyte", "server"]

# Loaded when asked for: pytest imports this package in every run for its fixture, `dagster-me` for its command.
HOMES = {
    "Exchange": "http.request_log",
    "Fault": "http.faults",
    "LocalAirbyte": "serving.local",
    "NoSuchAirbyte": "jobs.world",
    "server": "serving.local",
}


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module 'airbyte_local' has no attribute {name!r}")
    return getattr(importlib.import_module(f"airbyte_local.{HOMES[name]}"), name)
