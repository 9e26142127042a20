"""A disk that is full: the job fails, what was there stays, and with room again the next run is right."""

from __future__ import annotations

import random
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from testing.syncs.bench import chosen
from testing.syncs.programs import Tables
from testing.syncs.streams import BY_NAME, Stream

pytestmark = pytest.mark.wide("Local JSON")

MEGABYTE = 1 << 20
STREAM = Stream(name="noise", properties={"id": {"type": "integer"}, "text": {"type": "string"}}, key="id")
LITTLE = [{"id": 1, "text": "one"}]
CHANCE = random.Random(1)
MUCH = [{"id": n, "text": CHANCE.randbytes(1000).hex()} for n in range(4000)]  # 8 MB that nothing packs well
OVERWRITTEN = BY_NAME["full_refresh_overwrite"]
NO_ROOM = ("No space left on device", "File too large", "database or disk is full", "disk I/O error")
LANDINGS = [
    "Local JSON",
    "SQLite",
    *(pytest.param(name, marks=pytest.mark.slow) for name in ("Local CSV", "DuckDB")),
]


@pytest.fixture(
    params=["local", pytest.param(".", marks=pytest.mark.slow)], ids=["for the destination alone", "for everything"]
)
def small_disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[], object]]:
    """3 MB; a call makes room."""
    folder = (tmp_path / "airbyte" / request.param).resolve()
    folder.mkdir(parents=True)
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", folder], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"only who may mount a file system can fill it: {error}")
    try:
        yield lambda: subprocess.check_call(["mount", "-o", "remount,size=64m", folder])
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.parametrize("landing", LANDINGS)
def test_a_full_disk_fails_the_job_and_leaves_what_was_there(small_disk, served, land_served, landing, tmp_path):
    check(served, land_served(landing), tmp_path, lambda: None, small_disk)


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux can limit the files of another process")
@pytest.mark.parametrize("landing", LANDINGS)
def test_a_file_that_may_not_grow_fails_the_job_and_leaves_what_was_there(served, land_served, landing, tmp_path):
    def limit(size: int) -> None:
        resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    check(
        served, land_served(landing), tmp_path, lambda: limit(2 * MEGABYTE), lambda: limit(resource.RLIM_INFINITY)
    )


def check(served, place, tmp_path, fill, make_room):
    tables = Tables(served, tmp_path)
    tables.write((STREAM, LITTLE))
    flow = served.connect(tables.create(), place, [chosen(STREAM, OVERWRITTEN)])
    flow.sync()
    tables.write((STREAM, MUCH))
    fill()
    said = flow.fail()
    assert any(each in said for each in NO_ROOM), said
    left = [path.name for path in served.local.rglob("*")]
    assert not [name for name in left if "_airbyte_tmp_" in name or name.endswith("-journal")]
    flow.holds(STREAM, LITTLE)
    make_room()
    flow.sync()
    flow.holds(STREAM, MUCH)
