"""Gives the last run a second's time, and says as JSON how it was before and how it ended."""

import json
import time

from dagster import DagsterInstance

with DagsterInstance.get() as instance:
    (run,) = instance.get_runs(limit=1)
    before = run.status.value
    instance.add_run_tags(run.run_id, {"dagster/max_runtime": "1"})
    while not run.is_finished:
        time.sleep(0.2)
        (run,) = instance.get_runs(limit=1)
    print(json.dumps({"id": run.run_id, "before": before, "after": run.status.value}))
