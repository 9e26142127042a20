"""Eight connections sync without a pause while others check and apply: nothing is lost, and nobody gets a 500."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteInstance,
    AirbyteManagedElementReconciler,
    AirbyteSource,
    AirbyteSyncMode,
)
from dagster_managed_elements.engine.guarding import Policy

ROWS = 30_000
REQUESTS = 200
ASKING = 4
DECLARED = 5
SECONDS = 60
FILE = {"dataset_name": "rows", "format": "csv", "url": "/local/rows.csv", "provider": {"storage": "local"}}
DESTINATIONS: dict[str, dict[str, Any]] = {
    "Local JSON": {"destination_path": "/local/json"},
    "Local CSV": {"destination_path": "/local/csv", "delimiter_type": {"delimiter": "\\u002c"}},
    "Local SQLite": {"destination_path": "/local/out.db"},
    "DuckDB": {"destination_path": "/local/out.duckdb"},
}
PREFIXES = ("a_", "b_")  # of the two connections that share a destination


@dataclass
class Place:
    """A local Airbyte that runs eight jobs at a time, in a process of its own."""

    data: Path
    url: str
    client: httpx.Client
    attempts: list[Any] = field(default_factory=list[Any])
    """Of the jobs that have ended."""

    def ok(self, path: str, **body: Any) -> Any:
        return self.client.post(f"/api/v1/{path}", json=body).raise_for_status().json()

    def sync_until(self, stop: threading.Event, connection: str) -> None:
        """One job after another, the last of them to its end."""
        while not stop.is_set():
            job = self.ok("connections/sync", connectionId=connection)["job"]
            deadline = time.monotonic() + SECONDS
            while job["status"] not in {"succeeded", "failed", "cancelled"}:
                assert time.monotonic() < deadline, job
                time.sleep(0.1)
                job = self.ok("jobs/get_light", id=job["id"])["job"]
            attempts = self.ok("jobs/get_without_logs", id=job["id"])["attempts"]
            self.attempts += [attempt["attempt"] for attempt in attempts]

    def counts(self) -> dict[str, int]:
        """How many rows each destination has of each of its connections."""
        local = self.data / "local"
        tables = [f"_airbyte_raw_{prefix}rows" for prefix in PREFIXES]
        with contextlib.closing(sqlite3.connect(local / "out.db")) as sqlite:
            found = {f"sqlite {table}": counted(sqlite, table) for table in tables}
        with duckdb.connect(str(local / "out.duckdb"), read_only=True) as duck:
            found |= {f"duckdb {table}": counted(duck, table) for table in tables}
        for table in tables:
            found[f"json {table}"] = len((local / "json" / f"{table}.jsonl").read_bytes().splitlines())
            found[f"csv {table}"] = len((local / "csv" / f"{table}.csv").read_bytes().splitlines()) - 1
        return found


def counted(database: Any, table: str) -> int:
    return database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


@pytest.fixture
def place(tmp_path: Path) -> Generator[Place]:
    program = [Path(sys.executable).parent / "airbyte-local", "serve", "--port", "0", "--jobs", "8"]
    with subprocess.Popen([*program, "--data", tmp_path], stdout=subprocess.PIPE, text=True) as process:
        try:
            found = re.search(r"is at (http://\S+) with", next(iter(process.stdout or ()), ""))
            assert found is not None
            with httpx.Client(base_url=found[1], trust_env=False, timeout=30, verify=False) as client:
                yield Place(tmp_path, found[1], client)
        finally:
            process.terminate()


@pytest.fixture
def connections(place: Place) -> list[str]:
    """Eight, two to each destination, from one file."""
    with (place.data / "local" / "rows.csv").open("w") as file:
        file.write("id,name,price\n")
        file.writelines(f"{number},user {number},{number / 8}\n" for number in range(ROWS))
    kinds = [
        {"name": name, "type": name, "configuration": configuration} for name, configuration in DESTINATIONS.items()
    ]
    flows = [{"source": "rows", "destination": name, "prefix": p} for name in DESTINATIONS for p in PREFIXES]
    source = {"name": "rows", "type": "File (CSV, JSON, Excel, Feather, Parquet)", "configuration": FILE}
    plan = {"sources": [source], "destinations": kinds, "connections": flows}
    return place.client.post("/_local/seed", json=plan).raise_for_status().json()["connections"]


def declared(url: str, version: int) -> AirbyteManagedElementReconciler:
    """Sources and connections of somebody else in the same workspace; each version changes every source."""
    there = AirbyteDestination("elsewhere", "Local JSON", {"destination_path": "/local/elsewhere"})
    modes = {"users": AirbyteSyncMode.FULL_REFRESH_OVERWRITE}
    sources = [AirbyteSource(f"people {n}", "Sample Data", {"count": version}) for n in range(DECLARED)]
    made = [AirbyteConnection(f"flow {n}", source, there, modes) for n, source in enumerate(sources)]
    return AirbyteManagedElementReconciler(AirbyteInstance(url=url), made, policy=Policy(max_changes=1))


def reconcile(place: Place, stop: threading.Event) -> int:
    """Check, apply and check again, version by version. Returns the last version."""
    version = 0
    while not stop.is_set() or version < 2:
        version += 1
        reconciler = declared(place.url, version)
        shown = str(reconciler.check())
        assert shown.count(f"{version - 1} -> {version}") == (DECLARED if version > 1 else 0), shown
        assert shown.count("+ people") == (DECLARED if version == 1 else 0), shown
        reconciler.apply()
        assert reconciler.check().is_empty(), version
    return version


def ask(place: Place, connection: str, times: int) -> None:
    """What people who look do, over raw HTTP: check a source, read a connection, list what there is."""
    source = place.ok("connections/get", connectionId=connection)["sourceId"]
    for _ in range(times):
        assert place.ok("sources/check_connection", sourceId=source)["status"] == "succeeded"
        assert place.ok("connections/get", connectionId=connection)["connectionId"] == connection
        page = place.client.get("/api/public/v1/connections", params={"limit": 100}).raise_for_status().json()
        assert connection in {row["connectionId"] for row in page["data"]}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_eight_syncs_and_hundreds_of_requests_do_not_get_into_each_others_way(place, connections):
    stop = threading.Event()
    with ThreadPoolExecutor(len(connections) + ASKING + 1) as pool:
        syncing = [pool.submit(place.sync_until, stop, connection) for connection in connections]
        reconciling = pool.submit(reconcile, place, stop)
        asking = [
            pool.submit(ask, place, connection, REQUESTS // ASKING // 2) for connection in connections[:ASKING]
        ]
        try:
            for future in asking:
                future.result()
        finally:
            stop.set()
        version = reconciling.result()
        for future in syncing:
            future.result()
    asked = place.client.get("/_local/requests").json()
    assert {request["status"] for request in asked if request["status"] >= 400} == set()
    assert len([request for request in asked if "/jobs/" not in request["path"]]) >= REQUESTS
    assert [attempt["failureSummary"] for attempt in place.attempts if attempt["status"] != "succeeded"] == []
    assert len(place.attempts) >= len(connections)
    assert set(place.counts().values()) == {ROWS}
    assert declared(place.url, version).check().is_empty()
