"""Dagster's legacy `AirbyteResource` at work: by itself, through its op, and below assets that are materialised."""

import contextlib
import io
import json
import sys
from typing import Any

import loopback  # noqa: F401 - before the client
from dagster import Failure, job, materialize
from dagster_airbyte import AirbyteResource, airbyte_sync_op, build_airbyte_assets
from outcomes import plain, told
from ways import legacy


def synced(airbyte: AirbyteResource, connection: str, timeout: float | None = None) -> dict[str, Any]:
    try:
        output = airbyte.sync_and_poll(connection, poll_timeout=timeout)
    except Failure as failure:
        return {"failure": failure.description}
    job, attempts = output.job_details["job"], output.job_details["attempts"]
    return {"job": job["status"], "attempts": len(attempts), "of": output.connection_details["name"]}


def cut_short(airbyte: AirbyteResource, connection: str) -> dict[str, Any]:
    return synced(airbyte, connection, timeout=0.3)


def operated(airbyte: AirbyteResource, connection: str) -> dict[str, Any]:
    @job(resource_defs={"airbyte": airbyte})
    def moving() -> None:
        airbyte_sync_op.configured({"connection_id": connection, "poll_interval": 0.05}, name="move")()

    return told(moving.execute_in_process(raise_on_error=False), plain)


def materialized(airbyte: AirbyteResource, connection: str) -> dict[str, Any]:
    assets = build_airbyte_assets(connection, destination_tables=["users"], asset_key_prefix=["lake"])
    return told(materialize(assets, resources={"airbyte": airbyte}, raise_on_error=False), plain)


ACTS = {"synced": synced, "cut short": cut_short, "operated": operated, "materialized": materialized}
way = json.load(sys.stdin)
act, connection, options = sys.argv[1:]
with contextlib.redirect_stdout(io.StringIO()) as forwarded:  # it prints the log of the job
    seen = ACTS[act](legacy(way, poll_interval=0.05, **json.loads(options)), connection)
json.dump({"seen": seen, "log": forwarded.getvalue()}, sys.stdout)
