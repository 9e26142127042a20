"""Which workspace is meant: by id, by name, or the only one there is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from dagster_managed_elements.airbyte.config_gateway import ConfigGateway
from dagster_managed_elements.airbyte.endpoints import INSTANCE, NIL, WORKSPACE, WORKSPACES
from dagster_managed_elements.airbyte.wire import Workspace, read_list, read_optional, read_workspace
from dagster_managed_elements.api.client import Client
from dagster_managed_elements.api.paging import Listing, read_pages
from dagster_managed_elements.api.requests import Request
from dagster_managed_elements.engine.errors import ApiError, DeclarationError, Missing

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


async def open_gateway(client: Client, workspace: str | None = None) -> ConfigGateway:
    """A gateway to *workspace* (an id, a name, or None for the only one).

    Raises DeclarationError where that is not exactly one workspace, ApiError where the server cannot be asked.
    """
    if workspace and _UUID.fullmatch(workspace):
        found = await _by_id(client, workspace)
        return ConfigGateway(client, found or choose(await _all(client), workspace))
    return ConfigGateway(client, choose(await _all(client), workspace))


def choose(workspaces: Sequence[Workspace], wanted: str | None) -> Workspace:
    """The one workspace that *wanted* names; DeclarationError that lists those there are otherwise."""
    if not workspaces:
        raise DeclarationError("This Airbyte has no workspace that these credentials can see. Create one there.")
    if wanted is None:
        fitting = list(workspaces)
    else:
        fitting = [found for found in workspaces if wanted in {found.workspace_id, found.name}]
    if len(fitting) == 1:
        return fitting[0]
    known = ", ".join(f"{found.name!r} ({found.workspace_id})" for found in fitting or workspaces)
    if wanted is None:
        raise DeclarationError(f"This Airbyte has {len(fitting)} workspaces; name one of them: {known}.")
    if fitting:
        raise DeclarationError(f"Several workspaces are named {wanted!r}; give the id of one: {known}.")
    raise DeclarationError(f"There is no workspace {wanted!r}; there are: {known}.")


async def _by_id(client: Client, identity: str) -> Workspace | None:
    """By id directly: someone who may use one workspace may not be allowed to list an organization's."""
    try:
        return read_workspace(await client.send(Request(path=WORKSPACE, json={"workspaceId": identity})), WORKSPACE)
    except Missing:
        return None


async def _all(client: Client) -> Sequence[Workspace]:
    """Those of the default organization, whose id is the nil UUID unless the instance says otherwise."""
    if found := await _of_organization(client, NIL):
        return found
    organization = await _default_organization(client)
    return () if organization in {None, NIL} else await _of_organization(client, organization or NIL)


async def _of_organization(client: Client, organization: str) -> Sequence[Workspace]:
    async def fetch(offset: int, size: int) -> Sequence[Workspace]:
        page = {"pageSize": size, "rowOffset": offset}
        asked = {"organizationId": organization, "pagination": page}
        body = await _ask(client, asked)
        return [read_workspace(row, WORKSPACES) for row in read_list(body, "workspaces", WORKSPACES)]

    return await read_pages(Listing(fetch=fetch, identity=lambda found: found.workspace_id, what="workspaces"))


async def _ask(client: Client, asked: Mapping[str, Any]) -> Any:
    try:
        return await client.send(Request(path=WORKSPACES, json=asked))
    except Missing as missing:
        raise Missing(
            f"{client.address.base} answers, but knows no {WORKSPACES} (404). Is the URL that of an Airbyte "
            "(0.63 or later), without anything like /api/v1 at its end?",
            method=missing.method,
            url=missing.url,
            status=missing.status,
        ) from missing


async def _default_organization(client: Client) -> str | None:
    try:
        body = await client.send(Request(method="GET", path=INSTANCE))
    except ApiError:
        return None  # not served on Cloud
    found = read_optional(body, "defaultOrganizationId", INSTANCE)
    return found if isinstance(found, str) else None
