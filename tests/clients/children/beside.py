"""A project with Dagster's own dagster-airbyte in it, to which nothing but our drift checks is added."""

import json
import sys
from typing import Any

import loopback  # noqa: F401 - before the client
from dagster import Definitions
from dagster_airbyte import build_airbyte_assets_definitions
from dagster_managed_elements.airbyte import (
    AirbyteConnection,
    AirbyteManagedElementReconciler,
    AirbyteSyncMode,
    existing,
)
from dagster_managed_elements.definitions import build_drift_checks, find_double_triggers
from ways import WORKSPACES

way = json.load(sys.stdin)
workspace = WORKSPACES["self-managed"](way)
connection = AirbyteConnection(
    name="to files",
    source=existing("source", "numbers"),
    destination=existing("destination", "files"),
    stream_config={"users": AirbyteSyncMode.full_refresh_overwrite()},
    prefix=sys.argv[1],
)
reconciler = AirbyteManagedElementReconciler(workspace, [connection], name="files")

assets = build_airbyte_assets_definitions(workspace=workspace)
defs = Definitions(
    assets=assets,
    asset_checks=build_drift_checks(reconciler, assets=assets),
    resources={"airbyte": workspace},
)


def specs(definitions: Any) -> list[Any]:
    return [
        [str(spec.key), spec.group_name, sorted(spec.kinds), spec.description, sorted(spec.metadata)]
        for definition in definitions
        for spec in definition.specs
    ]


def told(evaluation: Any) -> Any:
    diff = evaluation.metadata.get("diff")
    return [evaluation.passed, diff.value if diff else None]


untold = build_airbyte_assets_definitions(workspace=workspace)

# What is printed here is no part of the answer.
answer, sys.stdout = sys.stdout, sys.stderr

for finding in find_double_triggers(defs, reconciler):
    print(finding.text)


repository = defs.get_repository_def()
job = repository.get_job("__ASSET_JOB").get_subset(
    asset_selection=set(), asset_check_selection=set(repository.asset_graph.asset_check_keys)
)
result = job.execute_in_process(raise_on_error=False)
json.dump(
    {
        "assets": sorted(key.to_user_string() for definition in untold for key in definition.keys),
        "untouched": specs(assets) == specs(untold),
        "checks": {
            evaluation.asset_key.to_user_string(): told(evaluation)
            for evaluation in result.get_asset_check_evaluations()
        },
        "success": result.success,
    },
    answer,
)
