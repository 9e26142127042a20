"""An Airbyte to talk to: where it is, who asks, which workspace. Opens nothing until a run connects it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from dagster_managed_elements.airbyte.elements import AirbyteConnection, AirbyteDestination, AirbyteSource
from dagster_managed_elements.airbyte.kinds import kinds_of
from dagster_managed_elements.airbyte.workspaces import open_gateway
from dagster_managed_elements.api.client import ClientOptions, open_client
from dagster_managed_elements.api.requests import Anonymous, Basic, Credentials
from dagster_managed_elements.engine.elements import Secret, plain, reveal
from dagster_managed_elements.engine.errors import DeclarationError
from dagster_managed_elements.engine.kinds import Instance, Session, Settings
from dagster_managed_elements.engine.reconciler import Reconciler


@dataclass(frozen=True, kw_only=True)
class AirbyteInstance(Instance):
    """One workspace of one Airbyte.

    *url* is where its UI is, such as `http://localhost:8000`. *workspace* is an id or a name; it may be left out
    where there is only one. *username* and *password* are for HTTP Basic authentication; a *password* may be a
    `Secret`, an `EnvVar` or Dagster's. *headers* go with every request. *request_timeout* is in seconds, for
    one attempt; *verify* is False or the path of a certificate authority's file where the default will not do.
    """

    url: str
    workspace: str | None = None
    username: str | None = None
    password: str | Secret | None = field(default=None, repr=False)
    headers: tuple[tuple[str, str | Secret], ...] | Mapping[str, str | Secret] = field(default=(), repr=False)
    request_timeout: float | None = None
    max_attempts: int = 5
    verify: bool | str = True
    trust_env: bool = True

    def __post_init__(self) -> None:
        # Frozen and hashable whatever was given, so that reconcilers of one instance share one connection.
        object.__setattr__(self, "password", plain(self.password))
        object.__setattr__(self, "headers", tuple(plain(dict(self.headers)).items()))

    @asynccontextmanager
    async def connect(self, settings: Settings) -> AsyncGenerator[Session]:
        options = ClientOptions(
            base_url=self.url,
            headers={name: str(value) for name, value in reveal(dict(self.headers)).items()},
            credentials=self._credentials(),
            timeout=self.request_timeout or settings.timeout,
            attempts=self.max_attempts,
            verify=self.verify,
            trust_env=self.trust_env,
            in_flight=settings.concurrency,
            service="Airbyte",
        )
        async with open_client(options) as client:
            gateway = await open_gateway(client, self.workspace)
            base = client.address.base
            place = f"{base} workspace {gateway.workspace.name} ({gateway.workspace.workspace_id})"
            yield Session(place=place, kinds=kinds_of(gateway), host=client.address.host)

    def _credentials(self) -> Credentials:
        if self.username is None:
            return Anonymous()
        return Basic(self.username, str(reveal(self.password or "")))


@runtime_checkable
class AirbyteResourceLike(Protocol):
    """A Dagster resource that says which instance it stands for, once Dagster has resolved its configuration."""

    def airbyte_instance(self) -> AirbyteInstance: ...


@dataclass(frozen=True, eq=False)
class DeferredInstance(Instance):
    """An instance whose address is known only when it is needed: a resource configured from the environment."""

    resource: AirbyteResourceLike

    @asynccontextmanager
    async def connect(self, settings: Settings) -> AsyncGenerator[Session]:
        async with self.resource.airbyte_instance().connect(settings) as session:
            yield session


class AirbyteManagedElementReconciler(Reconciler):
    """What a module exposes for `dagster-me`: connections, with their sources and destinations, at an Airbyte.

    *airbyte* is an `AirbyteInstance`, a configured `airbyte_resource` or an `AirbyteResource`. Sources and
    destinations may be given in *elements* without a connection. With *delete_unmentioned_resources* whatever
    else is in the workspace is deleted, once the user has agreed.
    """

    def __init__(
        self,
        airbyte: Any,
        connections: Sequence[AirbyteConnection] = (),
        delete_unmentioned_resources: bool = False,  # noqa: FBT001, FBT002 - upstream's third positional parameter
        *,
        elements: Sequence[AirbyteSource | AirbyteDestination] = (),
    ) -> None:
        super().__init__(
            _instance(airbyte),
            (*elements, *connections),
            delete_unmentioned_resources=delete_unmentioned_resources,
        )


def _instance(airbyte: Any) -> Instance:
    if isinstance(airbyte, Instance):
        return airbyte
    if isinstance(airbyte, AirbyteResourceLike):
        return DeferredInstance(airbyte)
    text = f"airbyte= wants an AirbyteInstance, airbyte_resource or AirbyteResource, not {type(airbyte).__name__}"
    raise DeclarationError(text)
