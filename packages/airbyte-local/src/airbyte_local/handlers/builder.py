"""The projects of the Connector Builder: a draft of a manifest, and what was published of it under versions."""

from __future__ import annotations

from dataclasses import replace

from airbyte_local.connectors.definitions import DECLARATIVE_IMAGE
from airbyte_local.handlers import definitions
from airbyte_local.handlers.definitions import DefinitionHandlers, history
from airbyte_local.handlers.workspaces import find_workspace
from airbyte_local.jobs.world import Call, new_id
from airbyte_local.model.errors import NotFound
from airbyte_local.model.json_values import Json, bean, form
from airbyte_local.model.records import Definition
from airbyte_local.model.vocabulary import SOURCE

TAG = "6.60.9"
KIND = "project"
"""Projects are kept among the definitions: some become one."""


def create(call: Call) -> Json:
    workspace = find_workspace(call.session, call.body["workspaceId"])
    project = Definition(id=new_id(), kind=KIND, custom=False, grants=(workspace.id,), details={})
    return {"workspaceId": workspace.id, "builderProjectId": _drafted(call, project).id}


def update(call: Call) -> None:
    _drafted(call, _known(call))


def delete(call: Call) -> None:
    call.session.definitions.save(replace(_known(call), tombstone=True))


def list_all(call: Call) -> Json:
    found = call.session.definitions.all(KIND).values()
    mine = [project for project in found if call.body["workspaceId"] in project.grants and not project.tombstone]
    return {"projects": [_read(call, project) for project in mine]}


def get_with_manifest(call: Call) -> Json:
    """A version where one is asked for; else the draft, or what is in use where there is none."""
    project = _known(call)
    definition_id = project.details.get("sourceDefinitionId")
    versions = history(call.definitions("source").get(definition_id)) if definition_id else []
    wanted = call.body.get("version")
    if wanted is None and (draft := project.details.get("draftManifest")) is not None:
        return {"builderProject": _read(call, project), "declarativeManifest": bean(manifest=draft, isDraft=True)}
    wanted = _active(call, project) if wanted is None else wanted
    told = next((known for known in versions if known["version"] == wanted), None)
    if told is None and call.body.get("version") is not None:
        raise NotFound(type="CONNECTOR_BUILDER_PROJECT", id=f"{project.id} {wanted}")
    if told is None:
        return {"builderProject": _read(call, project)}
    shown = {name: told.get(name) for name in ("manifest", "version", "description")}
    components = told.get("components")
    return {
        "builderProject": form(
            "builder_project", **{**_read(call, project), **bean(componentsFileContent=components)}
        ),
        "declarativeManifest": bean(isDraft=False, **shown),
    }


def publish(call: Call) -> Json:
    """The draft becomes a connector, whose first version is in use."""
    project, offered = _known(call), call.body["initialDeclarativeManifest"]
    definition: Json = {
        "name": call.body["name"],
        "dockerRepository": DECLARATIVE_IMAGE,
        "dockerImageTag": TAG,
        "documentationUrl": "",
        "manifest": offered["manifest"],
        "manifestVersion": offered["version"],
        "manifests": [definitions.offered_version(call.body, offered)],
    }
    body = {"workspaceId": call.body["workspaceId"], "sourceDefinition": definition}
    made = DefinitionHandlers(words=SOURCE).create_custom(call.asking(body))
    details = {"name": call.body["name"], "updatedAt": call.world.now(), **_only(made, "sourceDefinitionId")}
    call.session.definitions.save(replace(project, details=details))
    return _only(made, "sourceDefinitionId")


def create_manifest(call: Call) -> None:
    definitions.create_manifest(call)
    drop_draft(call, call.body["sourceDefinitionId"])


def drop_draft(call: Call, definition_id: str) -> None:
    """What is published in another way leaves nothing to be published."""
    for project in call.session.definitions.all(KIND).values():
        if project.details.get("sourceDefinitionId") == definition_id:
            details = {name: value for name, value in project.details.items() if name != "draftManifest"}
            call.session.definitions.save(replace(project, details=details))


def project_of(call: Call, definition_id: str) -> Definition | None:
    projects = call.session.definitions.all(KIND).values()
    return next((known for known in projects if known.details.get("sourceDefinitionId") == definition_id), None)


def _drafted(call: Call, project: Definition) -> Definition:
    said: Json = call.body["builderProject"]
    draft = bean(name=said["name"], draftManifest=said.get("draftManifest"), updatedAt=call.world.now())
    drafted = replace(project, details={**_only(project.details, "sourceDefinitionId"), **draft})
    call.session.definitions.save(drafted)
    return drafted


def _known(call: Call) -> Definition:
    """Of this workspace; what was deleted is not there."""
    project_id: str = call.body["builderProjectId"]
    project = call.session.definitions.get(project_id)
    here = call.body["workspaceId"]
    if project is None or project.kind != KIND or project.tombstone or here not in project.grants:
        raise NotFound(type="CONNECTOR_BUILDER_PROJECT", id=project_id)
    return project


def _read(call: Call, project: Definition) -> Json:
    details = project.details
    return form(
        "builder_project",
        name=details["name"],
        builderProjectId=project.id,
        sourceDefinitionId=details.get("sourceDefinitionId"),
        activeDeclarativeManifestVersion=_active(call, project),
        hasDraft="draftManifest" in details,
        updatedAt=details["updatedAt"],
    )


def _active(call: Call, project: Definition) -> int | None:
    definition_id = project.details.get("sourceDefinitionId")
    if definition_id is None:
        return None
    return call.definitions("source").get(definition_id).details["manifestVersion"]


def _only(details: Json, name: str) -> Json:
    return {name: details[name]} if name in details else {}
