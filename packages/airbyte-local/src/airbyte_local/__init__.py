"""A local Airbyte for tests and first steps: no Docker, no account, one process."""

from airbyte_local.faults import Fault
from airbyte_local.request_log import Exchange
from airbyte_local.serving import LocalAirbyte, server

__all__ = ["Exchange", "Fault", "LocalAirbyte", "server"]
