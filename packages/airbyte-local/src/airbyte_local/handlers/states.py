"""The state of connections: what an incremental sync goes on from."""

from __future__ import annotations

from airbyte_local.jobs.world import Call
from airbyte_local.model.catalogs import key_of
from airbyte_local.model.errors import Broken, Known
from airbyte_local.model.json_values import Json, bean, shape
from airbyte_local.model.records import StreamStates

STREAM_STATE = shape("streamState: object", {"streamDescriptor!": shape("name!: text, namespace: text")})
STATE = shape(
    "stateType!: global|stream|legacy|not_set, connectionId!: uuid, state: object",
    {
        "streamState": [STREAM_STATE],
        "globalState": shape("shared_state: object", {"streamStates!": [STREAM_STATE]}),
    },
)


def get(call: Call) -> Json:
    return _read(call.session.states.get(call.session.connections.find(call.body["connectionId"]).id))


def create_or_update(call: Call) -> Json:
    connection = call.session.connections.find(call.body["connectionId"])
    given: Json = call.body["connectionState"]
    before = call.session.states.get(connection.id)
    kind: str = given["stateType"]
    if before.type not in {kind, "not_set", "legacy"}:
        raise Broken(message=f"IllegalStateException: Unexpected type migration from {before.type} to {kind}")
    entries: list[Json] = given.get("streamState", [])
    shared: Json | None = None
    if kind == "global":
        entries = given.get("globalState", {}).get("streamStates", [])
        shared = given.get("globalState", {}).get("shared_state")
    streams = {key_of(entry["streamDescriptor"]): entry.get("streamState") for entry in entries}
    cleared = [key for key in before.streams if key not in streams] if kind in {"global", "not_set"} else []
    call.session.states.forget(connection.id, cleared, new_generation=False)
    legacy = given.get("state") if kind == "legacy" else None
    call.session.states.save(
        StreamStates(connection_id=connection.id, type=kind, legacy=legacy, shared=shared, streams=streams)
    )
    return _read(call.session.states.get(connection.id))


def create_or_update_safe(call: Call) -> Json:
    if call.session.jobs.unfinished(call.body["connectionId"]):
        message = "State cannot be updated while a sync is running for this connection."
        raise Known(status=423, message=message)
    return create_or_update(call)


def _read(states: StreamStates) -> Json:
    entries = [
        bean(streamDescriptor=bean(name=name, namespace=namespace), streamState=state)
        for (namespace, name), state in states.streams.items()
    ]
    head = {"stateType": states.type, "connectionId": states.connection_id}
    match states.type:
        case "stream":
            return {**head, "streamState": entries}
        case "global":
            return {**head, "globalState": bean(shared_state=states.shared, streamStates=entries)}
        case "legacy":
            return bean(**head, state=states.legacy)
        case _:
            return head
