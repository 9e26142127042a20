"""`python -m benchmarks.reading`: a million rows of a file through the File source alone, in a process of its own.

CPU seconds, because others may be at work here; memory is the most that the process ever had, with Python in it.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from airbyte_local.connectors.file import File
from airbyte_local.connectors.protocol import Surroundings

ROWS = 1_000_000
FORMATS = ("csv", "jsonl", "json")


def rows() -> Iterator[dict[str, Any]]:
    """Five columns: a whole number, a text, a number, a date and a truth."""
    for number in range(ROWS):
        day = f"2024-{number % 12 + 1:02}-{number % 28 + 1:02}"
        yield {
            "id": number,
            "name": f"name {number * 7919 % ROWS}",
            "price": number % 9973 / 100,
            "day": day,
            "ok": number % 3 > 0,
        }


def write(path: Path, form: str) -> None:
    with path.open("w") as file:
        if form == "csv":
            file.write("id,name,price,day,ok\n")
            file.writelines(",".join(map(str, row.values())) + "\n" for row in rows())
        else:
            ends = ("[", "]") if form == "json" else ("", "")
            between = ",\n" if form == "json" else "\n"
            file.write(ends[0])
            file.writelines(f"{between * (row['id'] > 0)}{json.dumps(row)}" for row in rows())
            file.write(ends[1])


def read(folder: Path, form: str) -> None:
    """In the child: read, and print what it cost."""
    configuration = {"dataset_name": "rows", "format": form, "url": "/local/rows", "provider": {"storage": "local"}}
    around = Surroundings(local_root=folder)
    (stream,) = File().discover(configuration, around)
    catalog = {"streams": [{"stream": {"name": "rows", "json_schema": stream["jsonSchema"]}}]}
    before = time.process_time()
    count = sum(message["type"] == "RECORD" for message in File().read(configuration, catalog, [], around))
    seconds = time.process_time() - before
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = (folder / "rows").stat().st_size / 1e6
    print(f"{form:<6} {count:>10,} {size:>8.0f} {seconds:>8.1f} {count / seconds:>10,.0f} {memory:>8.0f}")


def main() -> None:
    print(f"{'':<6} {'rows':>10} {'file MB':>8} {'CPU s':>8} {'rows/s':>10} {'peak MB':>8}")
    for form in FORMATS:
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder) / "rows", form)
            subprocess.run([sys.executable, "-m", "benchmarks.reading", folder, form], check=True)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        read(Path(sys.argv[1]), sys.argv[2])
    else:
        main()
