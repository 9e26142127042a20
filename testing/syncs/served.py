"""A local Airbyte in a process of its own: one that can be killed, or run out of disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
from airbyte_local.connectors.external.workshop import FOLDER_NAME, Workshop

from testing.syncs.bench import Bench

SERVING = Path(__file__).parent / "children" / "serving.py"
SLOWING = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}


class Served(Bench):
    """A bench whose server dies and starts again, on the same data."""

    def __init__(self, data: Path, client: httpx.Client) -> None:
        super().__init__(self, client, Workshop(data / FOLDER_NAME))
        self.data = data
        self.local = data / "local"
        self.process: subprocess.Popen[str] | None = None
        self.start()

    def start(self) -> None:
        kept = {name: value for name, value in os.environ.items() if name not in SLOWING}
        command = [sys.executable, SERVING, self.data]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(command, **pipes, text=True, env=kept)
        assert self.process.stdout is not None
        told: dict[str, Any] = json.loads(self.process.stdout.readline())
        self.url, self.public_url, self.workspace_id = told["url"], told["public_url"], told["workspace_id"]

    def kill(self) -> None:
        """As `kill -9` does it."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.communicate()
            self.process = None
