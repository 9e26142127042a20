"""Versions of a low-code connector's manifest: a new one, which is in use, and all there are."""

from __future__ import annotations

from airbyte_local.connectors.definitions import ActorDefinition
from airbyte_local.handlers.definitions import DefinitionHandlers, is_granted
from airbyte_local.jobs.world import Call
from airbyte_local.model.errors import Known, NotFound
from airbyte_local.model.json_values import Json, form
from airbyte_local.model.vocabulary import SOURCE


def create(call: Call) -> None:
    """A version that is there already is refused; whether the new one is in use, the request says."""
    definition = _known(call)
    offered: Json = call.body["declarativeManifest"]
    version: int = offered["version"]
    versions = history(definition)
    if any(each["version"] == version for each in versions):
        raise Known(status=409, message=f"Version '{version}' for source {definition.id} already exists")
    added = {"version": version, "manifest": offered["manifest"], "description": offered["description"]}
    details = {**definition.details, "manifests": [*versions, added]}
    if call.body["setAsActiveManifest"]:
        details |= {"manifest": offered["manifest"], "manifestVersion": version}
    DefinitionHandlers(words=SOURCE).rewrite(call, definition, details)


def activate(call: Call) -> None:
    definition = _known(call)
    version: int = call.body["version"]
    wanted = next((each for each in history(definition) if each["version"] == version), None)
    if wanted is None:
        raise NotFound(type="ACTIVE_DECLARATIVE_MANIFEST", id=f"{definition.id} {version}")
    details = {**definition.details, "manifest": wanted["manifest"], "manifestVersion": version}
    DefinitionHandlers(words=SOURCE).rewrite(call, definition, details)


def list_all(call: Call) -> Json:
    definition = _known(call)
    active: int = definition.details["manifestVersion"]
    return {
        "manifestVersions": [
            form(
                "manifest_version",
                version=each["version"],
                isActive=each["version"] == active,
                description=each["description"],
            )
            for each in history(definition)
        ]
    }


def history(definition: ActorDefinition) -> list[Json]:
    """Every version so far, the one in use among them."""
    details = definition.details
    kept: list[Json] = details.get("manifests", [])
    if any(each["version"] == details["manifestVersion"] for each in kept):
        return kept
    current = {"version": details["manifestVersion"], "manifest": details["manifest"], "description": ""}
    return [*kept, current]


def _known(call: Call) -> ActorDefinition:
    definition_id: str = call.body["sourceDefinitionId"]
    definition = call.definitions("source").get(definition_id)
    if definition.tombstone or not is_granted(definition, call.body["workspaceId"]):
        raise Known(status=404, message=f"Source definition {definition_id} is not in this workspace.")
    if not definition.declarative:
        raise Known(status=400, message=f"Source definition {definition_id} is not declarative.")
    return definition
