"""The workspace itself: the one that an instance points at, changed and never created or deleted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, NoReturn, cast

from dagster_managed_elements.airbyte.gateways import LONGEST_NAME, Gateway
from dagster_managed_elements.airbyte.servers.api_roots import USE_CONFIG
from dagster_managed_elements.airbyte.workspace_elements import AirbyteNotification, AirbyteWorkspace
from dagster_managed_elements.airbyte.workspace_settings import WorkspaceChange, WorkspaceSettings
from dagster_managed_elements.engine.adoption import AdoptContext, Adopted, left_alone
from dagster_managed_elements.engine.changes import Change, Declared, Observed, Pair, Update
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.findings import Consequence, Notice, Problem
from dagster_managed_elements.engine.kinds import Kind, ResolveContext
from dagster_managed_elements.engine.secrets import Secret
from dagster_managed_elements.engine.values import UNSET, Ids


class WorkspaceKind(Kind):
    name: ClassVar[str] = "workspace"
    longest_name: ClassVar[int | None] = LONGEST_NAME
    on_demand: ClassVar[bool] = True
    universal: ClassVar[bool] = True

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def observe(self) -> Sequence[Observed]:
        settings = await self._gateway.workspace_settings()
        fields = {"email": settings.email, "notifications": settings.notifications, "region": settings.region}
        id_ = self._gateway.workspace.workspace_id
        return [Observed(kind=self.name, name=settings.name, id=id_, fields=fields, raw=settings)]

    async def resolve(self, pairs: Sequence[Pair], context: ResolveContext) -> Sequence[Pair | Problem | Notice]:
        """What is declared is the one there is, under whatever name; not declared, it is kept back and stays."""
        del context
        declared = [pair.declared for pair in pairs if pair.declared is not None]
        observed = next((pair.observed for pair in pairs if pair.observed is not None), None)
        if observed is None:
            return []
        if len(declared) > 1:
            text = "two workspaces are declared, and an instance points at one"
            return [Problem(workspace.key, (), text) for workspace in declared]
        problems = [problem for workspace in declared for problem in _refused(workspace, observed)]
        return problems or [Pair(workspace, _as_declared(workspace, observed)) for workspace in declared]

    async def adopt(self, observed: Sequence[Observed], context: AdoptContext) -> Sequence[Adopted | Notice]:
        """With all it tells of its settings: what is on by itself is another thing in every version of Airbyte."""
        found: list[Adopted | Notice] = []
        for workspace in observed:
            settings = cast("WorkspaceSettings", workspace.raw)
            told = {
                event: AirbyteNotification(
                    email=channels["email"],
                    webhook=context.secret(workspace.key, ("notifications", event, "webhook"))
                    if channels["webhook"]
                    else UNSET,
                )
                for event, channels in (settings.notifications or {}).items()
            }
            element = AirbyteWorkspace(workspace.name, email=settings.email or UNSET, notifications=told or UNSET)
            found.append(Adopted(element=element))
            if settings.webhooks:
                why = (
                    "Airbyte does not show their tokens, and erases them where an apply changes more than the name"
                )
                found.append(left_alone(workspace.key, "webhooks for dbt Cloud", why))
        return found

    async def create(self, declared: Declared, ids: Ids) -> NoReturn:
        del ids
        raise DeclarationError(f"{declared.key}: a workspace is not created from here")

    async def update(self, change: Update, ids: Ids) -> None:
        del ids
        changed, fields = {field.path[0] for field in change.fields}, change.declared.fields
        await self._gateway.update_workspace(
            WorkspaceChange(
                name=change.declared.key.name,
                email=fields["email"] if "email" in changed else None,
                notifications=fields["notifications"] if "notifications" in changed else {},
                region=fields["region"] if "region" in changed else None,
            )
        )

    async def delete(self, observed: Observed) -> NoReturn:
        raise DeclarationError(f"{observed.key}: a workspace is not deleted from here")

    def consequences(self, change: Change) -> Iterable[Consequence]:
        """Any change but that of the name erases what Airbyte cannot show: the tokens of other webhooks."""
        yield from super().consequences(change)
        if not isinstance(change, Update):
            return
        settings = cast("WorkspaceSettings", change.observed.raw)
        if settings.webhooks is None:
            text = "its webhooks for dbt Cloud are erased if it has some, which this API does not show"
            yield Consequence(change.key, "webhooks-lost", f"{change.key}: {text}", destructive=False)
        elif settings.webhooks and any(field.path != ("name",) for field in change.fields):
            text = f"its webhooks for dbt Cloud are erased: {', '.join(settings.webhooks)}"
            yield Consequence(change.key, "webhooks-lost", f"{change.key}: {text}")


def _refused(declared: Declared, observed: Observed) -> Iterator[Problem]:
    settings = cast("WorkspaceSettings", observed.raw)
    if "email" in declared.fields and settings.email is None:
        text = f"Airbyte's Public API does not know the email of a workspace; {USE_CONFIG}"
        yield Problem(declared.key, ("email",), text)
    if "region" in declared.fields and settings.region is None:
        text = "a workspace takes another region since Airbyte 1.8, through the Config API, which Cloud has not"
        yield Problem(declared.key, ("region",), text)
    wanted = cast("Mapping[str, Any]", declared.fields.get("notifications", {}))
    if wanted and settings.notifications is None:
        text = f"the Public API of this Airbyte has no notifications (1.6 and later have); {USE_CONFIG}"
        yield Problem(declared.key, ("notifications",), text)
        return
    for event in wanted:
        if event not in (settings.notifications or {}):
            text = f"Airbyte's Public API has no notification of this; {USE_CONFIG}"
            yield Problem(declared.key, ("notifications", event), text)


def _as_declared(declared: Declared, observed: Observed) -> Observed:
    """*observed* as far as *declared* speaks of it, its webhooks as the secrets they are."""
    there = cast("Mapping[str, Mapping[str, Any]]", observed.fields["notifications"] or {})
    wanted = cast("Mapping[str, Mapping[str, Any]]", declared.fields.get("notifications", {}))
    shown = {
        event: {name: _hidden(there[event].get(name)) for name in channels} for event, channels in wanted.items()
    }
    return replace(observed, fields={**observed.fields, "notifications": shown})


def _hidden(value: Any) -> Any:
    return Secret.literal(value) if isinstance(value, str) else value
