"""A fleet of WORKSPACES workspaces of one Airbyte, with PAIRS pairs of a source and a connection in each.

As a program it begins a run of `reconcile`, and prints how Dagster's executors have its first step carried out.
"""

import json
import os

from dagster import Definitions, multiprocess_executor
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteDestination,
    AirbyteInstance,
    AirbyteManagedElementReconciler,
    AirbyteSource,
    AirbyteSyncMode,
)
from dagster_managed_elements.definitions import build_reconcile_job

FILES = AirbyteDestination("files", "Local JSON", {"destination_path": "/local/out"})


def workspace(number: int) -> AirbyteManagedElementReconciler:
    return AirbyteManagedElementReconciler(
        AirbyteInstance(url=os.environ["AIRBYTE_URL"], workspace=f"workspace-{number}"),
        [
            AirbyteConnection(
                f"sync-{pair}",
                AirbyteSource(f"source-{pair}", "Sample Data", {"count": 10}),
                FILES,
                {"users": AirbyteSyncMode.full_refresh_overwrite()},
            )
            for pair in range(int(os.environ["PAIRS"]))
        ],
        name=f"workspace-{number}",
    )


reconcile = build_reconcile_job(
    [workspace(number) for number in range(int(os.environ["WORKSPACES"]))],
    executor_def=multiprocess_executor.configured({"max_concurrent": 2}),
    pool="airbyte/{instance}",
)
defs = Definitions(jobs=[reconcile])

if __name__ == "__main__":
    from dagster import DagsterInstance, DagsterRunStatus
    from dagster._core.definitions.reconstruct import ReconstructableRepository
    from dagster._grpc.types import ExecuteStepArgs

    made = ReconstructableRepository.for_file(__file__, "defs").get_reconstructable_job("reconcile")
    with DagsterInstance.get() as instance:
        run = instance.create_run_for_job(
            made.get_definition(), status=DagsterRunStatus.STARTED, job_code_origin=made.get_python_origin()
        )
        step = ExecuteStepArgs(
            job_origin=made.get_python_origin(),
            run_id=run.run_id,
            step_keys_to_execute=["reconcile_place_workspace_0"],
            instance_ref=instance.get_ref(),
        )
        print(json.dumps(step.get_command_args()))
