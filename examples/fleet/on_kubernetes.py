"""The fleet's jobs on Kubernetes: each step is a pod of its own."""

from pathlib import Path

import yaml
from dagster import Definitions
from dagster_k8s import k8s_job_executor
from dagster_managed_elements.definitions import build_drift_job, build_reconcile_job
from fleet import fleet

settings = yaml.safe_load(Path(__file__).with_name("kubernetes.yaml").read_text())
spread = k8s_job_executor.configured(settings["execution"]["config"])
pool = "airbyte/{instance}"
tags = {"dagster/max_runtime": "7200"}
defs = Definitions(
    jobs=[
        build_drift_job(fleet, executor_def=spread, pool=pool, concurrency=5, tags=tags),
        build_reconcile_job(fleet, executor_def=spread, pool=pool, concurrency=5, lock_timeout=120, tags=tags),
    ]
)
