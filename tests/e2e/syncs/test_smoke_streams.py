"""The vendor's Smoke Test source: odd types, names and nulls arrive whole in every SQL destination."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from testing.syncs.bench import chosen
from testing.syncs.landings import SQL
from testing.syncs.real_origins import Command, stream_of
from testing.syncs.smoke_test import smoke_test_command
from testing.syncs.streams import MODES, newest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
IMAGE = "test/source-smoke-test"
CONFIG = {"all_fast_streams": True, "all_slow_streams": True}
OVERWRITTEN, APPENDED, DEDUPED, *_ = MODES
INTO_SQL = pytest.mark.parametrize("landing", SQL)


@pytest.fixture(scope="module")
def said():
    """Streams, and their rows, as the connector gives them to whoever asks it."""
    command = Command(*smoke_test_command())
    found = command.discover(CONFIG)
    return [stream_of(each) for each in found], command.read(CONFIG, found)


@pytest.fixture(scope="module")
def source_id(bench):
    """Of a source that runs the command, registered as a user would register it."""
    program = Path(sys.executable).parent / "airbyte-local"
    command = shlex.join(smoke_test_command())
    words = ["install", "--image", IMAGE, "--command", command, "--data", str(bench.server.data)]
    subprocess.run([program, *words], check=True, capture_output=True)
    return bench.source(CONFIG, bench.definition(IMAGE))


@INTO_SQL
def test_every_stream_arrives_whole(bench, land, said, source_id, landing):
    streams, rows = said
    assert len(streams) >= 20
    assert rows["empty_stream"] == []
    place = land(landing)
    flow = bench.connect(source_id, place, [chosen(stream, OVERWRITTEN) for stream in streams])
    flow.sync()
    for stream in streams:
        flow.holds(stream, rows[stream.name])
        assert place.types(stream) == place.wanted_types(stream), stream.name


@INTO_SQL
def test_a_second_time_rows_with_a_key_are_one_and_others_are_two(bench, land, said, source_id, landing):
    streams, rows = said
    modes = {stream.name: DEDUPED if stream.key else APPENDED for stream in streams}
    assert set(modes.values()) == {DEDUPED, APPENDED}
    flow = bench.connect(source_id, land(landing), [chosen(each, modes[each.name]) for each in streams])
    flow.sync()
    flow.sync()
    for stream in streams:
        read = rows[stream.name]
        flow.holds(stream, newest(read, stream) if stream.key else [*read, *read])
