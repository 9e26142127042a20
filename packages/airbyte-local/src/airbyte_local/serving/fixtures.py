"""The pytest fixture `airbyte_local`, found by pytest through an entry point."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from airbyte_local.serving.local import LocalAirbyte


@pytest.fixture
def airbyte_local(tmp_path: Path) -> Iterator[LocalAirbyte]:
    """A running local Airbyte with nothing in it but the Default Workspace."""
    # Imported here: pytest loads this module in every run, also where no test asks for a server.
    from airbyte_local.serving.local import server

    with server(tmp_path / "airbyte-local") as running:
        yield running
