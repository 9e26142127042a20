"""Operations: webhooks after a sync. Other types may be created and do nothing, as with the vendor."""

from __future__ import annotations

from dataclasses import replace

from airbyte_local.jobs.world import Call, new_id
from airbyte_local.model.errors import NotFound
from airbyte_local.model.json_values import Json, bean, shape
from airbyte_local.model.records import Operation
from airbyte_local.store.database import Session

WEBHOOK = shape(
    "webhookConfigId: uuid, webhookType: dbtCloud, executionUrl: text, executionBody: text",
    {"dbtCloud": shape("accountId!: whole, jobId!: whole")},
)
OPERATOR = shape("operatorType!: normalization|dbt|webhook", {"webhook": WEBHOOK})
OPERATION = shape("workspaceId!: uuid, name!: text", {"operatorConfiguration!": OPERATOR})


def operation_read(operation: Operation) -> Json:
    return {
        "workspaceId": operation.workspace_id,
        "operationId": operation.id,
        "name": operation.name,
        "operatorConfiguration": operation.configuration,
    }


def upsert_operation(session: Session, body: Json) -> Operation:
    """Of `operations` in a web_backend request: an id means change, none means create."""
    known = find_operation(session, body["operationId"]) if "operationId" in body else None
    operation = Operation(
        id=known.id if known else new_id(),
        workspace_id=body["workspaceId"],
        name=body["name"],
        configuration=body["operatorConfiguration"],
    )
    session.operations.save(operation)
    return operation


def find_operation(session: Session, operation_id: str) -> Operation:
    operation = session.operations.get(operation_id)
    if operation is None or operation.tombstone:
        raise NotFound(type="STANDARD_SYNC_OPERATION", id=operation_id)
    return operation


def create(call: Call) -> Json:
    return operation_read(upsert_operation(call.session, call.body))


def update(call: Call) -> Json:
    known = find_operation(call.session, call.body["operationId"])
    return operation_read(upsert_operation(call.session, {**call.body, "workspaceId": known.workspace_id}))


def get(call: Call) -> Json:
    return operation_read(find_operation(call.session, call.body["operationId"]))


def list_of_connection(call: Call) -> Json:
    connection = call.session.connections.find(call.body["connectionId"])
    found = [call.session.operations.get(id_) for id_ in connection.details.get("operationIds", [])]
    return {"operations": [operation_read(operation) for operation in found if operation]}


def check(call: Call) -> Json:
    webhook = call.body.get("webhook")
    fits = call.body["operatorType"] != "webhook" or (webhook is not None and "dbtCloud" in webhook)
    return bean(status="succeeded" if fits else "failed", message=None if fits else "A dbtCloud webhook is needed.")


def delete(call: Call) -> None:
    """Tombstone, and out of every connection."""
    session, operation = call.session, find_operation(call.session, call.body["operationId"])
    session.operations.save(replace(operation, tombstone=True))
    for connection in session.connections.of_workspaces([operation.workspace_id], deleted=True):
        ids = connection.details.get("operationIds", [])
        if operation.id in ids:
            details = {**connection.details, "operationIds": [other for other in ids if other != operation.id]}
            session.connections.save(replace(connection, details=details))
