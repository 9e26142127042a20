"""Which workspace is meant: by id, by name, or the only one there is."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, TypeVar

from dagster_managed_elements.airbyte.config_api.endpoints import WORKSPACE
from dagster_managed_elements.airbyte.config_api.gateway import ConfigGateway
from dagster_managed_elements.airbyte.config_api.listings import Subject, read_all
from dagster_managed_elements.airbyte.gateways import DISCOVER_SECONDS, Gateway
from dagster_managed_elements.airbyte.servers.api_roots import CONFIG_ROOT
from dagster_managed_elements.airbyte.servers.server import NIL, KnownEndpoints, Server, probe
from dagster_managed_elements.airbyte.servers.versions import UNKNOWN
from dagster_managed_elements.airbyte.specs.given import Frozen
from dagster_managed_elements.airbyte.wire import Unreadable, Workspace, identity, read_row, read_workspace
from dagster_managed_elements.api.client import Client
from dagster_managed_elements.api.requests import Request
from dagster_managed_elements.engine.concurrency import both
from dagster_managed_elements.engine.errors import DeclarationError, ManagedElementsError, Missing, ServerFault

Told = TypeVar("Told")

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


async def open_gateway(
    client: Client,
    workspace: str | None = None,
    *,
    public_roots: Sequence[str] = (),
    specs: Frozen = (),
    discover_timeout: float = DISCOVER_SECONDS,
) -> tuple[Gateway, Sequence[Unreadable]]:
    """A gateway to *workspace* (an id, a name, or None for the only one), and the workspaces that cannot be read.

    Through the Public API where *public_roots* says where that may begin, else through the Config API.
    Raises DeclarationError where that is not exactly one workspace, ApiError where the server cannot be asked.
    """
    if public_roots:
        from dagster_managed_elements.airbyte.public_api.gateway import PublicGateway, find_workspaces

        root, seen = await find_workspaces(client, public_roots, alone=workspace is None)
        chosen = choose(seen, workspace)
        gateway = PublicGateway(client, chosen, root=root, specs=specs, discover_timeout=discover_timeout)
        return gateway, _unreadable(seen)
    server, early = await both(
        partial(_told, partial(probe, client)), partial(_told, partial(_early, client, workspace))
    )
    if isinstance(server, ManagedElementsError):
        raise server
    seen = await _seen(client, workspace, server, early)
    gateway = ConfigGateway(client, choose(seen, workspace), server, discover_timeout=discover_timeout)
    return gateway, _unreadable(seen)


def _unreadable(seen: Iterable[Workspace | Unreadable]) -> list[Unreadable]:
    return [workspace for workspace in seen if isinstance(workspace, Unreadable)]


def choose(seen: Sequence[Workspace | Unreadable], wanted: str | None) -> Workspace:
    """The one workspace that *wanted* names; DeclarationError that lists those there are otherwise.

    ServerFault where it is, or may be, one that cannot be read.
    """
    workspaces = [workspace for workspace in seen if isinstance(workspace, Workspace)]
    named = any(wanted in {workspace.workspace_id, workspace.name} for workspace in workspaces)
    for unreadable in _unreadable(seen):
        if wanted in {None, unreadable.id, unreadable.name} or not (named or unreadable.name):
            text = "Which workspace is meant cannot be told, since one cannot be read; give the id of yours"
            raise ServerFault(f"{text}: {unreadable.fault}")
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


async def _told(ask: Callable[[], Awaitable[Told]]) -> Told | ManagedElementsError:
    """The error as a value: what is asked beside it comes to its own end."""
    try:
        return await ask()
    except ManagedElementsError as error:
        return error


async def _early(client: Client, workspace: str | None) -> Workspace | Sequence[Workspace | Unreadable]:
    """What can be asked before it is known which Airbyte answers: *workspace* by its id, since someone who may use
    one may not be allowed to list an organization's; else those of the organization that nearly every one has.
    """
    if workspace and _UUID.fullmatch(workspace):
        asked = Request(path=WORKSPACE, json={"workspaceId": workspace})
        return read_workspace(await client.send(asked), WORKSPACE)
    likely = Server(base=client.address.base, profile=replace(UNKNOWN, workspaces=UNKNOWN.workspaces[:1]))
    return await _all(client, likely, alone=workspace is None)


async def _seen(
    client: Client,
    workspace: str | None,
    server: Server,
    early: Workspace | Sequence[Workspace | Unreadable] | ManagedElementsError,
) -> Sequence[Workspace | Unreadable]:
    """What was found *early*, unless *server* is to be asked for others. Raises ApiError."""
    if isinstance(early, Workspace):
        return [early]
    if isinstance(early, ManagedElementsError) and not isinstance(early, Missing):
        raise early
    is_likely = server.organization == NIL and server.profile.workspaces[0] == UNKNOWN.workspaces[0]
    if isinstance(early, Missing) or not is_likely:
        return await _all(client, server, alone=workspace is None)
    return early


async def _all(client: Client, server: Server, *, alone: bool) -> Sequence[Workspace | Unreadable]:
    """Those of the default organization, or every one where this version asks for no organization. *alone*: where
    there are several, that is a mistake.
    """
    page = {"organizationId": server.organization}
    subject = Subject(
        folder=CONFIG_ROOT,
        rows="workspaces",
        methods=server.profile.workspaces,
        asked={"organization": page, "everything": {}},
        read=partial(read_row, read_workspace, "workspaceId"),
        identity=identity,
        alone=alone,
    )
    return await read_all(client, KnownEndpoints(server), subject)
