"""The peers, in environments that are made once and kept in `.venv-clients/`: PyAirbyte with the vendor's own
source-file, and Dagster's own dagster-airbyte.

They are measured, and nothing else: the licence (ELv2) of PyAirbyte and its 200 packages are why nothing here
depends on it.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

from airbyte_local.connectors.external.environments import find_uv
from airbyte_local.connectors.external.pins import PINS
from airbyte_local.connectors.external.workshop import Workshop

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / ".venv-clients"
REQUIREMENTS = ROOT / "tests" / "clients"
PYTHON = "3.11"  # PyAirbyte is not for 3.13 and later
CHILD = Path(__file__).parent / "children" / "pyairbyte_read.py"


def pyairbyte_read(rows: Path, folder: Path) -> dict[str, Any]:
    """What reading *rows* into a DuckDB file in *folder* cost: rows, wall and cpu (seconds), memory (MB).

    Raises:
        CalledProcessError: it could not be installed, or has failed.
    """
    quiet = {
        "AIRBYTE_OFFLINE_MODE": "1",  # no registry is asked
        "DO_NOT_TRACK": "1",
        "AIRBYTE_LOGGING_ROOT": str(folder / "logs"),
        "AIRBYTE_TEMP_DIR": str(folder),
        "HOME": str(folder),
        "PYTHONWARNINGS": "ignore",
    }
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [environment("pyairbyte") / "bin" / "python", CHILD, _connector(), rows, folder / "peer.duckdb"]
    done = subprocess.run(
        command, env={**clean, **quiet}, cwd=folder, capture_output=True, text=True, check=True, timeout=900
    )
    return json.loads(done.stdout.splitlines()[-1])


def environment(name: str) -> Path:
    """The folder of the one with what `tests/clients/{name}.txt` pins.

    Raises:
        CalledProcessError: it could not be installed.
    """
    pins = REQUIREMENTS / f"{name}.txt"
    digest = hashlib.sha256(PYTHON.encode() + pins.read_bytes()).hexdigest()[:12]
    folder = KEPT / f"bench-{name}-{digest}"
    if not (folder / "complete").exists():
        uv = find_uv()
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", PYTHON, folder], check=True)
        pip = [uv, "pip", "install", "--quiet", "--python", folder / "bin" / "python"]
        subprocess.run([*pip, "--require-hashes", "-r", pins], check=True)
        (folder / "complete").touch()
    return folder


def _connector() -> Path:
    pin = next(pin for pin in PINS if pin.name == "file")
    workshop = Workshop(KEPT / "connectors")
    try:
        workshop.install(pin, say=lambda _: None)
    finally:
        workshop.close()
    return KEPT / "connectors" / pin.folder_name / "bin" / pin.script
