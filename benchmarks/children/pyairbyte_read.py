"""PyAirbyte reads a CSV file into DuckDB, and says what that cost. `benchmarks.peers` runs it where PyAirbyte is.

What is timed begins after its import, which takes seconds too.
"""

import json
import resource
import sys
import time
from pathlib import Path

import airbyte

connector, rows, database = map(Path, sys.argv[1:])
CONFIGURATION = {"dataset_name": "rows", "format": "csv", "url": str(rows), "provider": {"storage": "local"}}


def cpu() -> float:
    """Of this process and of the connector's that ended, in seconds."""
    used = [resource.getrusage(which) for which in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


start, before = time.perf_counter(), cpu()
source = airbyte.get_source("source-file", local_executable=connector, config=CONFIGURATION)
source.select_all_streams()
read = source.read(cache=airbyte.caches.DuckDBCache(db_path=database), force_full_refresh=True)
cost = {
    "rows": read.processed_records,
    "wall": time.perf_counter() - start,
    "cpu": cpu() - before,
    "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}
print(f"\n{json.dumps(cost)}")
