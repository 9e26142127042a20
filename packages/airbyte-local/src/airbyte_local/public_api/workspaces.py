"""Workspaces, with notifications in this API's own words: an event, and for each an email and a webhook."""

from __future__ import annotations

from airbyte_local.handlers import instance, workspaces
from airbyte_local.handlers.connections import tag_read
from airbyte_local.handlers.workspaces import NOTIFICATION_SETTINGS
from airbyte_local.jobs.world import NIL_ID, Call
from airbyte_local.model.errors import named_problem
from airbyte_local.model.json_values import Json, bean, form
from airbyte_local.public_api.answers import listed, pagination, workspace_ids

# What the Config API calls these events, in its `notificationSettings`.
EVENTS = {
    "failure": "sendOnFailure",
    "success": "sendOnSuccess",
    "connectionUpdate": "sendOnConnectionUpdate",
    "connectionUpdateActionRequired": "sendOnConnectionUpdateActionRequired",
    "syncDisabled": "sendOnSyncDisabled",
    "syncDisabledWarning": "sendOnSyncDisabledWarning",
}
EMAIL, WEBHOOK = "customerio", "slack"


def create(call: Call) -> Json:
    """The organization is always the one there is, whatever was asked for."""
    body = bean(
        name=call.body["name"],
        organizationId=NIL_ID,
        dataplaneGroupId=call.body.get("regionId"),
        notificationSettings=_merged(NOTIFICATION_SETTINGS, call.body.get("notifications", {})),
    )
    return _read(workspaces.create(call.asking(body)))


def get(call: Call) -> Json:
    return _read(workspaces.get(call))


def patch(call: Call) -> Json:
    """The shared update erases webhookConfigs that it is not given, and this API knows none to give."""
    before = workspaces.get(call.asking({"workspaceId": call.body["workspaceId"]}))
    notifications = call.body.get("notifications")
    body = bean(
        workspaceId=call.body["workspaceId"],
        name=call.body.get("name"),
        dataplaneGroupId=call.body.get("regionId"),
        notificationSettings=_merged(before["notificationSettings"], notifications) if notifications else None,
    )
    return _read(workspaces.update(call.asking(body)))


def delete(call: Call) -> None:
    workspaces.get(call.asking({"workspaceId": call.body["workspaceId"]}))
    workspaces.delete(call)


def list_all(call: Call) -> Json:
    deleted = call.body.get("includeDeleted", False)
    everything = [workspace.id for workspace in call.session.workspaces.all()]
    ids = call.body.get("workspaceIds") or (everything if deleted else workspace_ids(call))
    body = {"workspaceIds": ids, "pagination": pagination(call), "includeDeleted": deleted}
    rows = workspaces.list_paginated(call.asking(body))["workspaces"]
    return listed(call, "workspaces", [_read(row) for row in rows])


def organizations(_: Call) -> Json:
    return {"data": [instance.ORGANIZATION]}


def tags(call: Call) -> Json:
    """Not paged."""
    found = [tag for workspace in workspace_ids(call) for tag in call.session.tags.of_workspace(workspace)]
    return {"data": [tag_read(tag) for tag in found]}


def _read(read: Json) -> Json:
    settings: Json = read["notificationSettings"]
    return form(
        "public_workspace",
        workspaceId=read["workspaceId"],
        name=read["name"],
        dataResidency="auto",
        notifications={event: _shown(settings.get(setting, {})) for event, setting in EVENTS.items()},
    )


def _shown(setting: Json) -> Json:
    kinds = setting.get("notificationType", [])
    url = setting.get("slackConfiguration", {}).get("webhook")
    return {"email": {"enabled": EMAIL in kinds}, "webhook": bean(enabled=WEBHOOK in kinds, url=url)}


def _merged(settings: Json, notifications: Json) -> Json:
    """*settings* with those events changed that *notifications* names."""
    changed = dict(settings)
    for event, given in notifications.items():
        changed[EVENTS[event]] = _setting(event, settings.get(EVENTS[event], {}), given)
    return changed


def _setting(event: str, before: Json, given: Json) -> Json:
    shown = _shown(before)
    email, webhook = {**shown["email"], **given.get("email", {})}, {**shown["webhook"], **given.get("webhook", {})}
    if webhook["enabled"] and not webhook.get("url"):
        data = {"message": f"The '{event}' notification is enabled but is missing a URL."}
        raise named_problem(400, "notification/config/missing-url", "A webhook needs a URL.", data)
    kinds = [kind for kind, part in ((EMAIL, email), (WEBHOOK, webhook)) if part["enabled"]]
    url = webhook.get("url")
    return bean(notificationType=kinds, slackConfiguration={"webhook": url} if url else None)
