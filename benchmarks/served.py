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
        return peak(self.process.pid)

    @property
    def url(self) -> str:
        return str(self.api.base_url).rstrip("/")

    def slow_down(self, milliseconds: float, *, per_item: float = 0.0) -> None:
        """Answer each request so much later, and *per_item* milliseconds more for each object in its answer."""
        rule = {"match": "", "action": "latency", "base_ms": milliseconds, "per_item_ms": per_item}
        self.api.put("/_local/faults", json=[rule]).raise_for_status()

    def asked(self) -> list[dict[str, Any]]:
        """The requests so far, with the bodies that were sent."""
        return self.api.get("/_local/requests").raise_for_status().json()

    def forget(self) -> None:
        self.api.delete("/_local/requests").raise_for_status()

    def seed(self, **plan: Any) -> dict[str, list[str]]:
        return self.ask("/_local/seed", **plan)

    def synced(self, connection_id: str) -> dict[str, Any]:
        """The job, once it has ended well."""
        job = self.ask("/api/v1/connections/sync", connectionId=connection_id)["job"]
        deadline = time.monotonic() + LIMIT_SECONDS
        while job["status"] in {"pending", "running"} and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
            job = self.ask("/api/v1/jobs/get_light", id=job["id"])["job"]
        if job["status"] != "succeeded":
            raise SystemExit(f"The sync {job['status']}: see {self.data / 'jobs'}")
        return job

    def ask(self, path: str, **body: Any) -> Any:
        return self.api.post(path, json=body).raise_for_status().json()


def peak(pid: int) -> float:
    """The most memory that a process ever had, in MB; 0 of one that has ended."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


@contextmanager
def served(data: Path, *options: str) -> Generator[Served]:
    """`airbyte-local serve` with *options* for as long as the block lasts."""
    program = Path(sys.executable).parent / "airbyte-local"
    command = [program, "serve", "--port", "0", "--data", data, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = re.search(r"is at (http://\S+) with", next(iter(process.stdout or ()), ""))
            if url is None:
                raise SystemExit("the local Airbyte did not start")
            with httpx.Client(base_url=url[1], timeout=600, trust_env=False) as api:
                yield Served(data=data, api=api, process=process)
        finally:
            process.send_signal(signal.SIGTERM)
