"""A million rows of CSV into a file of JSON lines and into DuckDB, beside PyAirbyte's read of the same file.

Ours is a sync of a served local Airbyte, from the request to the end of the job; the memory is the most that
process ever had. PyAirbyte is timed from after its import; its memory is that of its main process, without the
connector's beside it, and its CPU that of both.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.peers import pyairbyte_read
from benchmarks.served import served

ROWS = 1_000_000
CITIES = ("Berlin", "Lima", "Oslo", "Pune")
FILE = {"dataset_name": "rows", "format": "csv", "url": "/local/rows.csv", "provider": {"storage": "local"}}
DESTINATIONS = {
    "Local JSON": {"destination_path": "/local/out"},
    "DuckDB": {"destination_path": "/local/out.duckdb"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """*wall* and *cpu* in seconds, *memory* in MB."""

    rows: int
    wall: float
    cpu: float
    memory: float

    def __str__(self) -> str:
        return f"{self.rows / self.wall:>10,.0f} {self.wall:>8.1f} {self.cpu:>7.1f} {self.memory:>8.0f}"


def write_rows(path: Path, rows: int = ROWS) -> None:
    """Five columns: a whole number, a text, a number, a boolean and one of few texts; 38 MB a million."""
    with path.open("w") as file:
        file.write("id,name,price,active,city\n")
        for number in range(rows):
            price, active = (number * 37) % 100_000 / 100, "true" if number % 3 else "false"
            file.write(f"{number},user-{number:07d},{price},{active},{CITIES[number % 4]}\n")


def ours(rows: Path, folder: Path, destination: str, configuration: dict[str, Any]) -> Cost:
    with served(folder) as server:
        (folder / "local" / rows.name).hardlink_to(rows)
        source = {"name": "rows", "type": "File (CSV, JSON, Excel, Feather, Parquet)", "configuration": FILE}
        made = server.seed(
            sources=[source],
            destinations=[{"name": "there", "type": destination, "configuration": configuration}],
            connections=[{"source": "rows", "destination": "there"}],
        )
        start, before = time.perf_counter(), server.cpu
        job = server.synced(made["connections"][0])
        return Cost(
            rows=job["aggregatedStats"]["recordsCommitted"],
            wall=time.perf_counter() - start,
            cpu=server.cpu - before,
            memory=server.peak,
        )


def theirs(rows: Path, folder: Path) -> Cost | None:
    """None, which is said, where PyAirbyte cannot be had."""
    folder.mkdir()
    try:
        return Cost(**pyairbyte_read(rows, folder))
    except subprocess.CalledProcessError as failed:
        print(f"PyAirbyte could not be installed or did not read:\n{failed.stderr or failed}")
        return None


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        rows = folder / "rows.csv"
        write_rows(rows)
        print(f"{ROWS:,} rows of CSV, {rows.stat().st_size / 1e6:.0f} MB.\n")
        print(f"{'':>24} {'rows/s':>10} {'wall s':>8} {'CPU s':>7} {'peak MB':>8}")
        costs = {}
        for name, configuration in DESTINATIONS.items():
            costs[name] = ours(rows, folder / name.replace(" ", "-"), name, configuration)
            print(f"{'sync to ' + name:>24} {costs[name]}", flush=True)
        peer = theirs(rows, folder / "peer")
        if peer is not None:
            print(f"{'PyAirbyte to DuckDB':>24} {peer}")
            for name, cost in costs.items():
                print(f"{'ratio, ' + name:>24} {ratios(peer, cost)}")


def ratios(peer: Cost, mine: Cost) -> str:
    """How many times faster, cheaper, smaller."""
    columns = ((peer.wall / mine.wall, 19), (peer.cpu / mine.cpu, 7), (peer.memory / mine.memory, 8))
    return " ".join(f"{f'{ratio:.1f}x':>{width}}" for ratio, width in columns)
