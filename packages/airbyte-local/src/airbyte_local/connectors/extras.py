"""Libraries that an extra of this package brings: imported where they are needed, named where they are missing."""

from __future__ import annotations

import importlib
from typing import Any

from airbyte_local.connectors.protocol import ConnectorFailed


def imported(module: str, extra: str) -> Any:
    """The module of that name.

    Raises:
        ConnectorFailed: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        raise ConnectorFailed(f"{library} is not installed: pip install 'airbyte-local[{extra}]'") from error
