"""A local Airbyte as a process of its own, so that what it costs is its own alone. Read from /proc: Linux only."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

POLL_SECONDS = 0.2
LIMIT_SECONDS = 600.0
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    data: Path
    api: httpx.Client
    process: subprocess.Popen[str]

    @property
    def cpu(self) -> float:
        """Seconds so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    @property
    def peak(self) -> float:
        """The most memory it ever had, in MB."""
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.process.pid}/status").read_text())
        return int(found[1]) / 1024 if found else 0.0

    def seed(self, **plan: Any) -> dict[str, list[str]]:
        return self._asked("/_local/seed", plan)

    def synced(self, connection_id: str) -> dict[str, Any]:
        """The job, once it has ended well."""
        job = self._asked("/api/v1/connections/sync", {"connectionId": connection_id})["job"]
        deadline = time.monotonic() + LIMIT_SECONDS
        while job["status"] in {"pending", "running"} and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
            job = self._asked("/api/v1/jobs/get_light", {"id": job["id"]})["job"]
        if job["status"] != "succeeded":
            raise SystemExit(f"The sync {job['status']}: see {self.data / 'jobs'}")
        return job

    def _asked(self, path: str, body: dict[str, Any]) -> Any:
        return self.api.post(path, json=body).raise_for_status().json()


@contextmanager
def served(data: Path) -> Generator[Served]:
    """`airbyte-local serve` for as long as the block lasts."""
    command = [Path(sys.executable).parent / "airbyte-local", "serve", "--port", "0", "--data", data]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = re.search(r"is at (http://\S+) with", next(iter(process.stdout or ()), ""))
            if url is None:
                raise SystemExit("the local Airbyte did not start")
            with httpx.Client(base_url=url[1], timeout=60, trust_env=False) as api:
                yield Served(data=data, api=api, process=process)
        finally:
            process.send_signal(signal.SIGTERM)
