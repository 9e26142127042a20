"""Runs a job of a project, as `dagster job execute` does, and says as JSON what became of its steps."""

import json
import sys
from collections import Counter
from typing import Any

from dagster import DagsterEventType, DagsterInstance, ReexecutionOptions, execute_job
from dagster._core.definitions.reconstruct import ReconstructableRepository


def told(result: Any, instance: DagsterInstance) -> dict[str, Any]:
    records = instance.get_records_for_run(result.run_id).records
    events = [each.event_log_entry.dagster_event for each in records if each.event_log_entry.dagster_event]
    starts = Counter(each.step_key for each in events if each.event_type is DagsterEventType.STEP_START)
    metadata: dict[str, Any] = {}
    for event in events:
        if event.is_successful_output:
            metadata[event.step_key] = {
                name: str(value.value) for name, value in event.event_specific_data.metadata.items()
            }
    return {
        "id": result.run_id,
        "success": result.success,
        "starts": starts,
        "succeeded": sorted(each.step_key for each in events if each.is_step_success),
        "failed": {
            each.step_key: str(each.event_specific_data.error_display_string)
            for each in events
            if each.is_step_failure
        },
        "errors": [each.event_specific_data.error.to_string() for each in events if each.is_run_failure
                   and each.event_specific_data.error],
        "workers": {
            each.step_key: each.event_specific_data.metadata["Celery worker"].value
            for each in events
            if each.is_engine_event and "Celery worker" in each.event_specific_data.metadata
        },
        "metadata": metadata,
    }  # fmt: skip


if __name__ == "__main__":
    folder, job, *parent = sys.argv[1:]
    repository = ReconstructableRepository.for_file(f"{folder}/definitions.py", "defs", working_directory=folder)
    with DagsterInstance.get() as instance:
        again = ReexecutionOptions.from_failure(parent[0], instance) if parent else None
        with execute_job(
            repository.get_reconstructable_job(job),
            instance=instance,
            reexecution_options=again,
            raise_on_error=False,
        ) as result:
            print(json.dumps(told(result, instance)))
