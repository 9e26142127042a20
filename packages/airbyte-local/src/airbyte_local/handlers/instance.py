"""The instance itself: is it there, which version is it, whose is it."""

from __future__ import annotations

from airbyte_local.jobs.world import NIL_ID, Call
from airbyte_local.model.errors import NotFound
from airbyte_local.model.json_values import Json, form

ORGANIZATION = form(
    "organization",
    organizationId=NIL_ID,
    organizationName="Default Organization",
    email="admin@airbyte.local.example",
)
REALM = {"clientId": "airbyte", "defaultRealm": "airbyte"}


def health(_: Call) -> Json:
    return {"available": True}


def configuration(call: Call) -> Json:
    """Without `defaultWorkspaceId`, which the contract requires and no server sends."""
    return form(
        "instance",
        edition=call.world.profile.edition,
        version=call.world.profile.version,
        auth={"mode": "none" if call.world.deployment.auth == "none" else "simple", **REALM},
        airbyteUrl=call.world.url,
        initialSetupComplete=True,
        defaultUserId=NIL_ID,
        defaultOrganizationId=NIL_ID,
        defaultOrganizationEmail=ORGANIZATION["email"],
        trackingStrategy="logging",
    )


def organization(call: Call) -> Json:
    if call.body["organizationId"] != NIL_ID:
        raise NotFound(type="ORGANIZATION", id=call.body["organizationId"])
    return ORGANIZATION


def user(call: Call) -> Json:
    if call.body["userId"] != NIL_ID:
        raise NotFound(type="USER", id=call.body["userId"])
    return {"userId": NIL_ID, "name": "Default User", "email": ORGANIZATION["email"]}


def organizations(_: Call) -> Json:
    return {"organizations": [ORGANIZATION]}
