"""A fleet on dagster-celery with a real broker: spread over workers, of which one may be killed."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from testing.proxies import Said
from testing.redis_server import RedisServer, serving_redis

from .celery_fleet import NAMES, Fleet, fleet
from .conftest import Client

VISIBILITY = 1200
"""`visibility_timeout` of the example."""
STEPS = {f"reconcile_place_{name}" for name in NAMES}
DATABASES = count(1)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    with serving_redis() as running:
        yield running


@pytest.fixture
def spread(fleets: Client, project: Path, redis: RedisServer) -> Iterator[Fleet]:
    with fleet(fleets, project, redis, next(DATABASES)) as running:
        yield running


def converged(spread: Fleet) -> None:
    """Nothing is missing, nothing is there twice, and the job that watches drift finds none."""
    assert spread.there() == {name: ["shop", "lake", "shop to lake"] for name in NAMES}
    watched = spread.run("watch_drift").result()
    assert watched["success"], watched["failed"]


def test_two_workers_reconcile_a_fleet_each_with_a_place_at_a_time_and_report(spread):
    gate = spread.gate()
    with spread.worker("one"), spread.worker("two"):
        running = spread.run("reconcile")
        gate.wait_for(2)
        gate.open()
        result = running.result()
        assert result["success"], result["failed"]
        assert {result["workers"][step].partition("@")[0] for step in STEPS} == {"one", "two"}
        for name in NAMES:
            told = result["metadata"][f"reconcile_place_{name}"]
            (report,) = [text for label, text in told.items() if label.endswith(": report")]
            assert report.endswith("Applied: 3 done.\n```")
        converged(spread)


def test_the_step_of_a_worker_that_is_killed_is_taken_over_and_nothing_is_created_twice(spread):
    gate = spread.gate()
    with spread.worker("one") as doomed, spread.worker("two"):
        running = spread.run("reconcile")
        gate.wait_for(2)
        doomed.kill()
        gate.open()  # what it asked for is carried out, and nobody hears of it
        spread.until_unacknowledged(1)
        spread.later(VISIBILITY)
        with spread.worker("three"):
            result = running.result()
            assert result["success"], result["errors"]
            assert sorted(result["starts"][step] for step in STEPS) == [1, 1, 2]
            converged(spread)


def test_workers_enter_a_state_one_by_one_and_one_that_is_killed_inside_keeps_nobody_out(spread, tmp_path):
    state = tmp_path / "state.json"
    spread.environment |= {"DAGSTER_ME_STATE": state.as_uri(), "DAGSTER_ME_STATE_KEY": "k" * 64}
    gate = spread.gate()
    with spread.worker("one"), spread.worker("two"):
        running = spread.run("reconcile")
        gate.wait_for(1)
        inside = json.loads(Path(f"{state}.lock").read_text())["process"]
        os.kill(inside, signal.SIGKILL)  # a child, which Celery replaces
        gate.open(Said(503, b"{}"))
        result = running.result()
    assert result["success"], result["errors"]
    assert sorted(result["starts"][step] for step in STEPS) == [1, 1, 2]
    assert len(spread.writers()) <= len(NAMES) + 1, "the one that was killed may come twice"
    assert spread.there() == {name: ["shop", "lake", "shop to lake"] for name in NAMES}
    places = json.loads(state.read_text())["places"].values()
    assert [len(place["objects"]) for place in places] == [3] * len(NAMES)


def test_a_step_that_takes_longer_than_its_limit_fails_the_run(spread, project):
    settings = project / "celery.yaml"
    settings.write_text(settings.read_text().replace("task_time_limit: 900", "task_time_limit: 5"))
    gate = spread.gate()
    with spread.worker("one"):
        result = spread.run("reconcile").result()
        gate.open()
    assert not result["success"]
    assert "TimeLimitExceeded" in "".join(result["errors"])


def test_as_shipped_a_killed_worker_takes_its_step_along_and_the_run_ends_by_its_time_limit(spread, project):
    settings = project / "celery.yaml"
    settings.write_text(settings.read_text().partition("    config_source:")[0])
    gate = spread.gate()
    with spread.daemon(), spread.worker("one") as doomed:
        spread.launch("reconcile")
        gate.wait_for(1)
        doomed.kill()
        gate.open()
        spread.later(3600)
        with spread.worker("two"):
            spread.until_unacknowledged(0)
            ended = spread.ending().result()
            assert (ended["before"], ended["after"]) == ("STARTED", "FAILURE")
            again = spread.run("reconcile", ended["id"]).result()
            assert again["success"], again["failed"]
            assert set(again["starts"]) < STEPS, "what was done is not done again"
            assert spread.there() == {name: ["shop", "lake", "shop to lake"] for name in NAMES}
