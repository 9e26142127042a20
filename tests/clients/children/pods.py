"""The Job of a step that dagster-k8s would ask Kubernetes for by the settings of a project, as JSON."""

import json
import sys
from pathlib import Path

import yaml
from dagster._config import process_config
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster_k8s import k8s_job_executor
from dagster_k8s.job import DagsterK8sJobConfig, UserDefinedDagsterK8sConfig, construct_dagster_k8s_job

folder = Path(sys.argv[1])
given = yaml.safe_load((folder / "kubernetes.yaml").read_text())["execution"]["config"]
found = process_config(k8s_job_executor.config_schema.config_type, given)
errors = [error.message for error in found.errors or ()]
if found.success:
    job = construct_dagster_k8s_job(
        DagsterK8sJobConfig(job_image="fleet:1", dagster_home="/opt/dagster", instance_config_map="instance"),
        ["dagster", "api", "execute_step"],
        "step",
        user_defined_k8s_config=UserDefinedDagsterK8sConfig.from_dict(found.value["step_k8s_config"]),
    ).to_dict()
    repository = ReconstructableRepository.for_file(
        f"{folder}/on_kubernetes.py", "defs", working_directory=str(folder)
    )
    jobs = {
        name: repository.get_reconstructable_job(name).get_definition() for name in ("reconcile", "watch_drift")
    }
    told = {
        "job": {
            "deadline": job["spec"]["active_deadline_seconds"],
            "kept": job["spec"]["ttl_seconds_after_finished"],
        },
        "container": job["spec"]["template"]["spec"]["containers"][0],
        "executors": {name: made.executor_def.name for name, made in jobs.items()},
        "max_concurrent": found.value["max_concurrent"],
    }
print(json.dumps({"errors": errors} if errors else told))
