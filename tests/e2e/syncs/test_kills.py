"""A server that is killed in the middle of syncs: what was there stays, the job says so, the next run is right."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from testing.syncs.bench import Flow, chosen, failure, wait_until
from testing.syncs.landings import LANDINGS, SQL
from testing.syncs.programs import Tables
from testing.syncs.raw_landings import Landing
from testing.syncs.served import Served
from testing.syncs.streams import BY_NAME, Mode, Row, Stream

STOPPED = "The server was stopped while this ran."
STREAM = Stream(
    name="noise",
    properties={"id": {"type": "integer"}, "at": {"type": "integer"}, "text": {"type": "string"}},
    key="id",
    cursor="at",
)
CHANCE = random.Random(2)
OLD = [{"id": n, "at": n, "text": "old"} for n in (1, 2)]
NEW = [{"id": n, "at": 10 + n, "text": CHANCE.randbytes(50_000).hex()} for n in range(40)]
VERSIONS = 15  # of the rows, each cut short by a kill
SENT = 38  # rows of which the source has sent when it waits
STATED = 36  # rows of these with a state behind them
STATE = {"at": NEW[STATED - 1]["at"]}


@dataclass
class Feed:
    """One connection of a server that is going to die."""

    tables: Tables
    flow: Flow
    landing: Landing
    mode: Mode

    @property
    def marker(self) -> Path:
        """There once the source has sent all but a few rows, and waits."""
        return self.tables.file.with_name("waiting")

    def write(self, rows: list[Row], *, waits: bool = False) -> None:
        fault = {"after": SENT, "act": "wait", "marker": str(self.marker)} if waits else None
        self.tables.write((STREAM, rows), fault=fault)

    def restart(self) -> None:
        """Sync anew, once a job is over that waited for its turn when the server was killed, and has it now."""
        if self.flow.jobs:
            self.flow.ended(self.flow.jobs[-1])
        self.flow.start()


def make_feed(served: Served, landing: Landing, folder: Path, mode: str) -> Feed:
    """With the old rows at their destination."""
    folder.mkdir()
    tables = Tables(served, folder)
    tables.write((STREAM, OLD))
    flow = served.connect(tables.create(), landing, [chosen(STREAM, BY_NAME[mode])])
    flow.sync()
    return Feed(tables, flow, landing, BY_NAME[mode])


@pytest.mark.parametrize(
    ("mode", "kept", "rest"),
    [
        pytest.param("full_refresh_overwrite", OLD, NEW, marks=pytest.mark.slow),
        pytest.param(
            "incremental_append", [*OLD, *NEW[:STATED]], NEW[STATED - 1 :], marks=pytest.mark.slow
        ),  # the row of its cursor is sent again
    ],
)
def test_a_sync_that_is_cut_short_is_not_seen_beyond_its_state_and_made_up_for(
    served, land_served, tmp_path, database, mode, kept, rest
):
    feeds = [make_feed(served, land_served(name), tmp_path / name, mode) for name in SQL]
    for feed in feeds:
        feed.write(NEW, waits=True)
        feed.flow.start()
        wait_until(feed.marker.exists)
        wait_until(lambda feed=feed: not feed.mode.incremental or feed.flow.states()["noise"] == STATE)
    served.kill()
    for feed in feeds:
        feed.flow.holds(STREAM, kept)
    served.start()
    for feed in feeds:
        found = feed.flow.ended(feed.flow.jobs[-1])
        assert (found["job"]["status"], failure(found)) == ("failed", STOPPED)
        feed.write(NEW)
        feed.flow.sync()
        feed.flow.holds(STREAM, feed.mode.after(kept, rest, STREAM))
    assert not [path.name for path in served.local.rglob("*_airbyte_tmp_*")]


def a_while(feeds: list[Feed]) -> None:
    """As long as the server takes for some requests: not even until its jobs have begun, or until they are over."""
    for _ in range(CHANCE.randrange(50)):
        feeds[0].flow.states()


@pytest.mark.slow
def test_whenever_it_is_killed_a_place_holds_one_whole_sync(served, land_served, tmp_path, database):
    """Kills at random moments: of a start, a read, a commit, an end."""
    feeds = [make_feed(served, land_served(name), tmp_path / name, "full_refresh_overwrite") for name in LANDINGS]
    for version in range(1, VERSIONS + 1):
        for feed in feeds:
            feed.write([{"id": n, "at": version, "text": str(version)} for n in range(300)])
            feed.restart()
        a_while(feeds)
        served.kill()
        for feed in feeds:
            rows = feed.landing.rows(STREAM)
            (there,) = {row["text"] for row in rows}
            assert len(rows) == (2 if there == "old" else 300)
        served.start()
    for feed in feeds:
        feed.restart()
        assert feed.flow.ended(feed.flow.jobs[-1])["job"]["status"] == "succeeded"
        feed.flow.holds(STREAM, [{"id": n, "at": VERSIONS, "text": str(VERSIONS)} for n in range(300)])
    assert not [path.name for path in served.local.rglob("*_airbyte_tmp_*")]


@pytest.mark.slow
def test_whenever_it_is_killed_an_incremental_sync_loses_no_row_and_doubles_none(
    served, land_served, tmp_path, database
):
    feeds = [make_feed(served, land_served(name), tmp_path / name, "incremental_deduped_history") for name in SQL]
    rows = [*OLD]
    for version in range(1, VERSIONS + 1):
        rows += [{"id": CHANCE.randrange(50), "at": version * 1000 + n, "text": str(version)} for n in range(30)]
        for feed in feeds:
            feed.write(rows)
            feed.restart()
        a_while(feeds)
        served.kill()
        served.start()
    for feed in feeds:
        feed.restart()
        assert feed.flow.ended(feed.flow.jobs[-1])["job"]["status"] == "succeeded"
        feed.flow.holds(STREAM, feed.mode.after([], rows, STREAM))
