"""The vendor's Smoke Test source, made of what destinations stumble over, in an environment of its own.

The environment is made once for its pinned requirements, from the package index, and kept in `.venv-clients/`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

from airbyte_local.connectors.external.environments import find_uv

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "tests" / "clients" / "source_smoke_test.txt"
ENVIRONMENTS = ROOT / ".venv-clients"
PYTHON = "3.11"  # it knows 3.10 to 3.12


def smoke_test_command() -> tuple[str, ...]:
    """It asks nobody on the network for its own registry, and tells nobody that it runs."""
    return ("env", "AIRBYTE_OFFLINE_MODE=1", "DO_NOT_TRACK=1", str(_environment() / "bin" / "source-smoke-test"))


def _environment() -> Path:
    digest = hashlib.sha256(PYTHON.encode() + REQUIREMENTS.read_bytes()).hexdigest()[:12]
    folder = ENVIRONMENTS / f"source_smoke_test-{digest}"
    if not folder.exists():
        ENVIRONMENTS.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=ENVIRONMENTS) as aside:
            made = Path(aside) / "environment"
            _uv("venv", "--relocatable", "--python", PYTHON, made)
            _uv("pip", "install", "--python", made / "bin" / "python", "--require-hashes", "-r", REQUIREMENTS)
            with contextlib.suppress(OSError):  # another run was faster
                made.rename(folder)
    return folder


def _uv(*words: object) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    subprocess.run([find_uv(), "--quiet", *map(str, words)], env=clean, check=True)
