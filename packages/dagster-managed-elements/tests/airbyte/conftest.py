"""What tests of the Airbyte integration share."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

_CORPUS = Path(__file__).parents[4].parent / "shared" / "contracts" / "airbyte" / "connectors.jsonl"


@pytest.fixture(scope="session")
def corpus() -> tuple[dict[str, Any], ...]:
    """The 647 connectors of Airbyte's registry, from a copy that stays outside this repository."""
    if _CORPUS.exists():
        return tuple(json.loads(line) for line in _CORPUS.read_text(encoding="utf-8").splitlines())
    if os.environ.get("CI") == "true":
        pytest.fail(f"the corpus of connectors is missing: {_CORPUS}")
    pytest.skip(f"the corpus of connectors is not at hand: {_CORPUS}")
