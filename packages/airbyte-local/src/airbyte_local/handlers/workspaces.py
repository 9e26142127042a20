"""Workspaces: listed in more ways than anybody needs, of which the plainest went away with 1.7."""

from __future__ import annotations

import re
import secrets
import string
from dataclasses import replace

from airbyte_local.handlers.actors import delete_actor
from airbyte_local.handlers.connections import DATAPLANE_GROUP, deprecate
from airbyte_local.jobs.world import NIL_ID, Call, new_id
from airbyte_local.model.errors import NotFound, named
from airbyte_local.model.json_values import Json, bean, form, shape
from airbyte_local.model.paging import bounds, page
from airbyte_local.model.records import Workspace
from airbyte_local.store.database import Session

WEBHOOK = shape("name: text, authToken: text, validationUrl: text, customDbtHost: text", name="webhook")
SETTINGS = shape(
    "email: text, anonymousDataCollection: flag, news: flag, securityUpdates: flag, notifications: [object], "
    "notificationSettings: object, displaySetupWizard: flag, dataplaneGroupId: uuid",
    {"webhookConfigs": [WEBHOOK]},
)
BY_EMAIL = {"notificationType": ["customerio"]}
SILENT: Json = {"notificationType": []}
TOLD = ("Failure", "SyncDisabled", "SyncDisabledWarning", "ConnectionUpdate", "ConnectionUpdateActionRequired")
BREAKING = ("BreakingChangeWarning", "BreakingChangeSyncsDisabled")
NOTIFICATION_SETTINGS = {"sendOnSuccess": SILENT, **{f"sendOn{event}": BY_EMAIL for event in (*TOLD, *BREAKING)}}
DEFAULTS: Json = {
    "notifications": [],
    "dataplaneGroupId": DATAPLANE_GROUP,
    "notificationSettings": NOTIFICATION_SETTINGS,
}


def find_workspace(session: Session, workspace_id: str, *, deleted: bool = False) -> Workspace:
    workspace = session.workspaces.get(workspace_id)
    if workspace is None or (workspace.tombstone and not deleted):
        raise NotFound(type="STANDARD_WORKSPACE", id=workspace_id)
    return workspace


def workspace_read(workspace: Workspace) -> Json:
    details = workspace.details
    settings = {name: details.get(name, DEFAULTS.get(name)) for name in SETTINGS if name != "webhookConfigs"}
    return form(
        "workspace",
        workspaceId=workspace.id,
        name=workspace.name,
        slug=workspace.slug,
        organizationId=workspace.organization_id,
        customerId=details["customerId"],
        initialSetupComplete=details["initialSetupComplete"],
        tombstone=workspace.tombstone,
        **settings,
        webhookConfigs=details.get("webhookConfigs", []),
    )


def create(call: Call) -> Json:
    return _created(call, new_id())


def create_if_not_exist(call: Call) -> Json:
    existing = call.session.workspaces.get(call.body["id"])
    return workspace_read(existing) if existing else _created(call, call.body["id"])


def get(call: Call) -> Json:
    deleted = call.body.get("includeTombstone", False)
    return workspace_read(find_workspace(call.session, call.body["workspaceId"], deleted=deleted))


def get_by_slug(call: Call) -> Json:
    workspace = call.session.workspaces.by_slug(call.body["slug"])
    if workspace is None or workspace.tombstone:
        raise NotFound(type="STANDARD_WORKSPACE", id=call.body["slug"])
    return workspace_read(workspace)


def get_by_connection_id(call: Call) -> Json:
    connection = call.session.connections.find(call.body["connectionId"])
    return workspace_read(find_workspace(call.session, connection.workspace_id))


def update(call: Call) -> Json:
    """A patch, but for webhookConfigs: the vendor's model defaults it to [], so leaving it out erases it."""
    body, session = call.body, call.session
    before = find_workspace(session, body["workspaceId"])
    said = bean(
        **{name: body.get(name) for name in SETTINGS}, initialSetupComplete=body.get("initialSetupComplete")
    )
    details = {**before.details, **said, "webhookConfigs": _webhooks(body)}
    return _saved(session, replace(before, details=details), body.get("name", before.name))


def update_name(call: Call) -> Json:
    before = find_workspace(call.session, call.body["workspaceId"])
    return _saved(call.session, before, call.body["name"])


def delete(call: Call) -> None:
    """Since 1.8 a page of twenty sources and destinations goes with it, and the others are left behind."""
    session, workspace = call.session, find_workspace(call.session, call.body["workspaceId"], deleted=True)
    for connection in session.connections.of_workspaces([workspace.id]):
        deprecate(call.world, session, connection)
    for kind in ("destination", "source"):
        for actor in session.actors.of_workspaces(kind, [workspace.id])[: call.world.profile.cursor_page_size]:
            delete_actor(call.world, session, actor)
    session.workspaces.save(replace(workspace, tombstone=True))


def list_by_organization_id(call: Call) -> Json:
    rows = [w for w in call.session.workspaces.all() if w.organization_id == call.body["organizationId"]]
    return _listed(call, rows)


def list_all(call: Call) -> Json:
    """By user too: the one there is administers everything."""
    return _listed(call, call.session.workspaces.all())


def list_paginated(call: Call) -> Json:
    wanted = set(call.body["workspaceIds"])
    return _listed(call, [w for w in call.session.workspaces.all() if w.id in wanted])


def _listed(call: Call, rows: list[Workspace]) -> Json:
    body = call.body
    if not body.get("includeDeleted", False):
        rows = [workspace for workspace in rows if not workspace.tombstone]
    if needle := body.get("nameContains", "").lower():
        rows = [workspace for workspace in rows if needle in workspace.name.lower()]
    if "pagination" in body:
        rows = page(rows, **bounds(body, call.world.profile.default_page_size))
    return {"workspaces": [workspace_read(workspace) for workspace in rows]}


def _created(call: Call, workspace_id: str) -> Json:
    body = call.body
    workspace = Workspace(
        id=workspace_id,
        slug=_free_slug(call.session, body["name"]),
        name=named(body["name"]),
        organization_id=body.get("organizationId", NIL_ID),
        details={
            **bean(**{name: body.get(name) for name in SETTINGS}),
            "webhookConfigs": _webhooks(body),
            "customerId": new_id(),
            "initialSetupComplete": False,
        },
    )
    call.session.workspaces.save(workspace)
    return workspace_read(workspace)


def _saved(session: Session, workspace: Workspace, name: str) -> Json:
    if name != workspace.name:
        workspace = replace(workspace, name=named(name), slug=_free_slug(session, name))
    session.workspaces.save(workspace)
    return workspace_read(workspace)


def _free_slug(session: Session, name: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if session.workspaces.by_slug(slug) is None:
        return slug
    return f"{slug}-{''.join(secrets.choice(string.ascii_lowercase) for _ in range(8))}"


def _webhooks(body: Json) -> list[Json]:
    """Tokens are written and never read back."""
    return [
        form("webhook", id=new_id(), name=webhook.get("name"), customDbtHost=webhook.get("customDbtHost"))
        for webhook in body.get("webhookConfigs", [])
    ]
