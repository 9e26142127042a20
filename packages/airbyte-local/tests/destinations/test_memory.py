"""Memory does not grow with the number of rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

ROWS = 1_000_000
MEGABYTES = 150


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("mode", ["append", "append_dedup"])
def test_a_million_rows_take_no_more_than_so_much_memory(store, mode):
    """The whole process, Python and database included. DuckDB deduplicates them in a little more."""
    key = {"mode": mode, "primary_key": [["id"]]}
    target = json.dumps({"name": "users", "replaces": mode == "append", **key})
    with store.child(f"target={target}", "open", f"write={ROWS}", "finish", "peak") as process:
        out, errors = process.communicate()
    assert process.returncode == 0, out + errors
    assert int(out) < MEGABYTES + (40 if mode == "append_dedup" else 0)
