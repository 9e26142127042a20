"""Jobs: syncs followed to their end, one that is cancelled, resets, what is refused; and what lists say of them."""

import time
from datetime import datetime, timedelta, timezone
from typing import Any

from airbyte_api import AirbyteAPI, api, models
from sdk_actors import read
from sdk_rest import refused

TYPES, STATUSES = models.JobTypeEnum, models.JobStatusEnum
SECONDS = 30.0
MINUTE = 60_000
LAKE = models.DestinationDuckdb(destination_path="/local/lake.duckdb")
SLOW = models.DestinationDevNull(test_destination=models.Throttled(millis_per_record=MINUTE))


def jobs(sdk: AirbyteAPI, workspace: str) -> dict[str, Any]:
    people = models.SourceCreateRequest(
        workspace_id=workspace, name="people", configuration=models.SourceFaker(count=20, seed=1)
    )
    source = sdk.sources.create_source(request=people).source_response.source_id
    lake, slow = destination(sdk, workspace, LAKE), destination(sdk, workspace, SLOW)
    kept, emptied = connected(sdk, source, lake, ""), connected(sdk, source, lake, "gone_")
    endless = connected(sdk, source, slow, "")
    seen = {"synced": shown(synced(sdk, kept)), "synced again": shown(synced(sdk, emptied))}
    running = until(sdk, start(sdk, endless, TYPES.SYNC), STATUSES.RUNNING)
    again = refused(lambda: start(sdk, endless, TYPES.SYNC))
    cancelled = sdk.jobs.cancel_job(request={"job_id": running.job_id}).job_response
    reset = until(sdk, start(sdk, emptied, TYPES.RESET), STATUSES.SUCCEEDED)
    return {
        **seen,
        "running": shown(running),
        "cancelled": shown(cancelled),
        "reset": shown(reset),
        "cleared": shown(until(sdk, start(sdk, endless, TYPES.CLEAR), STATUSES.SUCCEEDED)),
        "refused": {
            "another": again,
            "over": refused(lambda: sdk.jobs.cancel_job(request={"job_id": running.job_id})),
            "unknown": refused(lambda: sdk.jobs.get_job(request={"job_id": 999_999})),
            "refresh": refused(lambda: start(sdk, kept, TYPES.REFRESH)),
        },
        "listed": listed(sdk, workspace, emptied),
    }


def destination(sdk: AirbyteAPI, workspace: str, configuration: Any) -> str:
    create = models.DestinationCreateRequest(workspace_id=workspace, name="lake", configuration=configuration)
    return read(lambda: sdk.destinations.create_destination(request=create))["destinationId"]


def connected(sdk: AirbyteAPI, source: str, into: str, prefix: str) -> str:
    users = models.StreamConfiguration(name="users", sync_mode=models.ConnectionSyncModeEnum.FULL_REFRESH_OVERWRITE)
    create = models.ConnectionCreateRequest(
        source_id=source,
        destination_id=into,
        prefix=prefix,
        configurations=models.StreamConfigurations(streams=[users]),
    )
    return sdk.connections.create_connection(request=create).connection_response.connection_id


def start(sdk: AirbyteAPI, connection: str, kind: models.JobTypeEnum) -> int:
    wanted = models.JobCreateRequest(connection_id=connection, job_type=kind)
    return sdk.jobs.create_job(request=wanted).job_response.job_id


def synced(sdk: AirbyteAPI, connection: str) -> models.JobResponse:
    return until(sdk, start(sdk, connection, TYPES.SYNC), STATUSES.SUCCEEDED)


def until(sdk: AirbyteAPI, job: int, status: models.JobStatusEnum) -> models.JobResponse:
    deadline = time.monotonic() + SECONDS
    while True:
        found = sdk.jobs.get_job(request={"job_id": job}).job_response
        if found.status == status:
            return found
        if found.status == STATUSES.FAILED or time.monotonic() > deadline:
            raise SystemExit(f"job {job} is {found.status}, not {status}")
        time.sleep(0.02)


def shown(job: models.JobResponse) -> list[Any]:
    return [job.job_type, job.status, job.rows_synced, (job.bytes_synced or 0) > 0, job.duration is not None]


def listed(sdk: AirbyteAPI, workspace: str, connection: str) -> dict[str, Any]:
    now = datetime.now(timezone.utc)
    asked = {
        "all": {"workspace_ids": [workspace]},
        "newest": {"workspace_ids": [workspace], "order_by": "createdAt|DESC", "limit": 3},
        "page": {"workspace_ids": [workspace], "limit": 2, "offset": 2},
        "of one": {"connection_id": connection},
        "syncs of one": {"connection_id": connection, "job_type": TYPES.SYNC},
        "cancelled": {"status": STATUSES.CANCELLED},
        "of today": {"created_at_start": now - timedelta(days=1), "updated_at_end": now + timedelta(days=1)},
        "of old": {"created_at_end": now - timedelta(days=1)},
    }
    return {name: types(sdk, api.ListJobsRequest(**each)) for name, each in asked.items()}


def types(sdk: AirbyteAPI, request: api.ListJobsRequest) -> list[str]:
    return [each.job_type for each in sdk.jobs.list_jobs(request=request).jobs_response.data]
