"""How much memory moving rows takes: that of a server of its own, whose rows stream through it."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from testing.postgres_server import serving_postgres

ROWS = 1_000_000
MOST_MEGABYTES = 150
SECONDS = 280
FILE = {"dataset_name": "rows", "format": "csv", "url": "/local/rows.csv", "provider": {"storage": "local"}}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux says in /proc how much a process ever had"),
]


def lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)


def in_sqlite(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT count(*) FROM _airbyte_raw_rows").fetchone()[0]


def in_duckdb(path: Path) -> int:
    with duckdb.connect(str(path), read_only=True) as database:
        return database.sql("SELECT count(*) FROM _airbyte_raw_rows").fetchall()[0][0]


DESTINATIONS = {
    "Local JSON": (
        {"destination_path": "/local/out"},
        lambda local: lines(local / "out" / "_airbyte_raw_rows.jsonl"),
    ),
    "Local CSV": (
        {"destination_path": "/local/out", "delimiter_type": {"delimiter": "\\u002c"}},
        lambda local: lines(local / "out" / "_airbyte_raw_rows.csv") - 1,
    ),
    "Local SQLite": ({"destination_path": "/local/out.db"}, lambda local: in_sqlite(local / "out.db")),
    "DuckDB": ({"destination_path": "/local/out.duckdb"}, lambda local: in_duckdb(local / "out.duckdb")),
}


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    with path.open("w") as file:
        file.write("id,name,price,active,city\n")
        for number in range(ROWS):
            file.write(
                f"{number},user-{number:07d},{number * 37 % 100_000 / 100},{number % 3 > 0},town {number % 9}\n"
            )
    return path


@contextlib.contextmanager
def served(data: Path) -> Generator[tuple[httpx.Client, Path]]:
    """A way to ask a server that is a process of its own, and what the system knows of that."""
    command = [Path(sys.executable).parent / "airbyte-local", "serve", "--port", "0", "--data", data]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split(" is at ")[1].split()[0]
            with httpx.Client(base_url=url, trust_env=False, timeout=30, verify=False) as client:
                yield client, Path(f"/proc/{process.pid}")
        finally:
            process.terminate()


def ended(client: httpx.Client, connection: str) -> str:
    job = client.post("/api/v1/connections/sync", json={"connectionId": connection}).json()["job"]
    deadline = time.monotonic() + SECONDS
    while job["status"] in {"pending", "running"}:
        assert time.monotonic() < deadline
        time.sleep(0.2)
        job = client.post("/api/v1/jobs/get_light", json={"id": job["id"]}).json()["job"]
    return job["status"]


def moved(tmp_path: Path, rows: Path, destination: str, configuration: dict[str, Any]) -> float:
    """Sync the rows there. Returns the most memory that took the server, in MB."""
    with served(tmp_path) as (client, process):
        (tmp_path / "local" / "rows.csv").hardlink_to(rows)
        plan = {
            "sources": [
                {"name": "rows", "type": "File (CSV, JSON, Excel, Feather, Parquet)", "configuration": FILE}
            ],
            "destinations": [{"name": "there", "type": destination, "configuration": configuration}],
            "connections": [{"source": "rows", "destination": "there"}],
        }
        (connection,) = client.post("/_local/seed", json=plan).json()["connections"]
        assert ended(client, connection) == "succeeded"
        peak = re.search(r"VmHWM:\s+(\d+) kB", (process / "status").read_text())
    assert peak is not None
    return int(peak[1]) / 1024


@pytest.mark.parametrize("destination", DESTINATIONS)
def test_a_million_rows_pass_through_less_than_150_megabytes(tmp_path, rows, destination):
    configuration, count = DESTINATIONS[destination]
    assert moved(tmp_path, rows, destination, configuration) < MOST_MEGABYTES
    assert count(tmp_path / "local") == ROWS


def test_a_million_rows_pass_into_postgres_through_less_than_150_megabytes(tmp_path, rows):
    with serving_postgres() as postgres:
        assert moved(tmp_path, rows, "Postgres", postgres.configuration()) < MOST_MEGABYTES
        with postgres.connect() as database:
            assert database.execute("SELECT count(*) FROM public.rows").fetchone() == (ROWS,)
