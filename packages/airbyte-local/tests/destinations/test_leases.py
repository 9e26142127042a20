"""Leases of many jobs in one folder."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from airbyte_local.connectors.destinations.staging import take_lease

JOBS = 8
TIMES = 60


def test_jobs_that_begin_and_end_at_once_in_one_folder_do_not_stumble_over_each_other(tmp_path):
    def work(job):
        for _ in range(TIMES):
            lease = take_lease(tmp_path, job)
            lease.path("rows.jsonl").write_text("{}\n")
            lease.release()

    with ThreadPoolExecutor(JOBS) as pool:
        for each in [pool.submit(work, job) for job in range(JOBS)]:
            each.result()
    assert list(tmp_path.iterdir()) == []
