"""Low-code connectors: a manifest in place of an image, kept under versions that only grow."""

from __future__ import annotations

from typing import Any

from airbyte_local.connectors.definitions import ActorDefinition
from airbyte_local.handlers import builder
from airbyte_local.handlers.definitions import DefinitionHandlers, history, is_granted
from airbyte_local.handlers.workspaces import find_workspace
from airbyte_local.jobs.world import Call
from airbyte_local.model.errors import NotFound
from airbyte_local.model.json_values import Json
from airbyte_local.model.vocabulary import SOURCE
from airbyte_local.public_api.answers import bad_request, problem


def list_all(call: Call) -> Json:
    find_workspace(call.session, call.body["workspaceId"])
    directory = call.definitions("source")
    mine = [d for d in directory.all() if d.declarative and is_granted(d, call.body["workspaceId"])]
    return {"data": [_read(definition) for definition in mine]}


def get(call: Call) -> Json:
    return _read(_known(call))


def create(call: Call) -> Json:
    find_workspace(call.session, call.body["workspaceId"])
    name, here = call.body["name"], {"workspaceId": call.body["workspaceId"]}
    first = {"manifest": call.body["manifest"], "version": 1, "description": ""}
    ids = builder.create(call.asking({**here, "builderProject": {"name": name}}))
    made = builder.publish(call.asking({**ids, "name": name, "initialDeclarativeManifest": first}))
    return _read(call.definitions("source").get(made["sourceDefinitionId"]))


def put(call: Call) -> Json:
    """A new version, in use at once. The name stays what it is."""
    before = _known(call)
    earlier = history(before)
    version = max(known["version"] for known in earlier) + 1
    manifest = call.body["manifest"]
    versions = [*earlier, {"version": version, "manifest": manifest, "description": ""}]
    changed = {**before.details, "manifest": manifest, "manifestVersion": version, "manifests": versions}
    DefinitionHandlers(words=SOURCE).rewrite(call, before, changed)
    builder.drop_draft(call, before.id)
    return _read(_known(call))


def delete(call: Call) -> Json:
    definition = _known(call)
    if (project := builder.project_of(call, definition.id)) is not None:
        builder.delete(call.asking({"workspaceId": call.body["workspaceId"], "builderProjectId": project.id}))
    DefinitionHandlers(words=SOURCE).delete(call.asking({"sourceDefinitionId": definition.id}))
    return _read(definition)


def _known(call: Call) -> ActorDefinition:
    definition_id: str = call.body["definitionId"]
    definition = call.definitions("source").get(definition_id)
    if definition.tombstone:
        raise NotFound(type="STANDARD_SOURCE_DEFINITION", id=definition_id)
    if not is_granted(definition, call.body["workspaceId"]):
        message = f"Source definition {definition_id} is not in this workspace."
        data = {"resourceType": "STANDARD_SOURCE_DEFINITION", "resourceId": definition_id, "message": message}
        raise problem("resource-not-found", data)
    if not definition.declarative:
        raise bad_request(f"Source definition {definition_id} is not declarative.")
    return definition


def _read(definition: ActorDefinition) -> Any:
    return {
        "id": definition.id,
        "name": definition.name,
        "manifest": definition.details["manifest"],
        "version": definition.details["manifestVersion"],
    }
