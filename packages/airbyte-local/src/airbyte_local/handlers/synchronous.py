"""The report on a job that ran within one request: a check, a discovery, a specification."""

from __future__ import annotations

from airbyte_local.jobs.world import new_id
from airbyte_local.model.json_values import Json, form


def job_read(config_type: str, *, at: int, definition_id: str | None = None, failure: str | None = None) -> Json:
    """*failure* is what the connector said when the job did not succeed; without *definition_id* none ran."""
    return form(
        "job",
        id=new_id(),
        configType=config_type,
        configId=f"Optional[{definition_id}]" if definition_id else "NoConfiguration",  # Java's own words
        createdAt=at,
        endedAt=at,
        succeeded=failure is None,
        connectorConfigurationUpdated=False,
        logType="formatted",
        logs={"logLines": []},
        failureReason=_reason(failure, at) if failure is not None else None,
    )


def _reason(failure: str, at: int) -> Json:
    return {
        "failureOrigin": "source",
        "failureType": "config_error",
        "externalMessage": failure,
        "internalMessage": failure,
        "timestamp": at * 1000,
    }
