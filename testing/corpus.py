"""The 647 connectors of Airbyte's registry, each with its specification, from a copy outside this repository."""

from __future__ import annotations

import functools
import json
import os
from dataclasses import dataclass, fields
from typing import Any, Literal

import pytest

from testing.contracts import FOLDER

CORPUS = FOLDER / "connectors.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Connector:
    """One of them: *repository* is its image, *spec* the JSON Schema of its configuration."""

    kind: Literal["source", "destination"]
    id: str
    name: str
    repository: str
    tag: str
    spec: dict[str, Any]

    def __str__(self) -> str:
        return self.repository.removeprefix("airbyte/")


@functools.cache
def _read() -> tuple[Connector, ...]:
    rows = map(json.loads, CORPUS.read_text(encoding="utf-8").splitlines())
    names = [field.name for field in fields(Connector)]
    return tuple(Connector(**{name: row[name] for name in names}) for row in rows)


def require_corpus() -> tuple[Connector, ...]:
    """All of them; skips the test where the copy is not at hand, fails it in CI."""
    if not CORPUS.exists():
        reason = f"needs {CORPUS}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return _read()
