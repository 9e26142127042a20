"""Threads that run jobs: places, cancellations, and what happens when something goes wrong on the way."""

from __future__ import annotations

import threading

import pytest
from airbyte_local.jobs.workers import Workers

SECONDS = 10.0


def queue(*job_ids):
    waiting = list(job_ids)

    def claim(free):
        taken, waiting[:] = waiting[:free], waiting[free:]
        return taken

    return claim


def test_no_more_jobs_run_than_there_are_places_and_each_that_ends_makes_room():
    workers, lock = Workers(3), threading.Lock()
    now, most, ran = 0, 0, []
    all_ran = threading.Event()

    def run(job_id, _):
        nonlocal now, most
        with lock:
            now, most = now + 1, max(most, now + 1)
        threading.Event().wait(0.002)
        with lock:
            now -= 1
            ran.append(job_id)
            if len(ran) == 30:
                all_ran.set()

    workers.begin(queue(*range(30)), run)
    assert all_ran.wait(SECONDS)
    workers.stop()
    assert (sorted(ran), most <= 3) == (list(range(30)), True)


def test_a_queue_that_cannot_be_read_when_a_job_ends_is_read_at_the_next_wake():
    workers, ran = Workers(1), [threading.Event(), threading.Event()]
    answers = [[0], OSError(28, "No space left on device"), [1], []]

    def claim(_):
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    workers.begin(claim, lambda job_id, _: ran[job_id].set())
    assert ran[0].wait(SECONDS)
    workers.wait(0, SECONDS)
    assert len(answers) == 2
    workers.wake()
    assert ran[1].wait(SECONDS)
    workers.stop()


def test_a_job_that_raises_leaves_its_place_to_the_next():
    workers, ran = Workers(1), threading.Event()

    def run(job_id, _):
        if job_id == 1:
            raise RuntimeError("a bug")
        ran.set()

    workers.begin(queue(1, 2), run)
    assert ran.wait(SECONDS)
    workers.stop()


def test_a_thread_that_cannot_be_started_keeps_no_place(monkeypatch):
    workers, ran = Workers(1), threading.Event()
    refused = [RuntimeError("can't start new thread")]
    start = threading.Thread.start

    def sparing(thread):
        if thread.name == "job-1" and refused:
            raise refused.pop()
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", sparing)
    with pytest.raises(RuntimeError):
        workers.begin(queue(1, 2), lambda _job, _stop: ran.set())
    assert not workers.runs(1)
    workers.wake()
    assert ran.wait(SECONDS)
    workers.stop()


def test_a_stop_waits_no_longer_than_it_says_for_a_job_that_cannot_be_interrupted():
    workers, stuck, end = Workers(2), threading.Event(), threading.Event()

    def run(_job, cancellation):
        with cancellation.calling(end.wait):  # as a database on a machine that is gone
            stuck.set()
            end.wait(SECONDS)

    workers.begin(queue(1), run)
    assert stuck.wait(SECONDS)
    workers.stop(0)
    assert not workers.wait(1, 0)  # it came back while the job was still at it
    end.set()
    assert workers.wait(1, SECONDS)
